"""Titles and metadata on a real Postgres: set, read, changed, erased, and never in an event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.settings import Settings
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents.moments import ClipFacts
from schemas.metadata import MAX_BYTES
from streams.detect.requested_clip_store import commit_measured
from tests.contract.rigs.api_world import URL, World, new_clip, new_project, open_world, outbox
from tests.contract.rigs.attempt_rig import NOW

pytestmark = pytest.mark.contract
WORDS = {"order": 4711, "tags": ["spring"], "who": {"name": "Ann", "mail": None}}
MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def patch(world: World, path: str, body: Any, held: str = "*", **headers: str) -> httpx2.Response:
    sent = {"If-Match": held, **MERGE, **headers}
    return await world.ann.client.patch(path, content=json.dumps(body), headers=sent)


async def read(world: World, path: str) -> dict[str, Any]:
    answer = await world.ann.client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def update_events(world: World) -> list[tuple[str, dict[str, Any]]]:
    """Update events, each once among the project's events and once in the outbox."""
    sent = [
        (row["headers"]["ce_type"].removeprefix("clipstream."), json.loads(row["payload"]))
        for row in await outbox(world, world.ann)
        if row["headers"]["ce_type"].endswith("Updated")
    ]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        kept = await rows.fetch("select body from project_events where type like '%Updated' order by version")
    assert sorted(body["version"] for _, body in sent) == [row["body"]["version"] for row in kept]
    return sent


async def new_resources(world: World) -> tuple[UUID, dict[str, str]]:
    """A project with a clip and an export: the path of each."""
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    made = await world.ann.client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"})
    paths = {"clip": f"/v1/clips/{clip_id}", "export": f"/v1/exports/{made.json()['export_id']}"}
    return project_id, {"project": f"/v1/projects/{project_id}"} | paths


