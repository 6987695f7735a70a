"""Ranges of an edit that need analysis, and manual crops over automatic ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.framing.geometry import view
from schemas.common import Box, CropBox, Face, TimeRange
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.edit import CropKey
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.quality import FaceExpectation
from streams.frame.edit_ranges import analysis_ranges
from streams.frame.manual_crops import apply_manual_crops, fit_to_aspect, join_plans


def time(start_ms: int, end_ms: int) -> TimeRange:
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def plan(start_ms: int, end_ms: int, *cuts: int) -> FramePlan:
    edges = [start_ms, *cuts, end_ms]
    shots = [
        ShotCrop(range=time(one, other), mode="hold", crop=CropBox(x=9, y=0, width=90, height=160), reason="face")
        for one, other in pairwise(edges)
    ]
    return FramePlan(
        clip_id="c", aspect="9:16", range=time(start_ms, end_ms), source_width=320, source_height=180, shots=shots
    )


def test_near_ranges_are_analysed_as_one_and_far_ones_apart() -> None:
    found = analysis_ranges([time(30_000, 31_000), time(2_000, 3_000), time(0, 1_000), time(500, 900)])
    assert found == [time(0, 3_000), time(30_000, 31_000)]


def test_plans_of_ranges_are_joined() -> None:
    face = Box(x=20, y=20, width=40, height=50)
    first, second = (
        msgspec.structs.replace(plan(*ends), expected=[FaceExpectation(at_ms=ends[0], box=face, speaks=True)])
        for ends in ((0, 1_000), (9_000, 10_000, 9_500))
    )
    both = join_plans([first, second])
    assert [one.at_ms for one in both.expected] == [0, 9_000]
    assert both.range == time(0, 10_000)
    assert [shot.range.start_ms for shot in both.shots] == [0, 9_000, 9_500]
    with pytest.raises(ValueError, match="segment"):
        join_plans([])


def test_key_frames_win_from_the_first_on() -> None:
    keys = [CropKey(at_ms=at, crop=CropBox(x=at // 100, y=0, width=90, height=160)) for at in (1_500, 4_000)]
    found = apply_manual_crops(plan(0, 5_000, 2_000), keys)
    assert [(shot.range.start_ms, shot.range.end_ms, shot.crop.x) for shot in found.shots] == [
        (0, 1_500, 9),
        (1_500, 4_000, 15),
        (4_000, 5_000, 40),
    ]
    assert found.shots[-1].reason == "a person's key frame"
    face = FaceSample(at_ms=0, face=Face(box=Box(x=45, y=20, width=40, height=50), score=0.9))
    seen = [msgspec.structs.replace(face, at_ms=at) for at in (1_000, 2_000, 4_500)]
    expected = [FaceExpectation(at_ms=one.at_ms, box=one.face.box, speaks=False) for one in seen]
    moved = [CropKey(at_ms=at, crop=CropBox(x=x, y=0, width=90, height=160)) for at, x in ((1_500, 40), (4_000, 200))]
    told = apply_manual_crops(msgspec.structs.replace(plan(0, 5_000), faces=seen, expected=expected), moved)
    assert [one.at_ms for one in told.faces] == [1_000, 2_000]
    assert [one.at_ms for one in told.expected] == [1_000], "from then on a person says who is shown"
    untouched = plan(0, 5_000)
    assert apply_manual_crops(untouched, []) is untouched


@pytest.mark.parametrize(("ease", "early"), [("linear", 0.25), ("smooth", 0.156)])
def test_a_key_frame_may_be_moved_to(ease: Literal["linear", "smooth"], early: float) -> None:
    first = CropKey(at_ms=1_000, crop=CropBox(x=0, y=0, width=90, height=160))
    then = CropKey(at_ms=3_000, crop=CropBox(x=200, y=20, width=90, height=160), ease=ease)
    before, moves, stays = apply_manual_crops(plan(0, 5_000), [first, then]).shots
    assert [one.mode for one in (before, moves, stays)] == ["hold", "follow", "hold"]
    assert [view(moves, at_ms).x for at_ms in (1_000, 2_000, 3_000)] == pytest.approx([0, 100, 200], abs=1)
    assert view(moves, 1_500).x == pytest.approx(200 * early, abs=2)
    assert view(moves, 2_000).y == pytest.approx(10, abs=1)
    assert (stays.crop.x, stays.range.start_ms, stays.range.end_ms) == (200, 3_000, 5_000)


def test_a_key_frame_may_come_nearer() -> None:
    near = CropKey(at_ms=3_000, crop=CropBox(x=100, y=40, width=45, height=80), ease="smooth")
    whole = CropKey(at_ms=1_000, crop=CropBox(x=0, y=0, width=90, height=160))
    _, moves, _ = apply_manual_crops(plan(0, 5_000), [whole, near]).shots
    widths = [view(moves, at_ms).width for at_ms in range(1_000, 3_001, 250)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(45, abs=2)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(2, 900), st.integers(2, 900))
def test_any_crop_is_fitted_to_the_aspect_inside_the_picture(x: int, y: int, width: int, height: int) -> None:
    crop = fit_to_aspect(CropBox(x=x, y=y, width=width, height=height), plan(0, 1))
    assert 0 <= crop.x <= 320 - crop.width
    assert 0 <= crop.y <= 180 - crop.height
    assert crop.width / crop.height == pytest.approx(9 / 16, abs=0.06)
