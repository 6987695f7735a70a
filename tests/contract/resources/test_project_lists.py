"""Projects by tag, title and URL, and one project for one source, on a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.domain.estimates import EstimatedSource, Range, default_rates, estimate
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from core.storage.costs import add_costs
from schemas.costs import CostItem, PriceList
from tests.contract.rigs.api_world import Tenant, World, new_clip, open_world

TALK = {"source_url": "https://video.example/talk.mp4"}


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def _create(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.client.post("/v1/projects", json=TALK | fields)
    assert answer.status_code in (200, 202), answer.text
    return {"status": answer.status_code, **answer.json()}


async def _titles(tenant: Tenant, **query: str) -> list[str]:
    answer = await tenant.client.get("/v1/projects", params=query)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


async def test_projects_are_listed_by_tag_title_and_url(world: World) -> None:
    await _create(world.ann, title="Talk 100% done", tags=["  podcast ", "podcast", "Season 2"])
    await _create(world.ann, title="Another TALK", tags=["podcast"])
    await _create(world.ann, title="Music", source_url="https://video.example/song.mp4")
    await _create(world.bob, title="A talk of Bob's", tags=["podcast"])
    assert await _titles(world.ann, tag="podcast") == ["Another TALK", "Talk 100% done"]
    assert await _titles(world.ann, tag="Season 2") == ["Talk 100% done"]
    assert await _titles(world.ann, tag="season 2") == []
    assert await _titles(world.ann, q="talk") == ["Another TALK", "Talk 100% done"]
    assert await _titles(world.ann, q="0% d") == ["Talk 100% done"]
    assert await _titles(world.ann, q="_") == await _titles(world.ann, q="\\") == []
    assert await _titles(world.ann, source_url="https://video.example/song.mp4") == ["Music"]


async def test_a_cursor_of_one_tag_is_none_of_another(world: World) -> None:
    for title in ("One", "Two"):
        await _create(world.ann, title=title, tags=["a", "b"])
    page = (await world.ann.client.get("/v1/projects", params={"tag": "a", "limit": "1"})).json()
    cursor = page["next_cursor"]
    answers = [
        (await world.ann.client.get("/v1/projects", params={"tag": tag, "limit": "1", "cursor": cursor})).status_code
        for tag in ("a", "b")
    ]
    assert answers == [200, 400]


async def test_tags_are_changed_by_a_patch_and_counted_as_a_revision(world: World) -> None:
    project_id = (await _create(world.ann, tags=["old"]))["project_id"]
    path = f"/v1/projects/{project_id}"
    etag = (await world.ann.client.get(path)).headers["etag"]
    changed = await world.ann.client.patch(path, json={"tags": ["new", " new"]}, headers={"If-Match": etag})
    assert (changed.json()["tags"], changed.json()["revision"]) == (["new"], 2)
    same = await world.ann.client.patch(path, json={"tags": ["new"]}, headers={"If-Match": "*"})
    assert same.json()["revision"] == 2
    none = await world.ann.client.patch(path, json={"tags": None}, headers={"If-Match": "*"})
    assert none.json()["tags"] == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"tags": ["fine", " "]}, "/tags/1"),
        ({"tags": ["a\u0007"]}, "/tags/0"),
        ({"tags": ["x"] * 21}, "/tags"),
        ({"tags": ["x" * 41]}, "/tags/0"),
    ],
)
async def test_a_wrong_tag_is_a_422_that_names_it(world: World, fields: dict[str, Any], pointer: str) -> None:
    answer = await world.ann.client.post("/v1/projects", json=TALK | fields)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_the_same_source_and_options_are_one_project(world: World) -> None:
    first = await _create(world.ann, reuse=True)
    again = await _create(world.ann, reuse=True, title="Another title")
    assert (first["status"], first["reused"], again["status"], again["reused"]) == (202, False, 200, True)
    assert again["project_id"] == first["project_id"]
    other = await _create(world.ann, reuse=True, options={"max_clips": 3})
    plain = await _create(world.ann)
    foreign = await _create(world.bob, reuse=True)
    assert len({first["project_id"], other["project_id"], plain["project_id"], foreign["project_id"]}) == 4


async def test_a_failed_or_erased_project_is_not_used_again(world: World) -> None:
    first = await _create(world.ann, reuse=True)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update projects set state = 'failed' where project_id = $1::uuid", first["project_id"])
    second = await _create(world.ann, reuse=True)
    assert not second["reused"]
    assert (await world.ann.client.delete(f"/v1/projects/{second['project_id']}")).status_code == 202
    assert not (await _create(world.ann, reuse=True))["reused"]


async def test_requests_at_the_same_time_make_one_project(world: World) -> None:
    answers = await asyncio.gather(*(_create(world.ann, reuse=True) for _ in range(20)))
    assert len({answer["project_id"] for answer in answers}) == 1
    assert sorted(answer["reused"] for answer in answers) == [False] + [True] * 19


async def test_reuse_without_a_url_is_refused(world: World) -> None:
    body = {"upload_id": "00000000-0000-4000-8000-000000000001", "reuse": True}
    answer = await world.ann.client.post("/v1/projects", json=body)
    assert answer.status_code == 422
    assert "/reuse" in [error["pointer"] for error in answer.json()["errors"]]


async def test_a_card_shows_progress_cost_time_left_and_a_picture(world: World) -> None:
    project_id = UUID((await _create(world.ann, title="Card"))["project_id"])
    other = UUID((await _create(world.ann, title="Fresh", source_url="https://video.example/b.mp4"))["project_id"])
    clip_id = await new_clip(world, world.ann, project_id)
    estimated = estimate(EstimatedSource(media_ms=600_000, megapixels=2.0), default_rates(), [], PriceList(), {})
    estimated = msgspec.structs.replace(
        estimated,
        elapsed_ms=Range(expected=10_000.0, low=5_000.0, high=20_000.0),
        stages=[msgspec.structs.replace(estimated.stages[0], stage=name) for name in ("ingest", "listen")],
    )
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            "update projects set state = 'running', started_at = now(), estimate = $2, warnings = '{one}' "
            "where project_id = $1",
            project_id,
            estimated,
        )
        for stage, state, percent in (("ingest", "done", 100), ("listen", "running", 50)):
            await rows.execute(
                "update project_stages set state = $3, percent = $4 where project_id = $1 and stage = $2",
                project_id,
                stage,
                state,
                percent,
            )
        await add_costs(
            rows, world.ann.org_id, project_id, "ingest", [CostItem(kind="cpu_ms", amount=5, money=0.25)], "EUR"
        )
        await add_costs(
            rows, world.ann.org_id, project_id, "listen", [CostItem(kind="cpu_ms", amount=5, money=0.5)], "EUR"
        )
        files = {"video": {"key": "video"}, "thumbnail": {"key": "picture.jpg"}}
        await rows.execute(
            """insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms,
                                    automatic, state, files)
               values ($1, $2, $3, $4, 0, '9:16', true, 0, 1000, true, 'done', $5)""",
            world.ann.org_id,
            uuid4(),
            project_id,
            clip_id,
            files,
        )
    fresh, card = (await world.ann.client.get("/v1/projects")).json()["items"]
    whole = (await world.ann.client.get(f"/v1/projects/{project_id}")).json()
    assert {name: card[name] for name in ("percent", "clip_count", "failure")} == {
        name: whole[name] for name in ("percent", "clip_count", "failure")
    }
    assert (card["stage"], card["warnings"], card["clip_count"]) == ("listen", 1, 1)
    assert card["stages"] == [
        {name: stage[name] for name in ("stage", "state", "percent")} for stage in whole["stages"]
    ]
    assert card["cost"] == {"currency": "EUR", "money": 0.75}
    assert card["time_left"] == {"expected": 2500.0, "low": 1250.0, "high": 5000.0}
    assert "picture.jpg" in card["thumbnail_url"]
    assert card["thumbnail_expires_at"]
    assert fresh["project_id"] == str(other)
    nothing = ("stage", "time_left", "failure", "thumbnail_url", "thumbnail_expires_at")
    assert [fresh[name] for name in nothing] == [None] * 5
    assert (fresh["percent"], fresh["cost"]) == (0, {"currency": "", "money": None})
    assert (await world.bob.client.get("/v1/projects")).json()["items"] == []


async def test_oldest_first_pages_the_other_way(world: World) -> None:
    for title in ("One", "Two", "Three"):
        await _create(world.ann, title=title)
    page = (await world.ann.client.get("/v1/projects", params={"order": "oldest", "limit": "2"})).json()
    assert [item["title"] for item in page["items"]] == ["One", "Two"]
    assert await _titles(world.ann, order="oldest", cursor=page["next_cursor"]) == ["Three"]
    answer = await world.ann.client.get("/v1/projects", params={"cursor": page["next_cursor"]})
    assert answer.json()["code"] == "cursor-invalid"