async def test_metadata_of_a_new_resource_is_read_everywhere(world: World) -> None:
    made = await world.ann.client.post("/v1/projects", json=URL | {"metadata": WORDS})
    path = f"/v1/projects/{made.json()['project_id']}"
    assert (await read(world, path))["metadata"] == WORDS
    assert list((await read(world, path))["metadata"]) == ["order", "tags", "who"], "in their order"
    (listed,) = (await read(world, "/v1/projects"))["items"]
    assert (listed["metadata"], listed["revision"]) == (WORDS, 1)
    clip_id = await new_clip(world, world.ann, UUID(made.json()["project_id"]))
    wish = {"aspect": "1:1", "title": " Of  a post ", "metadata": {"post": 1}}
    one = (await world.ann.client.post(f"/v1/clips/{clip_id}/export", json=wish)).json()
    assert (one["title"], one["metadata"], one["revision"]) == ("Of a post", {"post": 1}, 1)
    several = {"aspects": ["1:1", "16:9"], "metadata": {"post": 2}}
    both = (await world.ann.client.post(f"/v1/clips/{clip_id}/exports", json=several)).json()["items"]
    assert [(each["metadata"], each["revision"]) for each in both] == [({"post": 2}, 2), ({"post": 2}, 1)]
    assert [kind for kind, _ in await update_events(world)] == ["ExportUpdated"], "of the one that was there"
    again = (await world.ann.client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"})).json()
    assert (again["title"], again["metadata"]) == ("Of a post", {"post": 2}), "what is left out stays"
    (clip,) = (await read(world, f"{path}/clips"))["items"]
    assert [each["metadata"] for each in clip["exports"]] == [{"post": 2}, {"post": 2}]
    assert clip["exports"][0]["title"] == "Of a post"
    (uploaded,) = [row for row in await outbox(world, world.ann) if row["topic"] == "uploads.v1"]
    assert json.loads(uploaded["payload"])["metadata"] == WORDS


@pytest.mark.parametrize("kind", ["project", "clip", "export"])
async def test_a_merge_patch_changes_only_the_named_fields(world: World, kind: str) -> None:
    _, paths = await new_resources(world)
    path = paths[kind]
    first = await world.ann.client.get(path)
    assert first.headers["etag"] == f'"{kind}-1"'
    changed = await patch(world, path, {"title": "Another", "metadata": WORDS}, first.headers["etag"])
    assert (changed.status_code, changed.headers["etag"]) == (200, f'"{kind}-2"'), changed.text
    body = changed.json()
    assert (body["title"], body["metadata"], body["revision"]) == (
        "Another",
        {"order": 4711, "tags": ["spring"], "who": {"name": "Ann"}},
        2,
    )
    assert await read(world, path) == body
    merged = await patch(
        world, path, {"metadata": {"tags": None, "who": {"mail": "a@b.example"}}}, f'"x", W/"{kind}-2"'
    )
    assert merged.json()["metadata"] == {"order": 4711, "who": {"name": "Ann", "mail": "a@b.example"}}
    stale = await patch(world, path, {"title": "Late"}, f'"{kind}-2"')
    assert (stale.status_code, stale.json()["code"]) == (412, f"{kind}-changed")
    unsaid = await world.ann.client.patch(path, json={"title": "Late"})
    assert (unsaid.status_code, unsaid.json()["code"]) == (428, "precondition-required")
    unchanged: list[dict[str, Any]] = [
        {},
        {"title": "Another"},
        {"metadata": {}},
        {"metadata": {"order": 4711, "x": None}},
    ]
    for nothing in unchanged:
        same = await patch(world, path, nothing)
        assert (same.status_code, same.headers["etag"]) == (200, f'"{kind}-3"')
    emptied = (await patch(world, path, {"metadata": None})).json()
    assert (emptied["metadata"], emptied["revision"]) == ({}, 4)
    sent = await update_events(world)
    assert [(name, one["changed"], one["revision"]) for name, one in sent] == [
        (f"{kind.capitalize()}Updated", ["title", "metadata"], 2),
        (f"{kind.capitalize()}Updated", ["metadata"], 3),
        (f"{kind.capitalize()}Updated", ["metadata"], 4),
    ]
    assert not any(word in json.dumps(sent) for word in ("Another", "4711", "Ann", "spring"))
    theirs = await world.bob.client.patch(path, json={"title": "Mine"}, headers={"If-Match": "*"})
    assert theirs.status_code == 404


async def test_the_machines_title_of_a_clip_comes_back(world: World) -> None:
    project_id, paths = await new_resources(world)
    clip = paths["clip"]
    assert (await patch(world, clip, {"title": "Mine"})).json()["title"] == "Mine"
    assert (await patch(world, clip, {"title": "Mine again"})).json()["title"] == "Mine again"
    assert (await patch(world, clip, {"title": None})).json()["title"] == "T"
    assert (await patch(world, clip, {"title": None})).json()["revision"] == 4, "there is nothing to take back"
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        clip_id = UUID(clip.rpartition("/")[2])
        await rows.execute("update clips set title = '' where clip_id = $1", clip_id)
    await patch(world, clip, {"title": "Before it was measured"})
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await measured(rows, world.ann.org_id, project_id, clip_id, "What is said")
    assert (await read(world, clip))["title"] == "Before it was measured"
    assert (await patch(world, clip, {"title": None})).json()["title"] == "What is said"


async def measured(rows: Any, org_id: UUID, project_id: UUID, clip_id: UUID, title: str) -> None:
    """A title as detect writes it after scoring a requested clip."""
    stretch = TimeRange(start_ms=10_000, end_ms=40_000)
    event = events.ClipRequested(
        org_id=org_id,
        project_id=project_id,
        clip_id=clip_id,
        export_id=uuid4(),
        ordinal=0,
        rendition=events.Rendition(range=stretch, aspect="9:16", captions=True),
    )
    facts = ClipFacts(clip_id=str(clip_id), ordinal=0, range=stretch, title=title)
    ref = ObjectRef(key=f"{org_id}/{project_id}/facts", sha256="0" * 64, size=1)
    await commit_measured(rows, event, facts, ref, Cause(input_id=uuid4(), source="detect", now=NOW))


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ('{"metadata": {"a": "\\u0000"}}', 422, "/metadata/a"),
        ('{"metadata": {"a\\u0000": 1}}', 422, "/metadata"),
        ('{"metadata": {"a": "\\ud800"}}', 400, None),
        ('{"metadata": [1]}', 422, "/metadata"),
        ('{"metadata": "x"}', 422, "/metadata"),
        ('{"metadata": {"": 1}}', 422, "/metadata/"),
        ('{"metadata": {"a": 1, "a": 2}}', 400, None),
        ('{"metadata": {"a": NaN}}', 400, None),
        (json.dumps({"metadata": {"a": "x" * MAX_BYTES}}), 422, "/metadata"),
        (json.dumps({"metadata": {"a": [[[[[[[[[[1]]]]]]]]]]}}), 422, "/metadata/a/0/0/0/0/0/0/0/0/0"),
        (json.dumps({"metadata": {"n" * 201: 1}}), 422, f"/metadata/{'n' * 100}"),
        ('{"titel": "x"}', 422, "/titel"),
        (json.dumps({"title": "x" * 501}), 422, "/title"),
        ('{"title": 7}', 422, "/title"),
    ],
)
@pytest.mark.parametrize("kind", ["project", "clip", "export"])
async def test_an_invalid_patch_is_refused_with_its_field(
    world: World, kind: str, body: str, status: int, pointer: str | None
) -> None:
    _, paths = await new_resources(world)
    headers = {"If-Match": "*", **MERGE}
    refused = await world.ann.client.patch(paths[kind], content=body, headers=headers)
    assert refused.status_code == status, refused.text
    if pointer is not None:
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert (await read(world, paths[kind]))["revision"] == 1


