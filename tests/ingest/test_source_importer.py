"""Ingest as a whole, with real children: an upload or a URL becomes original, index and spans in the store."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from core.errors import InputRejected, Unavailable
from core.ports.outside import Response
from core.progress import Report
from core.settings import MediaLimits, SpanRules
from schemas.common import ObjectRef
from schemas.documents.source import SourceIndex
from schemas.events import UploadReceived
from streams.ingest.partial_downloads import PartialDownloads
from streams.ingest.source_importer import ImportedSource, import_source
from tests.core.media.fakes import ObjectsTwin
from tests.support.media.hostile_files import film

ORG, PROJECT = UUID(int=1), UUID(int=2)
PREFIX = f"{ORG}/{PROJECT}/source/{UUID(int=3)}"
UPLOAD = f"{ORG}/uploads/u/film.mp4"


class OutsideTwin:
    """Serves one body in two halves."""

    def __init__(self, body: bytes = b"") -> None:
        self.body = body

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        raise NotImplementedError

    async def download(
        self, url: str, path: Path, *, max_bytes: int, report: Report, headers: Mapping[str, str]
    ) -> AsyncIterator[int]:
        half = len(self.body) // 2
        for end in (half, len(self.body)):
            path.write_bytes(self.body[:end])
            report(end)
            yield end


async def run(
    scratch: Path,
    objects: ObjectsTwin,
    *,
    key: str | None = UPLOAD,
    url: str | None = None,
    outside: OutsideTwin | None = None,
    counts: list[int] | None = None,
    limits: MediaLimits | None = None,
    rules: SpanRules | None = None,
) -> ImportedSource:
    return await import_source(
        UploadReceived(org_id=ORG, project_id=PROJECT, object_key=key, source_url=url),
        objects=objects,
        outside=outside or OutsideTwin(),
        limits=limits or MediaLimits(),
        rules=rules or SpanRules(),
        partials=PartialDownloads(scratch / "downloads", max_bytes=10**9, now_s=time.time),
        scratch=scratch,
        prefix=PREFIX,
        report=(counts if counts is not None else []).append,
    )


async def test_an_upload_stays_at_its_key(tmp_path: Path) -> None:
    body = film(tmp_path / "film.mp4", seconds=6).read_bytes()
    objects, counts = ObjectsTwin(**{UPLOAD: body}), list[int]()
    rules = SpanRules(target_ms=2000, search_ms=500, overlap_ms=400, padding_ms=100)
    prepared = await run(tmp_path, objects, counts=counts, rules=rules)
    assert (prepared.source.key, prepared.source.size) == (UPLOAD, len(body))
    assert prepared.source.sha256 == hashlib.sha256(body).hexdigest()
    assert msgspec.msgpack.decode(objects.bodies[prepared.index_ref.key], type=SourceIndex) == prepared.index
    assert [span.ordinal for span in prepared.spans] == [0, 1, 2]
    assert all(span.audio is not None and objects.bodies[span.audio.key][:4] == b"fLaC" for span in prepared.spans)
    assert all(key.startswith(PREFIX) for key in objects.bodies if key != UPLOAD)
    assert counts == sorted(counts)
    assert counts[-1] > len(body)
    assert prepared.cpu_ms > 0
    assert not list(tmp_path.glob("*.bin"))


class NoFlac(ObjectsTwin):
    """A store that goes away when sound comes, and is slow about the others."""

    asked, stored = 0, 0

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        if suffix != ".flac":
            return await super().put_file(prefix, path, content_type, suffix, report)
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("objects", "it went away")
        await asyncio.sleep(0.05)
        self.stored += 1
        return await super().put_file(prefix, path, content_type, suffix, report)


async def test_a_store_lost_between_spans_stops_the_import(tmp_path: Path) -> None:
    """The next attempt stores them all: those of this one would take its place, and its files are gone."""
    body = film(tmp_path / "film.mp4", seconds=6).read_bytes()
    rules = SpanRules(target_ms=2000, search_ms=500, overlap_ms=400, padding_ms=100)
    objects = NoFlac(**{UPLOAD: body})
    with pytest.raises(Unavailable, match="it went away"):
        await run(tmp_path, objects, rules=rules)
    await asyncio.sleep(0.2)
    assert (objects.asked, objects.stored) == (3, 0)


async def test_a_download_is_stored_under_the_project(tmp_path: Path) -> None:
    body = film(tmp_path / "film.mp4").read_bytes()
    objects = ObjectsTwin()
    prepared = await run(tmp_path, objects, key=None, url="https://a.example/film", outside=OutsideTwin(body))
    assert prepared.source.key.startswith(PREFIX)
    assert objects.bodies[prepared.source.key] == body


async def test_storing_a_download_moves_the_counter(tmp_path: Path) -> None:
    """Otherwise the lease of a large file would expire at every attempt while it is stored."""
    body = film(tmp_path / "film.mp4").read_bytes()
    counts = list[int]()
    await run(tmp_path, ObjectsTwin(), key=None, url="https://a.example/film", outside=OutsideTwin(body), counts=counts)
    assert counts == sorted(counts)
    assert any(2 * len(body) == count for count in counts), "fetched, then stored"


async def test_the_same_source_gives_the_same_objects(tmp_path: Path) -> None:
    body = film(tmp_path / "film.mp4").read_bytes()
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        prepared = await run(tmp_path / name, ObjectsTwin(**{UPLOAD: body}))
        made.append((prepared.index_ref, [span.audio for span in prepared.spans]))
    assert made[0] == made[1]


async def test_silent_pictures_have_spans_without_audio(tmp_path: Path) -> None:
    body = film(tmp_path / "film.mp4", sound=False).read_bytes()
    prepared = await run(tmp_path, ObjectsTwin(**{UPLOAD: body}))
    assert [span.audio for span in prepared.spans] == [None]
    assert prepared.index.audio is None


@pytest.mark.parametrize(
    ("body", "limits", "reason"),
    [
        (None, MediaLimits(), "upload.not_found"),
        (b"", MediaLimits(), "media.corrupt"),
        (b"x" * 100, MediaLimits(max_bytes=99), "media.too_large"),
        (b"x" * 100, MediaLimits(), "media.corrupt"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.ts\n", MediaLimits(), "media.unsupported"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", MediaLimits(), "media.unsupported"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><MPD/>", MediaLimits(), "media.unsupported"),
    ],
)
async def test_unusable_sources_are_refused_with_a_reason(
    body: bytes | None, limits: MediaLimits, reason: str, tmp_path: Path
) -> None:
    objects = ObjectsTwin() if body is None else ObjectsTwin(**{UPLOAD: body})
    with pytest.raises(InputRejected) as refused:
        await run(tmp_path, objects, limits=limits)
    assert refused.value.reason == reason


async def test_too_long_files_are_refused_by_their_packets(tmp_path: Path) -> None:
    body = film(tmp_path / "film.mp4", seconds=6).read_bytes()
    with pytest.raises(InputRejected, match=r"media\.too_long"):
        await run(tmp_path, ObjectsTwin(**{UPLOAD: body}), limits=MediaLimits(max_duration_ms=5_000))


async def test_an_upload_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match=r"url\.invalid"):
        await run(tmp_path, ObjectsTwin(), key=None)
