"""Aliases for programs that call each step, and orders of clips, on a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from tests.contract.rigs.api_world import World, new_project, open_world


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


@pytest.mark.parametrize("step", ["ingest", "detect"])
async def test_a_step_of_a_project_at_work_says_how_it_is(world: World, step: str) -> None:
    project_id = await new_project(world.ann)
    answer = await world.ann.client.post(f"/v1/projects/{project_id}/{step}")
    assert (answer.status_code, answer.json()["state"], answer.json()["stages"]) == (202, "queued", [])
    assert answer.headers["location"] == f"/v1/projects/{project_id}"
    assert 'rel="successor-version"' in answer.headers["link"]
    assert (await world.bob.client.post(f"/v1/projects/{project_id}/{step}")).status_code == 404
    assert (await world.ann.client.post(f"/v1/projects/{uuid4()}/{step}")).status_code == 404


async def test_clips_have_three_orders(world: World) -> None:
    project_id = await new_project(world.ann)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        for ordinal, (score, start_ms) in enumerate([(50.0, 9_000), (80.0, 5_000), (10.0, 1_000)], start=1):
            await rows.execute(
                """insert into clips (org_id, project_id, clip_id, ordinal, start_ms, end_ms, score, confidence, title,
                     reason, signals)
                   values ($1, $2, $3, $4, $5::bigint, $5::bigint + 4000, $6, 0.5, '', '', '[]')""",
                world.ann.org_id, project_id, uuid4(), ordinal, start_ms, score,
            )  # fmt: skip

    async def ordinals(**query: str) -> list[int]:
        answer = await world.ann.client.get(f"/v1/projects/{project_id}/clips", params=query)
        assert answer.status_code == 200, answer.text
        return [item["ordinal"] for item in answer.json()["items"]]

    assert await ordinals() == await ordinals(order="best") == [1, 2, 3]
    assert await ordinals(order="score") == [2, 1, 3]
    assert await ordinals(order="time") == [3, 2, 1]