async def test_invalid_metadata_of_a_new_resource_is_refused(world: World) -> None:
    _, paths = await new_resources(world)
    big, post = {"a": "x" * MAX_BYTES}, world.ann.client.post
    for path, body in (
        ("/v1/projects", URL),
        (f"{paths['project']}/clips", {"start_ms": 0, "end_ms": 20_000}),
        (f"{paths['clip']}/export", {"aspect": "9:16"}),
        (f"{paths['clip']}/exports", {"aspects": ["9:16"]}),
    ):
        for bad, pointer in ((big, "/metadata"), ({"b": "\0"}, "/metadata/b"), ([], "/metadata")):
            refused = await post(path, json=body | {"metadata": bad})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), path
    assert (await post("/v1/projects", json=URL | {"title": "x" * 501})).status_code == 422


async def test_valid_patches_keep_metadata_within_its_bounds(world: World) -> None:
    _, paths = await new_resources(world)
    half = "x" * (MAX_BYTES // 2)
    assert (await patch(world, paths["clip"], {"metadata": {"a": half}})).status_code == 200
    full = await patch(world, paths["clip"], {"metadata": {"b": half}})
    assert (full.status_code, full.json()["errors"][0]["pointer"]) == (422, "/metadata")
    assert "not 16,3" in full.json()["detail"]
    assert list((await read(world, paths["clip"]))["metadata"]) == ["a"]


async def test_patches_of_other_media_types_are_refused(world: World) -> None:
    _, paths = await new_resources(world)
    plain = await patch(
        world, paths["project"], {"title": "One"}, **{"Content-Type": "application/json; charset=utf-8"}
    )
    assert plain.status_code == 200
    for other in ("text/plain", "application/json-patch+json"):
        refused = await patch(world, paths["project"], {"title": "Two"}, **{"Content-Type": other})
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported-media-type")
        assert "application/merge-patch+json" in refused.json()["detail"]
    elsewhere = await world.ann.client.post("/v1/projects", content=json.dumps(URL), headers=MERGE)
    assert elsewhere.status_code == 415, "a merge patch is one of what is there"


async def test_one_of_several_concurrent_patches_wins(world: World) -> None:
    _, paths = await new_resources(world)
    answers = await asyncio.gather(
        *(patch(world, paths["project"], {"title": f"Number {n}"}, '"project-1"') for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    assert (await read(world, paths["project"]))["revision"] == 2
    key = {"Idempotency-Key": str(uuid4())}
    twice = [await patch(world, paths["project"], {"title": "Once"}, '"project-2"', **key) for _ in range(2)]
    assert [answer.headers["etag"] for answer in twice] == ['"project-3"'] * 2


async def test_an_erased_project_keeps_no_metadata(world: World) -> None:
    project_id, paths = await new_resources(world)
    for kind in ("project", "clip", "export"):
        await patch(world, paths[kind], {"title": "SECRET", "metadata": {"SECRET": 1}})
    await world.ann.client.delete(paths["project"])
    for kind, status in (("project", 410), ("clip", 404), ("export", 404)):
        gone = await patch(world, paths[kind], {"title": "Late"})
        assert gone.status_code == status
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        kept = await rows.fetch("select body::text from project_events where project_id = $1", project_id)
    assert not any("SECRET" in row["body"] for row in kept)
