"""Clips of any range or moment that people request, once each, on a real Postgres; refusals name the reason."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from schemas.common import ObjectRef, TimeRange
from schemas.documents import encode_document
from schemas.documents.moments import Moment, MomentList, NearMoment, Shortfall, SubScore
from schemas.events import ClipRequested
from schemas.ids import result_id
from schemas.options.curation import CLIP_MS
from schemas.options.project import ProjectOptions
from tests.contract.rigs.api_world import World, new_clip, new_project, open_store, open_world, outbox
from tests.contract.rigs.servers import Server

LENGTH_MS = 300_000
MOMENT = Moment(
    id=str(uuid.UUID(int=77)), range=TimeRange(start_ms=50_000, end_ms=80_000), score=39.4, confidence=0.7,
    title="So near",
    reason="A question.", signals=[SubScore(name="hook", value=0.4, weight=1.0, evidence=[])], selected=False,
    hook="Why?", description="It asks why.", hashtags=["#why"],
)  # fmt: skip


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "own-clips") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, store: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=store) as opened:
        yield opened


async def finished(world: World, store: S3Objects, *, state: str = "completed", **fields: Any) -> UUID:
    """A scored project without a clip: one moment, just below the bar."""
    project_id = await new_project(world.ann)
    ref = ObjectRef(key=f"{world.ann.org_id}/{project_id}/source", sha256="0" * 64, size=1)
    listed = await store.put(
        f"{world.ann.org_id}/{project_id}/moments/x", encode_document(MomentList(moments=[MOMENT])), "application/json"
    )
    known = {"state": state, "duration_ms": LENGTH_MS, "height_px": 720, "source": ref, "source_index": ref} | fields
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        for name, value in known.items():
            await rows.execute(f"update projects set {name} = $2 where project_id = $1", project_id, value)
        await rows.execute("update project_stages set state = 'done' where project_id = $1", project_id)
        await rows.execute(
            "insert into moments (org_id, project_id, object, candidate_count) values ($1, $2, $3, 1)",
            world.ann.org_id, project_id, listed,
        )  # fmt: skip
        await rows.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               values ($1, $2, 1, $3, 'en', 5)""",
            world.ann.org_id, project_id, ref,
        )  # fmt: skip
    return project_id


async def requests(world: World) -> list[ClipRequested]:
    sent = [row for row in await outbox(world, world.ann) if row["headers"]["ce_type"] == "clipstream.ClipRequested"]
    return [msgspec.json.decode(row["payload"], type=ClipRequested) for row in sent]


