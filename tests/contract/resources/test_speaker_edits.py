"""Speaker corrections on real stores: names, merges, splits, versions, and organisations kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from schemas.documents import encode_document
from schemas.documents.transcript import Transcript
from tests.contract.rigs.api_world import Tenant, World, open_store, open_world
from tests.contract.rigs.servers import Server
from tests.core.domain.transcripts.test_speaker_corrections import transcript

pytestmark = pytest.mark.contract


@pytest.fixture
async def objects(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "speakers") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, objects: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=objects) as opened:
        yield opened


async def new_transcript(world: World, tenant: Tenant, objects: S3Objects, told: Transcript | None = None) -> str:
    """A project with an automatic transcript of three speakers; returns its path."""
    made = await tenant.client.post("/v1/projects", json={"source_url": "https://video.example/a.mp4"})
    project_id = UUID(made.json()["project_id"])
    body = encode_document(told or transcript())
    ref = await objects.put(f"{tenant.org_id}/{project_id}/transcript/t", body, "application/json", ".json")
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               values ($1, $2, 1, $3, 'en', 9)""",
            tenant.org_id, project_id, ref,
        )  # fmt: skip
    return f"/v1/projects/{project_id}"


def edits(*asked: dict[str, Any], version: int = 1, **more: Any) -> dict[str, Any]:
    return {"version": version, "edits": list(asked), **more}


NAMED = {"op": "rename", "speaker": "S1", "name": "Ada"}
MERGED = {"op": "merge", "speaker": "S3", "into": "S2"}
SPLIT = {"op": "split", "speaker": "S1", "words": [{"first_word": 2, "end_word": 4}]}


