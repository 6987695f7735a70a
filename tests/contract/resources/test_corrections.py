"""Corrections of a transcript on real stores: one wins, all versions stay, the event follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.infra.sentence_embeddings import SUFFIX, ask, digest, pack_rows, read_rows
from core.settings import Settings
from schemas.common import Segment, Word
from schemas.documents import encode_document
from schemas.documents.transcript import SentenceRows, Transcript
from tests.contract.rigs.api_world import Tenant, World, open_store, open_world
from tests.contract.rigs.servers import Server
from tests.support.vectors import WordSentences

pytestmark = pytest.mark.contract
SAID = "we met doctor whom"


@pytest.fixture
async def objects(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "fixes") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, objects: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=objects) as opened:
        yield opened


async def new_transcript(world: World, tenant: Tenant, objects: S3Objects, meaning: SentenceRows | None = None) -> str:
    """A project with an automatic transcript; returns its path."""
    made = await tenant.client.post("/v1/projects", json={"source_url": "https://video.example/a.mp4"})
    project_id = UUID(made.json()["project_id"])
    words = [
        Word(text=text, start_ms=500 * at, end_ms=500 * at + 400, probability=0.5)
        for at, text in enumerate(SAID.split())
    ]
    marks = {"trust": "doubtful", "doubts": ["unsure"]}
    segment = Segment(start_ms=0, end_ms=1900, text=SAID, first_word=0, end_word=4, **marks)
    told = Transcript(
        language="en",
        language_probability=1.0,
        duration_ms=4_000,
        words=words,
        segments=[segment],
        speech=[],
        model="m",
        meaning=meaning,
    )
    body = encode_document(told)
    ref = await objects.put(f"{tenant.org_id}/{project_id}/transcript/t", body, "application/json", ".json")
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               values ($1, $2, 1, $3, 'en', 4)""",
            tenant.org_id, project_id, ref,
        )  # fmt: skip
    return f"/v1/projects/{project_id}/transcript"


def fix(text: str, version: int = 1, **more: Any) -> dict[str, Any]:
    return {"version": version, "edits": [{"first_word": 3, "end_word": 4, "text": text}], **more}


