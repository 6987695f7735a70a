"""Eye openness from landmarks, and the face that eyes belong to, by time and place."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.common import Box, Face
from schemas.documents.clip_tracks import FaceSample, Mouth
from streams.frame.speaker.eye_openness import EYES, EyeMarks, measure_eye_openness


@pytest.mark.parametrize(("ratio", "found"), [(0.3, 1.0), (0.185, 0.5), (0.05, 0.0)])
def test_eye_openness_is_the_height_of_the_lids(ratio: float, found: float) -> None:
    points = np.zeros((468, 3), np.float32)
    for eye, width in zip(EYES, (40.0, 10.0), strict=True):  # the other is turned away, and not looked at
        outer, inner, *lids = eye
        points[outer], points[inner] = (0, 0, 0), (width, 0, 0)
        for number, lid in enumerate(lids):
            points[lid] = (width / 2, (ratio if eye is EYES[0] else 0.0) * width * (number % 2), 0)
    assert measure_eye_openness(points) == pytest.approx(found, abs=0.01)


def mouth(at_ms: int, x: float, eyes: float | None) -> Mouth:
    return Mouth(at_ms=at_ms, x=x, y=50, height_px=40, opening=0, stir=0, yaw_deg=0, pitch_deg=0, roll_deg=0, eyes=eyes)


def test_a_face_has_the_eyes_marked_nearest_to_it() -> None:
    eyes = EyeMarks([mouth(1_000, 50, 0.2), mouth(1_000, 250, 0.9), mouth(1_040, 50, 0.3), mouth(2_000, 50, None)])

    def found(at_ms: int, x: float) -> float | None:
        return eyes.openness_of(FaceSample(at_ms=at_ms, face=Face(box=Box(x=x, y=0, width=100, height=100), score=1)))

    assert (found(1_000, 0), found(1_120, 0), found(1_000, 200)) == (0.2, 0.3, 0.9)
    assert found(1_060, 0) == 0.2, "a blink beside it counts"
    assert (found(1_200, 0), found(2_000, 0), found(1_000, 400)) == (None, None, None)
