"""Camera path: it rather cuts hair than a face, and moves no farther than necessary."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from schemas.common import TimeRange
from streams.frame.planning.camera_path import (
    FRAME_MS,
    MAX_PLACES_PER_STEP,
    PLACES_PER_CROP,
    STEP_MS,
    CameraPath,
    SubjectTrack,
    plan_path,
)

SECONDS, LENGTH = 20, 400.0


def planned_path(left: Callable[[float], float], wide: float = 240) -> tuple[SubjectTrack, CameraPath]:
    at_ms = np.arange(0, SECONDS * 1_000, 160, dtype=np.float64)
    face = np.asarray([(left(ms / 1_000), left(ms / 1_000) + wide) for ms in at_ms])
    track = SubjectTrack(at_ms=at_ms, spans=face + np.asarray([-0.2 * wide, 0.2 * wide]), faces=face)
    whole = TimeRange(start_ms=0, end_ms=SECONDS * 1_000)
    found = plan_path(track, whole, length=LENGTH, low=0, high=1_280, source_px=1_280, crop_px=round(LENGTH))
    assert found is not None
    return track, found


def starts(found: CameraPath, at_ms: np.ndarray) -> np.ndarray:
    return np.interp(at_ms, found.at_ms, found.starts)


def whole_faces(track: SubjectTrack, found: CameraPath) -> float:
    at = starts(found, track.at_ms)
    return float(((track.faces[:, 0] >= at) & (track.faces[:, 1] <= at + LENGTH)).mean())


def test_a_swaying_head_that_fills_the_crop_keeps_its_face() -> None:
    track, found = planned_path(
        lambda s: float(np.interp(s, [4, 12], [200, 700])) + (30 * np.sin(3 * s) if s > 12 else 0)
    )
    assert whole_faces(track, found) > 0.98
    moved = starts(found, np.arange(13_000, SECONDS * 1_000, FRAME_MS))
    assert np.ptp(moved) < 0.1 * LENGTH, "it stands, and does not sway with them"


@pytest.mark.parametrize("far", [300, 500, 700])
def test_a_path_is_only_as_long_as_the_head_needs(far: float) -> None:
    track, found = planned_path(lambda s: float(np.interp(s, [4, 14], [200, 200 + far])), wide=150)
    gone = float(np.abs(np.diff(found.starts)).sum())
    room = LENGTH - 1.4 * 150
    assert whole_faces(track, found) > 0.98
    assert far - room <= gone <= far - room + 0.3 * LENGTH


def test_a_path_never_exceeds_its_speed() -> None:
    _, found = planned_path(lambda s: float(np.interp(s, [4, 8], [100, 900])), wide=120)
    at = starts(found, np.arange(0, SECONDS * 1_000, FRAME_MS))
    assert np.abs(np.diff(at)).max() <= MAX_PLACES_PER_STEP * LENGTH / PLACES_PER_CROP / STEP_MS * FRAME_MS + 0.3


def test_a_return_trip_is_followed_no_farther_than_needed() -> None:
    wide, far = 150, 400
    track, found = planned_path(
        lambda s: float(np.interp(s, [2, 7, 10, 15], [200, 200 + far, 200 + far, 200])), wide=wide
    )
    gone = float(np.abs(np.diff(found.starts)).sum())
    assert whole_faces(track, found) > 0.98
    assert gone <= 1.15 * 2 * (far - (LENGTH - 1.4 * wide))


def test_a_standing_person_has_room_on_both_sides() -> None:
    track, found = planned_path(lambda s: float(np.interp(s, [1, 5], [200, 700])), wide=150)
    head, start = track.spans[-1], starts(found, track.at_ms)[-1]
    assert min(head[0] - start, start + LENGTH - head[1]) >= 0.1 * LENGTH
