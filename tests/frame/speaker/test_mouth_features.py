"""Mouth features: which faces are measured, interpolation, and lips while the head turns or nods."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.common import Box, Face
from schemas.documents.clip_tracks import FaceSample, FaceTrack
from streams.frame.analysis.face_tracking import MAX_BRIDGED_MS, box_at
from streams.frame.speaker.mouth_features import (
    MIN_EYES_FACE_PX,
    cut_crops,
    find_spots,
    measure_mouths,
)
from streams.vision.canvas import Canvas
from tests.look.fakes import DarkLipped

CANVAS = Canvas(width=640, height=384, inner_width=640, inner_height=360, scale=0.5)


def track(number: int, looks: dict[int, float], size: float = 100) -> FaceTrack:
    faces = {at: Face(box=Box(x=x, y=200, width=size, height=size * 1.2), score=0.9) for at, x in looks.items()}
    return FaceTrack(track=number, shot=0, samples=[FaceSample(at_ms=at, face=face) for at, face in faces.items()])


def test_a_face_between_two_samples_is_interpolated() -> None:
    one = track(0, {0: 100, 200: 140, 200 + MAX_BRIDGED_MS + 1: 500})
    box = box_at(one, 50)
    assert box is not None
    assert box.x == pytest.approx(110)
    assert box_at(one, 200) is not None
    assert box_at(one, 500) is None, "it was not found for too long"
    assert box_at(one, -10) is None


def test_small_faces_and_crowds_are_left_out() -> None:
    large = [track(number, {0: 100 * number, 160: 100 * number}, 80 + number) for number in range(6)]
    found = find_spots([*large, track(9, {0: 900, 160: 900}, 20)], [0, 80], CANVAS)
    assert [spot.track for spot in found] == [5, 4, 3, 2] * 2
    assert found[0].side == pytest.approx(1.5 * 85 * 1.2 * 0.5)


def test_crops_centre_the_face_and_pad_with_black() -> None:
    pictures = np.full((1, 360, 640), 90, np.uint8)
    pictures[0, 100:160, 0:50] = 250
    crop = cut_crops(pictures, find_spots([track(0, {0: 0, 160: 0})], [0], CANVAS))[0]
    assert crop.shape == (192, 192, 3)
    assert crop[96, 96, 0] == 250
    assert (crop[:, 0] == 0).all()


async def test_a_mouth_opens_and_stirs_but_a_nod_stirs_nothing() -> None:
    wanted = find_spots([track(0, dict.fromkeys(range(0, 400, 80), 100))], list(range(0, 400, 80)), CANVAS)
    face = np.full((192, 192, 3), 240, np.uint8)
    mouthed = face.copy()
    mouthed[105:125, 80:110] = 20
    points = (await DarkLipped().mark(np.stack([face, face, mouthed]))).points
    nodded = points[1].copy()
    nodded[:, 1] += 12
    seen = [points[0], nodded, points[2]]
    mouths = measure_mouths(wanted[:3], seen, [1.0, 1.0, 1.0], CANVAS)
    assert [mouth.opening for mouth in mouths] == pytest.approx([0, 0, 20 / 130], abs=0.01)
    assert mouths[1].stir < 0.001 < 0.02 < mouths[2].stir
    assert measure_mouths(wanted[:3], seen, [0.1, 1.0, 0.1], CANVAS)[0].at_ms == wanted[1].at_ms


async def test_eyes_are_measured_on_large_enough_faces() -> None:
    face = np.full((1, 192, 192, 3), 240, np.uint8)
    points = (await DarkLipped().mark(face)).points

    def eyes(high_px: float) -> float | None:
        wanted = find_spots([track(0, {0: 100, 160: 100}, high_px / 1.2 / CANVAS.scale)], [0], CANVAS)
        return measure_mouths(wanted, points, [1.0], CANVAS)[0].eyes

    assert eyes(MIN_EYES_FACE_PX + 1) is not None
    assert eyes(MIN_EYES_FACE_PX - 1) is None
