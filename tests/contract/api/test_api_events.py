"""Live events of a project on a real Postgres: resumed, ended, and closed with their key."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.settings import Settings
from schemas.stages import PROJECT_STAGES
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.support.progress import HANG_S, await_while_moving


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def until_followed(world: World, project_id: UUID, count: int = 1) -> None:
    """Return once this many streams of the project's events are open."""

    async def followed() -> bool:
        return len(world.listeners._waiting.get(project_id, ())) == count

    await await_while_moving(followed, "an open stream", every_s=0.01)


async def test_events_are_followed_resumed_and_ended(world: World) -> None:
    project_id = await new_project(world.ann)
    cause = Cause(input_id=project_id, source="test", now=dt.datetime.now(dt.UTC))
    path = f"/v1/projects/{project_id}/events"
    following = asyncio.create_task(world.ann.client.get(path))
    await until_followed(world, project_id)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await project_lifecycle.start_stage(rows, world.ann.org_id, project_id, "ingest", cause)
    world.listeners.wake(project_id)
    await asyncio.sleep(0.1)
    assert not following.done()
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await project_lifecycle.lock_project(rows, world.ann.org_id, project_id)
        await project_lifecycle.fail_project(
            rows, world.ann.org_id, project_id, "media.corrupt", "It is broken.", cause
        )
    world.listeners.wake(project_id)
    response = await asyncio.wait_for(following, HANG_S)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.text.count("event: project.progressed") == 1 + len(PROJECT_STAGES)
    assert response.text.count('"state":"skipped"') == len(PROJECT_STAGES) - 1
    assert "event: project.failed" in response.text
    assert str(world.ann.org_id) not in response.text
    last = [line for line in response.text.splitlines() if line.startswith("id:")][-1].split()[1]
    rest = await world.ann.client.get(path, headers={"Last-Event-ID": str(int(last) - 1)})
    assert "project.progressed" not in rest.text
    assert "project.failed" in rest.text
    done = await world.ann.client.get(path, headers={"Last-Event-ID": last})
    assert done.status_code == 204


async def test_a_key_has_a_limit_of_concurrent_followers(world: World) -> None:
    project_id = await new_project(world.ann)
    path = f"/v1/projects/{project_id}/events"
    following = [asyncio.create_task(world.ann.client.get(path)) for _ in range(2)]
    await until_followed(world, project_id, count=2)
    refused = await world.ann.client.get(path)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    again = asyncio.create_task(world.ann.client.get(path))
    await until_followed(world, project_id)
    assert not again.done(), "the places of those that left are free"
    await world.ann.client.delete(path.removesuffix("/events"))
    world.listeners.wake(project_id)
    assert (await asyncio.wait_for(again, HANG_S)).status_code == 200


async def test_a_stream_ends_when_its_key_is_revoked(world: World) -> None:
    """A stream lasts as long as its project, so it must end earlier if its key is revoked."""
    project_id = await new_project(world.ann)
    following = asyncio.create_task(world.ann.client.get(f"/v1/projects/{project_id}/events"))
    await until_followed(world, project_id)
    await world.owner.execute("update api_keys set revoked_at = now() where key_id = $1", world.ann.key_id)
    cause = Cause(input_id=project_id, source="test", now=dt.datetime.now(dt.UTC))
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await project_lifecycle.start_stage(rows, world.ann.org_id, project_id, "ingest", cause)
    world.listeners.wake(project_id)
    response = await asyncio.wait_for(following, HANG_S)
    assert response.status_code == 200
    assert "project.progressed" not in response.text


async def test_a_head_request_is_answered_at_once(world: World) -> None:
    path = f"/v1/projects/{await new_project(world.ann)}/events"
    head = await asyncio.wait_for(world.ann.client.head(path), HANG_S)
    assert (head.status_code, head.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
