"""Presets of projects on a real Postgres: made, used, changed by one at a time, walled, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from api.projects.option_presets import MAX_PRESETS
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world

PATH = "/v1/project-presets"
OPTIONS = {"max_clips": 5, "language": "en", "aspects": ["9:16", "1:1"]}


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def _make(world: World, name: str = "Weekly talk", **options: Any) -> dict[str, Any]:
    answer = await world.ann.client.post(PATH, json={"name": name, "options": options or OPTIONS})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/{answer.json()['preset_id']}"
    return answer.json() | {"etag": answer.headers["etag"]}


async def test_a_project_is_made_with_the_options_of_a_preset(world: World) -> None:
    preset = await _make(world)
    await _make(world, "another")
    assert (preset["version"], preset["etag"], preset["actor"]["kind"]) == (1, '"preset-1"', "key")
    read = (await world.ann.client.get(f"{PATH}/{preset['preset_id']}")).json()
    assert read["options"]["max_clips"] == 5
    assert [item["name"] for item in (await world.ann.client.get(PATH)).json()["items"]] == ["another", "Weekly talk"]
    source = {"source_url": "https://video.example/talk.mp4", "options": read["options"]}
    project = (await world.ann.client.post("/v1/projects", json=source)).json()["project_id"]
    assert (await world.ann.client.delete(f"{PATH}/{preset['preset_id']}")).status_code == 204
    assert (await world.ann.client.get(f"{PATH}/{preset['preset_id']}")).status_code == 404
    made = (await world.ann.client.get(f"/v1/projects/{project}")).json()["options"]
    assert made == read["options"], "what was made keeps its own copy"


async def test_of_changes_at_once_one_wins_the_rest_learn_the_version(world: World) -> None:
    preset = await _make(world)
    path, held = f"{PATH}/{preset['preset_id']}", {"If-Match": preset["etag"]}
    changes = [world.ann.client.patch(path, json={"name": f"Name {number}"}, headers=held) for number in range(4)]
    answers = await asyncio.gather(*changes)
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    late = next(answer for answer in answers if answer.status_code == 412)
    assert (late.json()["code"], late.headers["etag"]) == ("preset-changed", '"preset-2"')
    assert (await world.ann.client.patch(path, json={"name": "x"})).status_code == 428
    same = await world.ann.client.patch(path, json={"options": preset["options"]}, headers={"If-Match": "*"})
    assert same.json()["version"] == 2
    other = await world.ann.client.patch(path, json={"options": {"max_clips": 1}}, headers={"If-Match": "*"})
    assert (other.json()["version"], other.json()["options"]["max_clips"]) == (3, 1)
    assert other.json()["options"]["language"] is None, "options are replaced as a whole"


async def test_a_name_is_taken_once_in_any_case(world: World) -> None:
    first, second = await _make(world, "Talk"), await _make(world, "Other")
    again = await world.ann.client.post(PATH, json={"name": "tALK", "options": {}})
    assert (again.status_code, again.json()["code"]) == (409, "preset-name-taken")
    path = f"{PATH}/{second['preset_id']}"
    renamed = await world.ann.client.patch(path, json={"name": "TALK"}, headers={"If-Match": "*"})
    assert renamed.json()["code"] == "preset-name-taken"
    own = await world.ann.client.patch(f"{PATH}/{first['preset_id']}", json={"name": "TALK"}, headers={"If-Match": "*"})
    assert own.json()["name"] == "TALK"
    at_once = [world.ann.client.post(PATH, json={"name": "Once", "options": {}}) for _ in range(4)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*at_once)) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": " Talk", "options": {}}, "/name"),
        ({"name": "", "options": {}}, "/name"),
        ({"name": "Talk", "options": {"min_clip_ms": 60_000, "max_clip_ms": 15_000}}, "/options/max_clip_ms"),
        ({"name": "Talk", "options": {"export": {"brand": {"kit_id": str(uuid4())}}}}, "/options/export/brand/kit_id"),
    ],
)
async def test_options_that_no_project_could_have_are_refused(world: World, body: Any, pointer: str) -> None:
    answer = await world.ann.client.post(PATH, json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_presets_are_walled_and_counted(world: World) -> None:
    preset = await _make(world)
    assert (await world.bob.client.get(PATH)).json()["items"] == []
    assert (await world.bob.client.post(PATH, json={"name": "Weekly talk", "options": {}})).status_code == 201
    path = f"{PATH}/{preset['preset_id']}"
    assert (await world.bob.client.delete(path)).status_code == 404
    for number in range(MAX_PRESETS - 1):
        await _make(world, f"Preset {number}")
    full = await world.ann.client.post(PATH, json={"name": "One more", "options": {}})
    assert (full.status_code, full.json()["code"]) == (409, "limit-reached")
    entries = (await world.ann.client.get("/v1/audit", params={"limit": 1, "operation": "createProjectPreset"})).json()
    assert entries["items"][0]["target_kind"] == "preset"
