"""Framing checks of faces and movement, frame by frame, from crops alone, without a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.quality import Check, FaceExpectation
from schemas.documents.scene import Letters
from streams.render.quality.check_framing import check_framing
from streams.render.quality.container import FileTracks
from streams.render.quality.probe import ProbedFile
from streams.render.quality.reference_frames import ReferenceFrame, ReferenceFrames
from streams.render.quality.subject import CheckSubject, Expectation
from streams.renderer.timeline.slots import OutputTimeline

COUNT = 100
WIDTH = 1_920
TIMELINE = OutputTimeline(start_ms=0, rate_numerator=25, rate_denominator=1, count=COUNT)
NOWHERE = np.zeros((2, 2), np.uint8)


def shot(x: int, y: int, start_ms: int = 0, end_ms: int = 4_000) -> ShotCrop:
    crop = CropBox(x=x, y=y, width=600, height=1_000)
    return ShotCrop(range=TimeRange(start_ms=start_ms, end_ms=end_ms), mode="hold", crop=crop, reason="test")


def checked(
    shots: list[ShotCrop],
    times_ms: list[int] | None = None,
    looks: dict[int, Box] | None = None,
    signs: Sequence[Letters] = (),
    *,
    is_found: bool = True,
) -> dict[str, Check]:
    """``shots`` slot by slot, of pictures of the source at ``times_ms``."""
    witness = ReferenceFrames()
    for number, one in enumerate(shots):
        at_ms = times_ms[number] if times_ms else number * 40
        witness.frames[number] = ReferenceFrame(source_ms=at_ms, shot=one, luma=NOWHERE)
    expected = [
        FaceExpectation(at_ms=at_ms, box=box, speaks=is_found, is_found=is_found)
        for at_ms, box in (looks or {}).items()
    ]
    plan = FramePlan(
        clip_id="clip", aspect="9:16", range=TimeRange(start_ms=0, end_ms=4_000), source_width=WIDTH,
        source_height=1_080, shots=shots[:1], expected=expected, signs=list(signs),
    )  # fmt: skip
    tracks = FileTracks(
        width_px=1, height_px=1, frames=len(shots), frame_rate=25, video_ms=4_000, audio_ms=0, index_first=True
    )
    film = ProbedFile(path=Path("clip.mp4"), tracks=tracks, sizes=[], keys=[], stills=[], sound=None)
    sound = np.zeros((0, 2), np.float32)
    meant = Expectation(plan=plan, timeline=TIMELINE, size_px=(1_080, 1_920), sound=sound, reference=witness)
    return {check.name: check for check in check_framing(CheckSubject(probed=film, expected=meant))}


@pytest.mark.parametrize(("x", "y", "way"), [(6, 0, 2.0), (0, 3, 1.0), (-6, 0, 2.0), (9, 12, 5.0)])
def test_movement_is_scaled_to_a_source_640_px_wide(x: int, y: int, way: float) -> None:
    found = checked([shot(600 + x * n, 20 + y * n, n * 40, n * 40 + 40) for n in range(COUNT)])
    assert found["jitter"].value == pytest.approx(way, abs=0.01)
    assert found["reversals"].value == 0


@pytest.mark.parametrize("up", [False, True])
def test_each_turn_counts_and_a_rest_between_makes_no_difference(up: bool) -> None:
    ways = [0, 6, 12, 12, 12, 6, 0, 6] + [6] * (COUNT - 8)
    found = checked([shot(0 if up else at, at if up else 0, n * 40, n * 40 + 40) for n, at in enumerate(ways)])
    assert found["reversals"].value == pytest.approx(2 / 4)


def test_a_cut_does_not_count_as_movement() -> None:
    found = checked([shot(0 if n < 50 else 900, 0, n // 50 * 2_000, n // 50 * 2_000 + 2_000) for n in range(COUNT)])
    assert (found["jitter"].value, found["reversals"].value) == (0, 0)


def test_only_samples_of_played_source_count_once_each() -> None:
    """Played at half the speed, and without the time from 1,000 to 2,000 ms, in which the face is elsewhere."""
    inside, outside = Box(x=100, y=100, width=100, height=100), Box(x=1_500, y=100, width=100, height=100)
    looks = {at_ms: outside if 1_000 <= at_ms < 2_000 else inside for at_ms in range(0, 3_000, 160)}
    times = [n * 20 for n in range(50)] + [2_010 + n * 20 for n in range(50)]
    found = checked([shot(0, 0)] * COUNT, times, looks)
    assert found["nobody_in_frame"].value == 0
    assert found["nobody_in_frame"].detail.startswith("13 looks"), "7 before what is cut out, 6 after it"
    looks[480] = msgspec.structs.replace(inside, x=560.0)
    found = checked([shot(0, 0)] * COUNT, times, looks)
    assert found["cut_face"].value == pytest.approx(1 / 13, abs=1e-3)
    assert found["cut_face"].at_ms == [480 // 20 * 40]


@pytest.mark.parametrize(("width", "verdict"), [(1_920, "pass"), (1_800, "pass"), (606, "fail")])
def test_a_crop_that_may_lose_an_undetected_person_does_not_pass(width: int, verdict: str) -> None:
    whole = Box(x=0, y=0, width=1_920, height=1_080)
    crop = CropBox(x=(WIDTH - width) // 2, y=0, width=width, height=1_080)
    painted = msgspec.structs.replace(shot(0, 0), crop=crop)
    found = checked([painted] * COUNT, looks=dict.fromkeys(range(0, 4_000, 160), whole), is_found=False)
    assert found["cut_face"].verdict == verdict
    assert "without a detected person though other shots show one" in found["cut_face"].detail


@pytest.mark.parametrize(("x", "share"), [(100, 0.0), (620, 0.0), (400, 1.0), (-30, 1.0)])
def test_letters_that_the_edge_cuts_count_those_left_out_do_not(x: int, share: float) -> None:
    """Of the crop's 600 columns; the line stands for the first half."""
    sign = Letters(range=TimeRange(start_ms=0, end_ms=2_000), box=Box(x=x, y=50, width=300, height=40))
    found = checked([shot(0, 0)] * COUNT, signs=[sign])["cut_letters"]
    assert found.value == share
    assert found.detail == "50 pictures with titles, signs or names"
    assert found.verdict == ("fail" if share else "pass")
    assert found.at_ms == ([0, 1_000] if share else [])


def test_a_clip_without_letters_cuts_none() -> None:
    assert checked([shot(0, 0)] * COUNT)["cut_letters"].verdict == "pass"
