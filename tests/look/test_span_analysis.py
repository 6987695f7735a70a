"""Analysis of one span through the real child, with fakes for detector and store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import msgspec
import numpy as np
import pytest

from core.media.sandbox.source_handle import LocalSource
from core.ports.models import FacesFound
from core.progress import Report
from schemas.common import ObjectRef, TimeRange
from schemas.documents.source import SourceIndex
from schemas.events import SpanPlanned
from streams.look.span_analysis import analyse_span
from streams.vision.analysis_input import AnalysisInput
from tests.look.clips import counter, encode, scene
from tests.look.fakes import BrightestFaces, DarkLipped, FileObjects

REF = ObjectRef(key="org/source", sha256="0" * 64, size=1)


def span(end_ms: int, *, has_video: bool = True) -> SpanPlanned:
    return SpanPlanned(
        org_id=UUID(int=1),
        project_id=UUID(int=2),
        ordinal=3,
        span_count=4,
        range=TimeRange(start_ms=0, end_ms=end_ms),
        padded=TimeRange(start_ms=0, end_ms=end_ms),
        source=REF,
        index=REF,
        has_video=has_video,
    )


def eyes_on(
    index: SourceIndex, source: LocalSource, faces: BrightestFaces, scratch: Path, report: Report
) -> AnalysisInput:
    return AnalysisInput(
        index=index,
        source=source,
        faces=faces,
        landmarks=DarkLipped(),
        scratch=scratch,
        report=report,
        warn=pytest.fail,
    )


def with_face(picture: np.ndarray, x: int) -> np.ndarray:
    picture = np.minimum(picture, 200)
    picture[20:50, x : x + 24] = 255
    return picture


async def test_a_span_is_analysed(tmp_path: Path) -> None:
    path, faces, objects = tmp_path / "clip.mp4", BrightestFaces(), FileObjects()
    index = encode(path, [with_face(scene(1), 100)] * 50 + [np.minimum(scene(2), 200)] * 50)
    report, counts = counter()
    with LocalSource(path) as source:
        eyes = eyes_on(index, source, faces, tmp_path, report)
        seen = await analyse_span(span(4000), eyes, objects=objects, prefix="p")
    assert [picture.at_ms for picture in seen.pictures] == [0, 1000, 2000, 3000]
    assert [len(picture.faces) for picture in seen.pictures] == [1, 1, 0, 0]
    box = seen.pictures[0].faces[0].box
    assert (box.x, box.y, box.width, box.height) == pytest.approx((100, 20, 24, 30), abs=3)
    assert [(change.after_ms, change.at_ms) for change in seen.shots] == [(1999, 2000)]
    assert [thumbnail.image.key in objects.bodies for thumbnail in seen.thumbnails] == [True]
    assert counts == sorted(counts)
    assert counts[-1] == 10, "four decoded, four looked at for faces, two without a face for persons"
    assert (seen.ordinal, seen.range.end_ms) == (3, 4000)
    assert seen.model == "luma-shots-2, brightest-1, red-1"


class WaitingFaces(BrightestFaces):
    """A detector with a queue: it answers after a second, without work of its own."""

    async def detect(self, pictures: np.ndarray) -> FacesFound:
        await asyncio.sleep(1)
        return msgspec.structs.replace(await super().detect(pictures), compute_ms=0)


async def test_waiting_for_the_detector_costs_nothing(tmp_path: Path) -> None:
    path, costs = tmp_path / "clip.mp4", []
    index = encode(path, [np.minimum(scene(1), 200)] * 50)
    for faces in (BrightestFaces(), WaitingFaces()):
        with LocalSource(path) as source:
            eyes = eyes_on(index, source, faces, tmp_path, print)
            seen = await analyse_span(span(2000), eyes, objects=FileObjects(), prefix="p")
        costs.append(seen.compute_ms)
    assert faces.batches == [2]
    assert abs(costs[0] - costs[1]) < 500


async def test_a_span_of_sound_alone_has_no_pictures(tmp_path: Path) -> None:
    path, faces = tmp_path / "clip.mp4", BrightestFaces()
    index = msgspec.structs.replace(encode(path, [scene(1)] * 5), video=None)
    with LocalSource(path) as source:
        eyes = eyes_on(index, source, faces, tmp_path, print)
        seen = await analyse_span(span(4000, has_video=False), eyes, objects=FileObjects(), prefix="p")
    assert seen.pictures == []
    assert faces.batches == []