async def test_a_project_without_clips_takes_a_requested_clip(world: World, store: S3Objects) -> None:
    project_id = await finished(world, store, nothing_found_reason="nothing is good enough")
    path, wish = f"/v1/projects/{project_id}/clips", {"start_ms": 12_000, "end_ms": 47_500, "title": " My \n title "}
    headers = {"Idempotency-Key": str(uuid4())}
    first, again = [await world.ann.client.post(path, json=wish, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code, first.content) == (202, 202, again.content)
    clip = first.json()
    assert first.headers["location"] == f"/v1/clips/{clip['clip_id']}"
    assert clip["clip_id"] == str(result_id(project_id, "clip", "12000-47500")), "the same wish, the same clip"
    assert (clip["title"], clip["made_by"], clip["ordinal"]) == ("My title", "person", 0)
    assert (clip["score"], clip["confidence"], clip["signals"]) == (None, None, []), "no score is made up"
    assert (await world.ann.client.get(first.headers["location"])).json() == clip
    (event,) = await requests(world)
    (export,) = clip["exports"]
    assert (str(event.clip_id), str(event.export_id), event.ordinal) == (clip["clip_id"], export["export_id"], 0)
    assert (event.rendition.range, event.rendition.transcript_version) == (TimeRange(start_ms=12_000, end_ms=47_500), 1)
    assert (export["automatic"], export["state"], export["number"], export["edit_version"]) == (
        False, "waiting", 1, 1,
    )  # fmt: skip
    read = (await world.ann.client.get(f"/v1/exports/{export['export_id']}")).json()
    asked = (await world.ann.client.post(f"/v1/clips/{clip['clip_id']}/export", json={})).json()
    assert asked == read, "the usual file, asked for as an export, is the one that is being made"
    project = (await world.ann.client.get(f"/v1/projects/{project_id}")).json()
    assert (project["state"], project["clip_count"]) == ("completed", 1)


async def test_a_project_that_found_nothing_leads_to_a_clip(world: World, store: S3Objects) -> None:
    """The project names the nearest moments and what they lacked; one becomes a clip."""
    project_id = await finished(world, store, nothing_found_reason="nothing is good enough")
    short = Shortfall(what="score", told="It scores 39.4 of 100, where 40 are needed.", value=39.4, needed=40.0)
    near = NearMoment(moment_id=MOMENT.id, start_ms=50_000, end_ms=80_000, score=39.4, lacks=[short], title="So near")
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update moments set nearest = $2 where project_id = $1", project_id, [near])
    project = (await world.ann.client.get(f"/v1/projects/{project_id}")).json()
    assert project["nearest"] == msgspec.to_builtins([near])
    served = (await world.ann.client.get(f"/v1/projects/{project_id}/moments")).json()["moments"]
    assert [(one["id"], one["score"], len(one["signals"])) for one in served] == [(MOMENT.id, 39.4, 1)]
    wish = {"moment_id": project["nearest"][0]["moment_id"]}
    taken = await world.ann.client.post(f"/v1/projects/{project_id}/clips", json=wish)
    assert (taken.status_code, taken.json()["score"]) == (202, 39.4)
    fresh = (await world.ann.client.get(f"/v1/projects/{await new_project(world.ann)}")).json()
    assert fresh["nearest"] == []


async def test_the_same_request_returns_the_existing_clip(world: World, store: S3Objects) -> None:
    project_id = await finished(world, store)
    path, stretch = f"/v1/projects/{project_id}/clips", {"start_ms": 0, "end_ms": 20_000}
    first = await world.ann.client.post(path, json=stretch | {"title": "Mine"})
    same = await world.ann.client.post(path, json=stretch)
    assert (same.status_code, same.json(), same.headers["location"]) == (
        200, first.json(), first.headers["location"],
    )  # fmt: skip
    for more in (
        {"title": "Yours"},
        {"aspects": ["16:9"]},
        {"captions": False},
        {"options": {"video": {"quality": "draft"}}},
    ):
        other = await world.ann.client.post(path, json=stretch | more)
        assert (other.status_code, other.json()["code"]) == (409, "clip-exists"), more
        assert other.headers["location"] == first.headers["location"]
        assert first.json()["clip_id"] in other.json()["detail"]
    assert len(await requests(world)) == 1
    automatic = await new_clip(world, world.ann, project_id)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update projects set duration_ms = $2 where project_id = $1", project_id, LENGTH_MS)
    found = await world.ann.client.post(path, json={"start_ms": 10_000, "end_ms": 40_000})
    assert (found.status_code, str(automatic) in found.json()["detail"]) == (409, True), "it has no file yet"


async def test_a_moment_becomes_a_clip_with_its_score_and_evidence(world: World, store: S3Objects) -> None:
    project_id = await finished(world, store)
    path = f"/v1/projects/{project_id}/clips"
    by_id = (await world.ann.client.post(path, json={"moment_id": MOMENT.id})).json()
    assert by_id["clip_id"] == MOMENT.id
    assert (by_id["title"], by_id["hook"], by_id["reason"]) == ("So near", "Why?", "A question.")
    assert (by_id["score"], by_id["confidence"], len(by_id["signals"])) == (39.4, 0.7, 1)
    by_time = await world.ann.client.post(path, json={"start_ms": 50_000, "end_ms": 80_000})
    assert (by_time.status_code, by_time.json()) == (200, by_id)
    moved = (await world.ann.client.post(path, json={"moment_id": MOMENT.id, "end_ms": 90_000})).json()
    assert (moved["start_ms"], moved["end_ms"], moved["score"]) == (50_000, 90_000, None), "another stretch"
    assert [clip["ordinal"] for clip in (by_id, moved)] == [0, 1]
    listed = (await world.ann.client.get(path)).json()["items"]
    assert [clip["clip_id"] for clip in listed] == [by_id["clip_id"], moved["clip_id"]]


async def test_its_files_follow_the_project_or_the_request(world: World, store: S3Objects) -> None:
    options = ProjectOptions(aspects=["1:1", "16:9"], captions=False, captions_template="minimal", mask_profanity=True)
    project_id = await finished(world, store, options=options)
    path = f"/v1/projects/{project_id}/clips"
    usual = (await world.ann.client.post(path, json={"start_ms": 0, "end_ms": 20_000})).json()
    assert [(one["aspect"], one["captions"], one["template"], one["mask_profanity"]) for one in usual["exports"]] == [
        ("1:1", False, "minimal", True), ("16:9", False, "minimal", True),
    ]  # fmt: skip
    wish = {"aspects": ["4:5"], "captions": True, "template": "boxed_word", "mask_profanity": False}
    other = await world.ann.client.post(path, json={"start_ms": 30_000, "end_ms": 50_000} | wish)
    (export,) = other.json()["exports"]
    assert {name: export[name] for name in ("aspect", "captions", "template", "mask_profanity")} == {
        "aspect": "4:5", "captions": True, "template": "boxed_word", "mask_profanity": False,
    }  # fmt: skip
    first, second = await requests(world)
    assert [one.aspect for one in first.siblings] == ["16:9"]
    assert (second.siblings, second.rendition.template) == ([], "boxed_word")


async def test_a_clip_that_awaits_analysis_is_analysed_once(world: World, store: S3Objects) -> None:
    """A preview waits for the clip's own exports; afterwards it works as for any clip."""
    path = f"/v1/projects/{await finished(world, store)}/clips"
    clip = (await world.ann.client.post(path, json={"start_ms": 0, "end_ms": 20_000})).json()
    preview, later = f"/v1/clips/{clip['clip_id']}/preview?at_ms=500", {"Prefer": "respond-async"}
    early = await world.ann.client.post(preview, json={}, headers=later)
    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (404, "not-ready", "5")
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update exports set state = 'failed' where clip_id = $1", UUID(clip["clip_id"]))
    assert (await world.ann.client.post(preview, json={}, headers=later)).status_code == 202


async def test_a_requested_clip_is_edited_and_exported_as_edited(world: World, store: S3Objects) -> None:
    path = f"/v1/projects/{await finished(world, store)}/clips"
    clip = (await world.ann.client.post(path, json={"start_ms": 0, "end_ms": 20_000})).json()
    edit = f"/v1/clips/{clip['clip_id']}/edit"
    read = await world.ann.client.get(edit)
    assert [(one["start_ms"], one["end_ms"]) for one in read.json()["segments"]] == [(0, 20_000)]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("delete from transcripts where project_id = $1", UUID(clip["project_id"]))
    wish = {"operations": [{"op": "speed", "segment_id": "s1", "speed": 2.0}]}
    done = await world.ann.client.patch(edit, json=wish, headers={"If-Match": read.headers["etag"]})
    assert (done.json()["version"], done.json()["length_ms"]) == (2, 10_000)
    asked = (await world.ann.client.post(f"/v1/clips/{clip['clip_id']}/export", json={})).json()
    assert (asked["edit_version"], asked["number"], asked["automatic"]) == (2, 2, False)


LOW, HIGH = CLIP_MS
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, ""),
    ({"start_ms": 0}, ""),
    ({"end_ms": 20_000}, ""),
    ({"start_ms": 0, "end_ms": LOW - 1}, "/end_ms"),
    ({"start_ms": 0, "end_ms": HIGH + 1}, "/end_ms"),
    ({"start_ms": 20_000, "end_ms": 10_000}, "/end_ms"),
    ({"start_ms": LENGTH_MS - 10_000, "end_ms": LENGTH_MS + 1}, "/end_ms"),
    ({"start_ms": -1, "end_ms": 20_000}, "/start_ms"),
    ({"moment_id": str(uuid.UUID(int=78))}, "/moment_id"),
    ({"moment_id": MOMENT.id, "end_ms": LENGTH_MS + 1}, "/end_ms"),
    ({"moment_id": MOMENT.id, "start_ms": 79_000}, "/start_ms"),
    ({"moment_id": MOMENT.id, "aspects": ["1:1", "1:1"]}, "/aspects"),
    ({"moment_id": MOMENT.id, "template": "nobody"}, "/template"),
    ({"moment_id": MOMENT.id, "options": {"brand": {"kit_id": str(uuid.UUID(int=1))}}}, "/options/brand/kit_id"),
    ({"moment_id": MOMENT.id, "title": "x" * 201}, "/title"),
)


