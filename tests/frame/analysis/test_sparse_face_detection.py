"""Sparse face detection: between two samples that agree faces are interpolated; otherwise detected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schemas.common import Box, Face, TimeRange
from streams.frame.analysis.sparse_face_detection import find_faces_sparsely, frames_by_shot, match_faces
from streams.vision.canvas import Canvas
from tests.look.fakes import BrightestFaces

CANVAS = Canvas(width=96, height=96, inner_width=96, inner_height=96, scale=0.5)


def pictures(path: Path, lefts: list[int | None]) -> None:
    """A white square at each left edge; none where that is None."""
    whole = np.zeros((len(lefts), 96, 96, 3), np.uint8)
    for picture, left in zip(whole, lefts, strict=True):
        if left is not None:
            picture[30:60, left : left + 30] = 255
    path.write_bytes(whole.tobytes())


async def detect_faces(
    folder: Path, lefts: list[int | None], shots: list[TimeRange] | None = None
) -> tuple[list[list[Face]], int]:
    pictures(folder / "faces.raw", lefts)
    at_ms, model = [160 * place for place in range(len(lefts))], BrightestFaces()
    whole = TimeRange(start_ms=0, end_ms=160 * len(lefts))
    counts: list[int] = []
    found = await find_faces_sparsely(
        model, folder / "faces.raw", CANVAS, at_ms, shots or [whole], least_score=0.3, report=counts.append, counted=5
    )
    assert counts == sorted(counts)
    assert counts[-1] == 5 + sum(model.batches)
    assert found.compute_ms == 10 * sum(model.batches)
    return found.faces, sum(model.batches)


async def test_a_face_that_stays_costs_a_quarter_and_is_in_every_picture(tmp_path: Path) -> None:
    faces, asked = await detect_faces(tmp_path, [20] * 41)
    assert asked == 11
    assert [[(face.box.x, face.box.width) for face in there] for there in faces] == [[(40.0, 60.0)]] * 41


async def test_a_moving_face_is_detected_in_every_picture(tmp_path: Path) -> None:
    lefts = [2 + 5 * place for place in range(13)]
    faces, asked = await detect_faces(tmp_path, list(lefts))
    assert asked == 13
    assert [there[0].box.x for there in faces] == pytest.approx([2 * left for left in lefts], abs=1)


async def test_a_slow_drift_is_interpolated_between_detections(tmp_path: Path) -> None:
    lefts = [10 + place // 2 for place in range(9)]
    faces, asked = await detect_faces(tmp_path, list(lefts))
    assert asked == 3
    assert [there[0].box.x for there in faces] == pytest.approx([2 * left for left in lefts], abs=1)


async def test_frames_around_a_coming_face_are_searched(tmp_path: Path) -> None:
    lefts: list[int | None] = [None] * 6 + [40] * 5 + [None] * 6
    faces, asked = await detect_faces(tmp_path, lefts)
    assert [bool(there) for there in faces] == [left is not None for left in lefts]
    assert asked < len(lefts)


async def test_no_face_is_carried_over_a_cut(tmp_path: Path) -> None:
    shots = [TimeRange(start_ms=0, end_ms=5 * 160), TimeRange(start_ms=5 * 160, end_ms=12 * 160)]
    faces, _ = await detect_faces(tmp_path, [10] * 5 + [60] * 7, shots)
    assert [there[0].box.x for there in faces] == [20.0] * 5 + [120.0] * 7


async def test_a_clip_without_pictures_needs_no_detection(tmp_path: Path) -> None:
    (tmp_path / "faces.raw").write_bytes(b"")
    model = BrightestFaces()
    found = await find_faces_sparsely(
        model, tmp_path / "faces.raw", CANVAS, [], [], least_score=0.3, report=lambda _: None
    )
    assert (found.faces, model.batches) == ([], [])


def test_pictures_of_one_shot_belong_together() -> None:
    shots = [TimeRange(start_ms=0, end_ms=300), TimeRange(start_ms=300, end_ms=900)]
    assert frames_by_shot([0, 160, 320, 480, 900], shots) == [[0, 1], [2, 3], [4]]


def face(x: float) -> Face:
    return Face(box=Box(x=x, y=0, width=40, height=40), score=0.9)


def test_two_detections_agree_when_all_faces_match() -> None:
    assert match_faces([face(0), face(100)], [face(102), face(1)]) == [(face(0), face(1)), (face(100), face(102))]
    assert match_faces([face(0)], [face(0), face(100)]) is None
    assert match_faces([face(0)], [face(30)]) is None
    assert match_faces([], []) == []
