"""What operators see of the installation, and what needs attention, on a real Postgres and a real Kafka."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.organisation.attention import of_quota
from api.organisation.overview import topics_of_groups
from core.infra.postgres.connection import org_transaction
from core.services.billing.quotas import read_quota
from core.settings import Settings
from core.storage.billing.usage import add_usage
from core.storage.organisation.erasures import request_erasure
from schemas.stages import STAGES
from tests.contract.rigs.api_world import World, client_of, new_clip, new_letter, new_project, open_world

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def overview(world: World) -> dict[str, Any]:
    answer = await world.ann.client.get("/v1/admin/overview")
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def test_operators_alone_see_the_work_of_all_organisations(world: World) -> None:
    before = await overview(world)
    await new_project(world.ann)
    await new_project(world.bob)
    await new_letter(world, world.ann)
    after = await overview(world)
    assert after["projects"]["queued"] == before["projects"]["queued"] + 2
    waiting = [{lane["lane"]: lane["waiting"] for lane in seen["lanes"]}["ingest"] for seen in (before, after)]
    assert waiting[1] == waiting[0] + 2
    assert after["dead_letters"]["open"] == before["dead_letters"]["open"] + 1
    assert [stage["stage"] for stage in after["stages"]] == list(STAGES)
    assert after["versions"]["postgres"]
    assert after["versions"]["kafka"] is None
    assert (await world.bob.client.get("/v1/admin/overview")).status_code == 403


async def test_an_unknown_lag_comes_with_the_reason(world: World) -> None:
    seen = await overview(world)
    assert seen["lag"] is None
    assert seen["lag_unknown"] == "Kafka does not answer."


def test_every_stage_and_sink_has_its_topics() -> None:
    groups = topics_of_groups()
    assert groups["clipstream-render"] == ["renders.v1"]
    assert set(groups) == {f"clipstream-{stage}" for stage in STAGES} | {
        "clipstream.sink.clickhouse",
        "clipstream.sink.meilisearch",
    }
    assert all(groups.values())


async def attention(client: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/attention")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _break(world: World) -> tuple[UUID, UUID]:
    """A project that failed, an export of another that did, an endpoint that was disabled."""
    failed, kept = await new_project(world.ann), await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, kept)
    export = (await world.ann.client.post(f"/v1/clips/{clip_id}/export", json={})).json()["export_id"]
    hook = {"url": "https://hook.example/secret-path", "events": ["*"]}
    endpoint = (await world.ann.client.post("/v1/webhooks/endpoints", json=hook)).json()["endpoint_id"]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            """update projects set state = 'failed', failure_detail = 'It is broken.', finished_at = now()
               where project_id = $1""",
            failed,
        )
        await rows.execute(
            "update exports set state = 'failed', failure_detail = 'No.', finished_at = now() where export_id = $1",
            UUID(export),
        )
        await rows.execute(
            "update webhook_endpoints set disabled_at = now(), disabled_reason = 'gone' where endpoint_id = $1",
            UUID(endpoint),
        )
    return failed, UUID(export)


async def test_what_failed_or_was_disabled_needs_attention(world: World) -> None:
    assert await attention(world.ann.client) == []
    failed, export = await _break(world)
    items = await attention(world.ann.client)
    by_kind = {item["kind"]: item for item in items}
    assert set(by_kind) == {"project.failed", "export.failed", "endpoint.disabled"}
    assert by_kind["project.failed"]["project_id"] == str(failed)
    assert by_kind["project.failed"]["sentence"] == "The project “A talk” failed: It is broken."
    assert by_kind["export.failed"]["export_id"] == str(export)
    assert "hook.example" in by_kind["endpoint.disabled"]["sentence"]
    assert "secret-path" not in by_kind["endpoint.disabled"]["sentence"]
    assert await attention(world.bob.client) == []
    weak = (await world.ann.client.post("/v1/keys", json={"name": "x", "scopes": ["webhooks:read"]})).json()["key"]
    assert [item["kind"] for item in await attention(client_of(world.app, weak))] == ["endpoint.disabled"]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        old = dt.datetime.now(dt.UTC) - dt.timedelta(days=8)
        await rows.execute("update projects set finished_at = $1 where state = 'failed'", old)
        await rows.execute("update exports set finished_at = $1 where state = 'failed'", old)
    assert [item["kind"] for item in await attention(world.ann.client)] == ["endpoint.disabled"]


async def test_limits_that_are_near_and_an_erasure_need_attention(world: World) -> None:
    await world.ann.client.patch(f"/v1/admin/organisations/{world.bob.org_id}/plan", json={"plan": "free"})
    project_id = await new_project(world.bob)
    async with org_transaction(world.worker, world.bob.org_id) as rows:
        now = dt.datetime.now(dt.UTC)
        for minutes, kind in ((54, "quota.near"), (6, "quota.reached")):
            await add_usage(
                rows, world.bob.org_id, uuid4(), "source_ms", minutes * 60_000, project_id=project_id, at=now
            )
            quota = await read_quota(rows, world.app.state.context.settings, world.bob.org_id, now)
            (item,) = of_quota(quota)
            assert item.kind == kind
            assert "60 minutes" in item.sentence
    async with org_transaction(world.api, world.bob.org_id) as rows:
        await request_erasure(rows, world.bob.org_id, uuid4(), actor="user:x", grace_until=now + dt.timedelta(days=7))
    assert {item["kind"] for item in await attention(world.bob.client)} == {"quota.reached", "erasure.scheduled"}