async def test_an_invalid_request_names_the_field_and_its_bounds(world: World, store: S3Objects) -> None:
    project_id = await finished(world, store)
    path = f"/v1/projects/{project_id}/clips"
    for wish, pointer in WRONG:
        answer = await world.ann.client.post(path, json=wish)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wish
        assert pointer in [error["pointer"] for error in answer.json()["errors"]], (wish, answer.text)
    late = await world.ann.client.post(path, json={"start_ms": LENGTH_MS - 10_000, "end_ms": LENGTH_MS + 1})
    assert str(LENGTH_MS) in late.json()["detail"]
    assert (await world.ann.client.get(path)).json()["items"] == []
    edges = await world.ann.client.post(path, json={"start_ms": LENGTH_MS - LOW, "end_ms": LENGTH_MS})
    assert edges.status_code == 202


STATES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"state": "running"}, ""),
    ({"state": "failed"}, ""),
    ({"state": "failed", "source_index": None}, "clip-impossible"),
    ({"height_px": None}, "clip-impossible"),
    ({"state": "cancelled"}, "clip-impossible"),
)


@pytest.mark.parametrize(("fields", "code"), STATES)
async def test_a_project_takes_clips_once_it_is_understood(
    world: World, store: S3Objects, fields: dict[str, Any], code: str
) -> None:
    project_id = await finished(world, store, **fields)
    answer = await world.ann.client.post(f"/v1/projects/{project_id}/clips", json={"start_ms": 0, "end_ms": 9_000})
    assert (answer.status_code, answer.json().get("code", "")) == ((409, code) if code else (202, "")), answer.text


async def test_clips_too_early_too_many_erased_or_foreign_are_refused(
    world: World, store: S3Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = await new_project(world.ann)
    wish = {"start_ms": 0, "end_ms": 9_000}
    answer = await world.ann.client.post(f"/v1/projects/{early}/clips", json=wish)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (409, "project-not-ready", "5")
    project_id = await finished(world, store)
    path = f"/v1/projects/{project_id}/clips"
    assert (await world.bob.client.post(path, json=wish)).status_code == 404
    assert (await world.ann.client.post(path, json=wish)).status_code == 202
    monkeypatch.setattr("api.clips.create.MAX_CLIPS_PER_PROJECT", 1)
    full = await world.ann.client.post(path, json={"start_ms": 9_000, "end_ms": 19_000})
    assert (full.status_code, full.json()["code"]) == (409, "limit-reached")
    assert (await world.ann.client.delete(f"/v1/projects/{project_id}")).status_code == 202
    assert (await world.ann.client.post(path, json=wish)).status_code == 410
