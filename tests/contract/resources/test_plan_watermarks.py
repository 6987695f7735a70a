"""Files of clips under a plan with a watermark: marked, and never handed to a plan without one, or the reverse."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from core.infra.postgres.connection import set_org
from core.settings import Settings
from tests.contract.rigs.api_world import URL, World, new_clip, new_project, open_world

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def set_plan(world: World, plan: str | None) -> None:
    answer = await world.ann.client.patch(f"/v1/admin/organisations/{world.ann.org_id}/plan", json={"plan": plan})
    assert answer.status_code == 200, answer.text


async def export_of(world: World, clip_id: UUID) -> dict[str, Any]:
    answer = await world.ann.client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"})
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


async def test_an_upgrade_makes_new_files_without_the_mark(world: World) -> None:
    clip_id = await new_clip(world, world.ann, await new_project(world.ann))
    made = []
    for plan in ("free", "free", "pro", "free", None):
        await set_plan(world, plan)
        export = await export_of(world, clip_id)
        assert export["watermark"] is (plan == "free")
        made.append(export["export_id"])
    marked, marked_again, plain, marked_later, plain_later = made
    assert marked == marked_again == marked_later != plain == plain_later
    async with world.owner.transaction():
        await set_org(world.owner, world.ann.org_id)
        rows = await world.owner.fetch("select payload from outbox where org_id = $1", world.ann.org_id)
    bodies = [json.loads(row["payload"]) for row in rows]
    assert [body["rendition"]["watermark"] for body in bodies if "rendition" in body] == [True, False]


async def test_a_project_is_reused_only_under_a_plan_that_marks_alike(world: World) -> None:
    await set_plan(world, "free")
    first = await world.ann.client.post("/v1/projects", json=URL | {"reuse": True})
    project_id = UUID(first.json()["project_id"])
    clip_id = await new_clip(world, world.ann, project_id)
    async with world.owner.transaction():
        await set_org(world.owner, world.ann.org_id)
        await export_of(world, clip_id)
        await world.owner.execute("update projects set state = 'completed' where project_id = $1", project_id)
        await world.owner.execute("update exports set automatic = true where project_id = $1", project_id)
    for plan, same in (("free", True), ("pro", False)):
        await set_plan(world, plan)
        answer = await world.ann.client.post("/v1/projects", json=URL | {"reuse": True})
        assert (answer.json()["project_id"] == str(project_id)) is same, answer.text
