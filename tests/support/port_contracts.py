"""Contract of a port: one suite for its real server (tests/contract) and its in-memory fake. No fixtures."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from core.errors import Gone, Unavailable
from core.infra.clickhouse import schema_text
from core.ports.models import Alignment, AlignmentPiece, Faces, Int16, Landmarks, Names, Sentences, Speech, Voices
from core.ports.stores import Analytics, Objects, Search
from schemas import codec, events
from schemas.common import ObjectRef, TimeRange
from streams.sinks.clickhouse.event_rows import COLUMNS, TOMBSTONE_COLUMNS, row_of

NOON = dt.datetime(2026, 5, 6, 12, 0, tzinfo=dt.UTC)


async def objects_keep_what_they_promise(store: Objects, scratch: Path) -> None:
    """Content-addressed bytes; ranges; a missing key is a KeyError; deleting a prefix keeps its neighbours."""
    prefix, body = f"{uuid4()}/{uuid4()}", bytes(range(256)) * 4
    digest = hashlib.sha256(body).hexdigest()
    ref = await store.put(f"{prefix}/a", body, "audio/flac", ".flac")
    assert (ref.key, ref.sha256, ref.size) == (f"{prefix}/a/{digest}.flac", digest, 1024)
    assert await store.put(f"{prefix}/a", body, "audio/flac", ".flac") == ref
    (scratch / "file").write_bytes(body)
    counts = list[int]()
    put = await store.put_file(f"{prefix}/b", scratch / "file", "image/jpeg", ".jpg", counts.append)
    assert put.sha256 == digest
    assert counts[-1] >= len(body)
    assert await store.get(ref) == body
    assert await store.size(ref.key) == 1024
    assert await store.read_range(ref.key, 250, 12) == body[250:262]
    assert await store.read_range(ref.key, 1020, 100) == body[1020:]
    assert [await store.read_range(ref.key, *window) for window in ((1024, 10), (0, 0))] == [b"", b""]
    assert b"".join([block async for block in store.stream(ref)]) == body
    with pytest.raises(Unavailable):
        async for _ in store.stream(ObjectRef(key=ref.key, sha256="0" * 64, size=ref.size)):
            pass
    neighbour = await store.put(f"{prefix}b", b"another project", "text/plain")
    assert await store.delete_prefix(f"{prefix}/") == 2
    assert await store.delete_prefix(f"{prefix}/") == 0
    for missing in (store.get(ref), store.size(ref.key), store.read_range(ref.key, 0, 1)):
        with pytest.raises(Gone):
            await missing
    assert await store.get(neighbour) == b"another project"


async def search_keeps_what_it_promises(search: Search) -> None:
    """Documents merge by id and are there on return; filters choose, sorts order, limits cut; deletions are whole."""
    org, other = str(uuid4()), str(uuid4())
    ids = sorted(str(uuid4()) for _ in range(3))
    mine = f'org_id = "{org}"'
    unmeant = {"_vectors": {"meaning": None}}
    written = [{"id": one, "org_id": org, "version": n} | unmeant for n, one in enumerate(ids)]
    await search.upsert("segments", written)
    await search.upsert("segments", [{"id": ids[0], "text": "later"}, {"id": str(uuid4()), "org_id": other} | unmeant])
    await search.upsert("segments", [])
    hits = (await search.search("segments", "", {"filter": mine, "sort": ["version:desc"], "limit": 10}))["hits"]
    assert [(hit["id"], hit["version"], hit.get("text")) for hit in hits] == [
        (ids[2], 2, None),
        (ids[1], 1, None),
        (ids[0], 0, "later"),
    ]
    found = await search.search("segments", "", {"filter": mine, "sort": ["version:asc"], "limit": 1})
    assert [hit["id"] for hit in found["hits"]] == ids[:1]
    await search.delete("segments", f"{mine} AND version < 2")
    left = await search.search("segments", "", {"filter": mine, "limit": 10})
    assert [hit["id"] for hit in left["hits"]] == ids[2:]
    await search.delete("segments", mine)
    assert (await search.search("segments", "", {"filter": mine, "limit": 10}))["hits"] == []
    assert len((await search.search("segments", "", {"filter": f'org_id = "{other}"', "limit": 10}))["hits"]) == 1


async def analytics_keep_what_they_promise(analytics: Analytics, count: Callable[[UUID], Awaitable[int]]) -> None:
    """An event counts once by token and by id; tombstones are found; an erasure takes its project and no other.

    ``count`` says how many events of an organisation count.
    """
    org, projects = uuid4(), [uuid4(), uuid4()]

    def row(project: UUID, event_id: UUID) -> list[object]:
        event = events.ProjectFailed(org_id=org, project_id=project, version=2, reason="media.bomb", detail="")
        envelope = codec.Envelope(id=event_id, source="/t", type=codec.type_name(events.ProjectFailed), time=NOON)
        return row_of(envelope, event, topic="projects.v1", partition=3, offset=7)

    rows = [row(project, uuid4()) for project in projects]
    for token in ("same", "same", "another"):
        await analytics.insert("events", COLUMNS, rows, token=f"{org}-{token}")
    assert await count(org) == 2
    await analytics.insert("tombstones", TOMBSTONE_COLUMNS, [[org, projects[0], NOON]], token=f"{org}-stone")
    await analytics.command(
        schema_text("statements", "erase_events.sql"), {"org_id": str(org), "project_id": str(projects[0])}
    )
    assert await count(org) == 1
    asked = {"project_ids": [str(project) for project in projects]}
    erased = await analytics.query(schema_text("statements", "erased_projects.sql"), asked)
    assert erased == [{"org_id": org, "project_id": projects[0]}]


async def speech_keeps_what_it_promises(speech: Speech, spoken: Int16) -> None:
    """Words in order, inside the sound, with probabilities; a growing counter; nothing from nothing."""
    counts = list[int]()
    heard = await speech.transcribe(spoken, language=None, report=counts.append)
    length_ms = len(spoken) // 16
    starts = [word.start_ms for word in heard.words]
    assert starts
    assert starts == sorted(starts)
    assert all(0 <= word.start_ms <= word.end_ms <= length_ms + 20 for word in heard.words)
    assert all(0.0 <= word.probability <= 1.0 for word in heard.words)
    assert all(0 <= part.start_ms < part.end_ms <= length_ms + 20 for part in heard.speech)
    assert heard.language
    assert heard.model
    assert counts
    assert counts == sorted(set(counts))
    nothing = await speech.transcribe(spoken[:0], language=None, report=counts.append)
    assert (nothing.words, nothing.speech) == ([], [])


async def faces_keep_what_they_promise(faces: Faces) -> None:
    """One list a picture, in order; no face on plain grey; nothing from no pictures."""
    grey = np.full((3, 90, 160, 3), 128, dtype=np.uint8)
    found = await faces.detect(grey)
    assert found.faces == [[], [], []]
    assert found.model
    assert (await faces.detect(grey[:0])).faces == []


async def landmarks_keep_what_they_promise(landmarks: Landmarks) -> None:
    """468 points and a score a crop, in order; no face on plain grey; equal crops give equal points."""
    crops = np.full((3, 192, 192, 3), 128, dtype=np.uint8)
    crops[1, 40:150, 60:130] = 255
    found = await landmarks.mark(crops)
    assert found.points.shape == (3, 468, 3)
    assert found.scores.shape == (3,)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert found.scores[0] < 0.5
    assert np.allclose(found.points[0], found.points[2], atol=1e-3)
    assert found.model
    nothing = await landmarks.mark(crops[:0])
    assert (nothing.points.shape, nothing.scores.shape) == ((0, 468, 3), (0,))
    grey = np.full((2, 224, 224, 3), 128, dtype=np.uint8)
    persons = await landmarks.find_persons(grey)
    assert persons.persons == [[], []]
    assert persons.model
    assert (await landmarks.find_persons(grey[:0])).persons == []


async def voices_keep_what_they_promise(voices: Voices) -> None:
    """One row of unit length a window, in order; silence is zero; the same window has the same row; none for none."""
    tone = np.sin(np.arange(32_000) * 0.05) * 8000 + np.random.default_rng(1).normal(0, 300, 32_000)
    audio = np.concatenate([tone.astype(np.int16), np.zeros(16_000, dtype=np.int16)])
    windows = [TimeRange(start_ms=at, end_ms=at + 800) for at in (0, 2100, 0, 1000)]
    found = await voices.embed(audio, windows)
    assert found.values.shape == (4, 256)
    assert np.allclose(np.linalg.norm(found.values, axis=1), [1, 0, 1, 1], atol=1e-3)
    assert np.allclose(found.values[0], found.values[2], atol=1e-5)
    assert found.model
    assert (await voices.embed(audio, [])).values.shape == (0, 256)


async def sentences_keep_what_they_promise(sentences: Sentences) -> None:
    """One row of unit length a text, in order; equal texts are equal; an empty text is no error; none for none."""
    found = await sentences.embed(["one small step", "", "one small step", "Ünïcödé 漢字 😀"])
    assert found.values.shape == (4, 384)
    assert np.allclose(np.linalg.norm(found.values, axis=1), 1, atol=1e-3)
    assert float(found.values[0] @ found.values[2]) > 0.99
    assert float(found.values[0] @ found.values[3]) < 0.9
    assert found.model
    assert (await sentences.embed([])).values.shape == (0, 384)


async def names_keep_what_they_promise(names: Names) -> None:
    """One list a text, in order, spans inside their text; equal texts are equal; an empty text is no error."""
    texts = ["They joined ⟨Harbour Lines⟩.", "", "They joined ⟨Harbour Lines⟩.", "Ünïcödé 漢字 😀"]
    found = await names.find_names(texts)
    assert len(found.names) == len(texts)
    assert [texts[0][span.begin : span.end] for span in found.names[0]] == ["Harbour Lines"]
    assert found.names[0] == found.names[2]
    assert found.names[1] == found.names[3] == []
    assert found.model
    assert (await names.find_names([])).names == []


async def alignment_keeps_what_it_promises(alignment: Alignment, spoken: Int16, words: list[str]) -> None:
    """One time or none a word, in order, inside its piece; pieces do not mix; none for none."""
    whole = TimeRange(start_ms=0, end_ms=len(spoken) // 16)
    found = await alignment.align(
        spoken, [AlignmentPiece(range=whole, words=words), AlignmentPiece(range=whole, words=[])]
    )
    times = [time for time in found.pieces[0] if time]
    assert len(times) == len(words)
    assert [time.start_ms for time in times] == sorted(time.start_ms for time in times)
    assert all(0 <= time.start_ms < time.end_ms <= whole.end_ms for time in times)
    assert (found.pieces[1], found.scores[1]) == ([], None)
    assert found.scores[0] is not None
    assert found.model
    assert (await alignment.align(spoken, [])).pieces == []
