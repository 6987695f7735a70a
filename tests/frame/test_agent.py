"""The frame stage analyses only new ranges at both ends, and its progress counter grows throughout."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.media.sandbox.source_handle import LocalSource, SourceHandle
from core.progress import Steps
from core.storage.clips import ClipMedia
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents import encode_document
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.source import SourceIndex
from streams.frame.agent import FrameInputs, FrameStage
from tests.frame.test_clip_analysis import analysed, video
from tests.look.clips import counter
from tests.look.fakes import BrightestFaces, DarkLipped

__all__ = ["video"]
NOTHING = ObjectRef(key="k", sha256="0" * 64, size=1)


class ContextTwin:
    """The parts of a context that the analysis uses: one stored document, one local source, faces."""

    def __init__(self, seen: ClipTracks, path: Path) -> None:
        self.faces, self.landmarks, self.cache, self.objects = BrightestFaces(), DarkLipped(), self, self
        self._seen, self._path = seen, path

    async def get(self, _: ObjectRef) -> bytes:
        return encode_document(self._seen)

    @asynccontextmanager
    async def open(self, key: str, size: int) -> AsyncIterator[SourceHandle]:
        with LocalSource(self._path) as source:
            yield source


@pytest.fixture
def wider() -> events.ExportRequested:
    owner: dict[str, Any] = {"org_id": uuid.uuid4(), "project_id": uuid.uuid4(), "clip_id": uuid.uuid4()}
    return events.ExportRequested(
        **owner,
        export_id=uuid.uuid4(),
        ordinal=0,
        edit_version=2,
        rendition=events.Rendition(range=TimeRange(start_ms=0, end_ms=5000), aspect="1:1", captions=True),
    )


async def test_a_wider_export_analyses_only_the_two_new_ends(
    video: tuple[Path, SourceIndex], wider: events.ExportRequested, tmp_path: Path
) -> None:
    seen = await analysed(video, tmp_path, 1480, 4000)
    stage = FrameStage(ContextTwin(seen, video[0]))  # type: ignore[arg-type]
    report, counts = counter()
    known = FrameInputs(
        media=ClipMedia(source=NOTHING, index=NOTHING, tracks=NOTHING, edit=None), transcript=None, heard=[]
    )
    made = await stage._tracks(wider, known, video[1], Steps(report), tmp_path, seen, wider.rendition.range)
    tracks, cpu_ms = made.tracks, made.cpu_ms
    fresh = tracks.pictures_looked_at - seen.pictures_looked_at
    assert tracks.range == wider.rendition.range
    assert 60 < fresh < 125, "two ends and a little around them, not all of it"
    assert cpu_ms == tracks.compute_ms - seen.compute_ms > 0
    assert counts == sorted(counts)
    assert counts[-1] >= fresh, "the second stretch counts on from the first"
