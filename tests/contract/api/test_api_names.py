"""Abbreviated ids and cancelled projects on a real Postgres: matches, organisations, ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from api.search.abbreviated_ids import MAX_IDS, id_range
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from tests.contract.rigs.api_world import World, new_clip, new_project, open_world, outbox


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


@pytest.mark.parametrize("digits", ["0b8e", "0B8E-6", "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"])
def test_a_range_holds_the_ids_that_start_with_the_digits(digits: str) -> None:
    first, last = id_range(digits)
    known = digits.replace("-", "").lower()
    assert first.hex.startswith(known)
    assert last.hex.startswith(known)
    if len(known) < 32:
        assert UUID(int=first.int - 1).hex[: len(known)] != known != UUID(int=last.int + 1).hex[: len(known)]


async def test_first_digits_find_the_callers_own_resources(world: World) -> None:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    for kind, full in (("project", project_id), ("clip", clip_id)):
        for digits in (str(full), str(full)[:13], full.hex[:12].upper()):
            found = (await world.ann.client.get("/v1/ids", params={"starts_with": digits})).json()["items"]
            assert {"kind": kind, "id": str(full)} in found
        named = (await world.ann.client.get("/v1/ids", params={"starts_with": str(full)[:13], "kind": "asset"})).json()
        assert named == {"items": []}
        theirs = await world.bob.client.get("/v1/ids", params={"starts_with": str(full)})
        assert theirs.json() == {"items": []}


async def test_many_matches_are_cut(world: World) -> None:
    project_id = await new_project(world.ann)
    start = uuid4().hex[:20]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        for number in range(MAX_IDS + 3):
            await rows.execute(
                """insert into clips (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title,
                     reason, signals) values ($1, $2, $3, $4, 0, 9000, 1, 1, 'T', 'R', '[]'::jsonb)""",
                world.ann.org_id, UUID(f"{start}{number:012x}"), project_id, number,
            )  # fmt: skip
    found = (await world.ann.client.get("/v1/ids", params={"starts_with": start})).json()["items"]
    assert [one["id"][-2:] for one in found] == [f"{number:02x}" for number in range(MAX_IDS)]


@pytest.mark.parametrize("digits", ["0b8", "xyz1", "0b8e'--", "", "0" * 37])
async def test_a_prefix_that_is_not_hexadecimal_is_refused(world: World, digits: str) -> None:
    answer = await world.ann.client.get("/v1/ids", params={"starts_with": digits})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?starts_with"


async def test_a_cancelled_project_stays_and_says_so_once(world: World) -> None:
    project_id = await new_project(world.ann)
    path = f"/v1/projects/{project_id}"
    assert (await world.bob.client.post(f"{path}/cancel")).status_code == 404
    for _ in range(2):
        answer = await world.ann.client.post(f"{path}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    shown = (await world.ann.client.get(path)).json()
    assert shown["state"] == "cancelled"
    assert {stage["state"] for stage in shown["stages"]} == {"skipped"}
    told = [str(row["headers"]) for row in await outbox(world, world.ann) if row["project_id"] == project_id]
    assert len([headers for headers in told if "ProjectCancelled" in headers]) == 1
    assert (await world.ann.client.delete(path)).status_code == 202
    assert (await world.ann.client.post(f"{path}/cancel")).status_code == 410


async def test_a_project_that_has_ended_cannot_be_cancelled(world: World) -> None:
    project_id = await new_project(world.ann)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update projects set state = 'completed' where project_id = $1", project_id)
    answer = await world.ann.client.post(f"/v1/projects/{project_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "project-ended")