async def test_speakers_turns_and_their_words_are_read(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    answer = await world.ann.client.get(f"{path}/speakers")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [(one["id"], one["label"], one["word_count"]) for one in told["speakers"]] == [
        ("S1", "S1", 4), ("S2", "S2", 4), ("S3", "S3", 1),
    ]  # fmt: skip
    assert [(one["speaker"], one["first_word"], one["end_word"]) for one in told["turns"]] == [
        ("S1", 0, 4), ("S2", 4, 8), ("S3", 8, 9),
    ]  # fmt: skip
    assert (told["version"], told["model"], told["overlaps"]) == (1, "m", [{"start_ms": 1800, "end_ms": 2100}])
    same = await world.ann.client.get(f"{path}/speakers", headers={"If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304
    assert (await world.ann.client.get(f"{path}/speakers", params={"version": 9})).status_code == 404


async def test_a_correction_keeps_the_machines_version(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    before = await world.ann.client.get(f"{path}/speakers")
    done = await world.ann.client.patch(
        f"{path}/speakers",
        json=edits(NAMED, MERGED, SPLIT, note="I was there"),
        headers={"If-Match": before.headers["etag"], "Idempotency-Key": str(uuid4())},
    )
    assert done.status_code == 200, done.text
    assert done.json()["version"] == 2
    assert [(one["id"], one["label"], one["named_by"]) for one in done.json()["speakers"]] == [
        ("S1", "Ada", "person"), ("S2", "S2", None), ("S4", "S4", None),
    ]  # fmt: skip
    after = await world.ann.client.get(f"{path}/speakers")
    assert (after.json()["version"], after.headers["etag"]) == (2, done.headers["etag"])
    assert after.json()["speakers"] == done.json()["speakers"]
    assert (await world.ann.client.get(f"{path}/speakers", params={"version": 1})).content == before.content
    words = (await world.ann.client.get(f"{path}/transcript")).json()["words"]
    assert [word["speaker"] for word in words] == ["S1"] * 2 + ["S4"] * 2 + ["S2"] * 5
    for wanted, mark in (("srt", "Ada: we met"), ("vtt", "<v Ada>we met"), ("txt", "Ada: we met")):
        text = (await world.ann.client.get(f"{path}/transcript", params={"format": wanted})).text
        assert mark in text.replace("[?] ", "")
        assert "S3" not in text
    newest, oldest = (await world.ann.client.get(f"{path}/transcript/versions")).json()["items"]
    assert (newest["actor"]["id"], newest["note"], newest["changes"]) == (str(world.ann.key_id), "I was there", [])
    assert [one["op"] for one in newest["speaker_changes"]] == ["rename", "merge", "split"]
    assert newest["speaker_changes"] == done.json()["changes"]
    assert (oldest["made_by"], oldest["speaker_changes"]) == ("machine", [])


async def test_words_and_speakers_are_corrected_in_turn(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    assert (await world.ann.client.patch(f"{path}/speakers", json=edits(NAMED))).status_code == 200
    word = {"version": 2, "edits": [{"first_word": 0, "end_word": 1, "text": "They"}]}
    assert (await world.ann.client.patch(f"{path}/transcript", json=word)).json()["version"] == 3
    stale = await world.ann.client.patch(f"{path}/speakers", json=edits(SPLIT, version=2))
    assert (stale.status_code, stale.json()["code"]) == (412, "transcript-changed")
    told = (await world.ann.client.get(f"{path}/speakers")).json()
    assert (told["version"], told["speakers"][0]["name"]) == (3, "Ada")
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where topic = 'transcripts.v1'")
    assert sorted(msgspec.json.decode(row["payload"])["version"] for row in sent) == [2, 3]


async def test_one_of_several_concurrent_corrections_wins(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    asked = [edits(NAMED | {"name": f"Ada {at}"}) for at in range(4)]
    answers = await asyncio.gather(*(world.ann.client.patch(f"{path}/speakers", json=one) for one in asked))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


async def test_an_invalid_correction_says_why(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    for asked, pointer in (
        (edits(NAMED, {"op": "merge", "speaker": "S7", "into": "S1"}), "/edits/1"),
        (edits({"op": "marry", "speaker": "S1"}), "/edits/0/op"),
        (edits({"op": "rename", "speaker": "S1", "name": "x" * 101}), "/edits/0/name"),
        (edits({"op": "rename", "speaker": "../S1", "name": "x"}), "/edits/0/speaker"),
        (edits({"op": "rename", "speaker": "S1", "name": "x", "age": 3}), "/edits/0"),
        (edits({"op": "split", "ranges": [{"start_ms": -1, "end_ms": 5}]}), "/edits/0/ranges/0/start_ms"),
        (edits(), "/edits"),
        (edits(*[NAMED] * 101), "/edits"),
    ):
        answer = await world.ann.client.patch(f"{path}/speakers", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), asked
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["pointer"].startswith(pointer), answer.text
    held = await world.ann.client.patch(f"{path}/speakers", json=edits(NAMED), headers={"If-Match": '"0123"'})
    assert held.status_code == 412
    for method, body in (("GET", None), ("PATCH", edits(NAMED))):
        walled = await world.bob.client.request(method, f"{path}/speakers", json=body)
        assert (walled.status_code, walled.json()["code"]) == (404, "not-found")
    made = await world.ann.client.post("/v1/projects", json={"source_url": "https://video.example/b.mp4"})
    empty = f"/v1/projects/{made.json()['project_id']}/speakers"
    assert (await world.ann.client.get(empty)).json()["code"] == "not-ready"
    assert (await world.ann.client.patch(empty, json=edits(NAMED))).json()["code"] == "not-ready"
    assert len((await world.ann.client.get(f"{path}/transcript/versions")).json()["items"]) == 1


async def test_an_empty_list_of_speakers_may_be_filled_by_a_person(world: World, objects: S3Objects) -> None:
    words = [msgspec.structs.replace(word, speaker=None) for word in transcript().words]
    deaf = msgspec.structs.replace(transcript(), words=words, diarization=None)
    path = await new_transcript(world, world.ann, objects, deaf)
    told = (await world.ann.client.get(f"{path}/speakers")).json()
    assert (told["speakers"], told["turns"], told["model"]) == ([], [], None)
    made = {"op": "split", "ranges": [{"start_ms": 0, "end_ms": 5000}], "name": "Ada"}
    done = await world.ann.client.patch(f"{path}/speakers", json=edits(made))
    assert [(one["id"], one["name"], one["word_count"]) for one in done.json()["speakers"]] == [("S1", "Ada", 9)]


async def test_a_correction_that_changes_nothing_makes_no_version(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    assert (await world.ann.client.patch(f"{path}/speakers", json=edits(NAMED))).json()["version"] == 2
    again = await world.ann.client.patch(f"{path}/speakers", json=edits(NAMED, version=2))
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert again.headers["etag"] == (await world.ann.client.get(f"{path}/speakers")).headers["etag"]
    word = {"edits": [{"first_word": 0, "end_word": 1, "text": "They"}]}
    for version in (2, 3):
        answer = await world.ann.client.patch(f"{path}/transcript", json=word | {"version": version})
        assert answer.json()["version"] == 3
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where topic = 'transcripts.v1'")
    assert len(sent) == 2