async def test_a_correction_keeps_the_machines_version(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    before = await world.ann.client.get(path)
    assert "[?] we met doctor whom" in (await world.ann.client.get(path, params={"format": "txt"})).text
    done = await world.ann.client.patch(
        path, json=fix("Who.", note="a name"), headers={"If-Match": before.headers["etag"]}
    )
    assert done.status_code == 200, done.text
    assert (done.json()["version"], done.json()["word_count"]) == (2, 4)
    for wanted in ("txt", "srt", "vtt"):
        text = (await world.ann.client.get(path, params={"format": wanted})).text
        assert "we met doctor Who." in text
        assert "[?]" not in text
    latest = await world.ann.client.get(path)
    assert (latest.json()["version"], latest.headers["etag"]) == (2, done.headers["etag"])
    assert (await world.ann.client.get(path, params={"version": 1})).content == before.content
    missing = await world.ann.client.get(path, params={"version": 3})
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no version 3 of this transcript.")
    newest, oldest = (await world.ann.client.get(f"{path}/versions")).json()["items"]
    assert (newest["made_by"], newest["actor"]["id"], newest["base_version"]) == ("person", str(world.ann.key_id), 1)
    assert (newest["note"], newest["changes"][0]["before"], newest["changes"][0]["after"]) == ("a name", "whom", "Who.")
    assert (oldest["made_by"], oldest["version"], oldest["changes"]) == ("machine", 1, [])


@pytest.mark.parametrize("written", ["{}", "W/{}", '"another", {}'], ids=["as it was given", "weakened", "in a list"])
@pytest.mark.parametrize("read", [{}, {"format": "srt", "mask": "true"}], ids=["as JSON", "as masked subtitles"])
async def test_a_tag_of_any_reading_holds_its_version(
    world: World, objects: S3Objects, read: dict[str, str], written: str
) -> None:
    path = await new_transcript(world, world.ann, objects)
    held = written.format((await world.ann.client.get(path, params=read)).headers["etag"])
    assert (await world.ann.client.patch(path, json=fix("Who."), headers={"If-Match": held})).status_code == 200
    assert (await world.ann.client.patch(path, json=fix("Who.", 2), headers={"If-Match": held})).status_code == 412


async def test_a_corrected_sentence_gets_a_new_embedding(world: World, objects: S3Objects) -> None:
    rows, model, _ = await ask(WordSentences(), [SAID], {})
    ref = await objects.put("meaning", pack_rows(rows), "application/octet-stream", SUFFIX)
    path = await new_transcript(world, world.ann, objects, SentenceRows(rows=ref, dimensions=384, model=model, texts=1))
    assert (await world.ann.client.patch(path, json=fix("Who."))).status_code == 200
    kept = msgspec.convert((await world.ann.client.get(path)).json()["meaning"], SentenceRows)
    assert set(await read_rows(objects, kept)) == {digest("we met doctor Who.")}
    assert kept.rows.key.startswith(f"{world.ann.org_id}/{path.split('/')[3]}/meaning/")


async def test_each_version_has_one_event(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    headers = {"Idempotency-Key": str(uuid4())}
    first = await world.ann.client.patch(path, json=fix("Who."), headers=headers)
    again = await world.ann.client.patch(path, json=fix("Who."), headers=headers)
    assert (first.status_code, again.json()) == (200, first.json())
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where topic = 'transcripts.v1'")
    (event,) = [msgspec.json.decode(row["payload"]) for row in sent]
    assert (event["version"], event["word_count"], event["segment_count"]) == (2, 4, 1)
    assert event["transcript"]["key"].startswith(f"{world.ann.org_id}/")


async def test_one_of_several_concurrent_corrections_wins(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    answers = await asyncio.gather(*(world.ann.client.patch(path, json=fix(f"Who{at}.")) for at in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 412} == {"transcript-changed"}
    assert len((await world.ann.client.get(f"{path}/versions")).json()["items"]) == 2


async def test_an_invalid_correction_says_why(world: World, objects: S3Objects) -> None:
    path = await new_transcript(world, world.ann, objects)
    bad = await world.ann.client.patch(
        path, json={"version": 1, "edits": [{"first_word": 3, "end_word": 9, "text": "x"}]}
    )
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/edits/0")
    stale = await world.ann.client.patch(path, json=fix("Who."), headers={"If-Match": '"0123"'})
    assert stale.status_code == 412
    assert (await world.bob.client.patch(path, json=fix("Mine"))).status_code == 404
    made = await world.ann.client.post("/v1/projects", json={"source_url": "https://video.example/b.mp4"})
    empty = f"/v1/projects/{made.json()['project_id']}/transcript"
    assert (await world.ann.client.patch(empty, json=fix("x"))).json()["code"] == "not-ready"
    assert (await world.ann.client.get(path, params={"version": 9})).status_code == 404


async def test_a_page_of_versions_is_bounded(world: World, objects: S3Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await new_transcript(world, world.ann, objects)
    for version in range(1, 5):
        assert (await world.ann.client.patch(path, json=fix("Who" * version, version))).status_code == 200
    monkeypatch.setattr("api.transcripts.corrections.PAGE_BYTES", 1)
    seen: list[int] = []
    before: int | None = 2**31 - 1
    while before is not None:
        page = (await world.ann.client.get(f"{path}/versions", params={"before": before})).json()
        seen += [one["version"] for one in page["items"]]
        before = page["next_before"]
    assert seen == [5, 4, 3, 2, 1]
    monkeypatch.setattr("api.transcripts.revisions.MAX_VERSIONS", 5)
    assert (await world.ann.client.patch(path, json=fix("Whom", 5))).json()["code"] == "limit-reached"
    for large in (2**31, 2**70):
        for asked in (path, path.replace("transcript", "speakers"), f"{path}/versions"):
            query = {"before" if asked.endswith("versions") else "version": large}
            assert (await world.ann.client.get(asked, params=query)).status_code == 422, (asked, large)
