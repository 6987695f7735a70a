"""Unknown speaker: all candidates are stacked, unless they fit into one crop."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks, SpeakingTurn
from schemas.documents.frame_plan import FramePlan
from streams.frame.planning.plan import plan_crops
from tests.frame.planning.test_plan import Looks, clip, every, ranges, source
from tests.frame.planning.test_speaker_cuts import LENGTH_MS, SHOT, SLOWLY, Said, pair


def unsure_tracks(said: Said, faces: Sequence[Looks], confidence: float) -> ClipTracks:
    turns = [
        SpeakingTurn(track=who, range=TimeRange(start_ms=start, end_ms=end), confidence=confidence)
        for who, start, end in said
    ]
    return msgspec.structs.replace(clip(ranges(0, LENGTH_MS), faces), turns=turns)


def plan_unsure(said: Said, faces: Sequence[Looks], confidence: float = 0.3) -> FramePlan:
    return plan_crops(unsure_tracks(said, faces, confidence), source(), "9:16", SHOT)


def test_an_unsure_speaker_is_not_shown_alone() -> None:
    (shot,) = plan_unsure(SLOWLY, pair()).shots
    assert (shot.mode, len(shot.panes)) == ("split", 2)
    assert "sure of 0.0 of" in shot.reason
    assert {one.mode for one in plan_unsure(SLOWLY, pair(), 0.9).shots} == {"cut"}
    alone = [(0, 0, LENGTH_MS)]
    assert [one.mode for one in plan_unsure(alone, pair()).shots] == ["split"]
    assert [one.mode for one in plan_unsure(alone, pair(), 0.9).shots] == ["hold"]


def test_people_in_one_crop_are_held() -> None:
    (shot,) = plan_unsure(SLOWLY, pair(x=560)).shots
    assert shot.mode == "hold"


def test_one_walking_person_with_two_tracks_is_not_stacked() -> None:
    walked: list[Looks] = [(0, 300, 140, every(0, 10_000)), (0, 1500, 140, every(10_000, LENGTH_MS))]
    assert "split" not in {one.mode for one in plan_unsure(SLOWLY, walked).shots}


@pytest.mark.parametrize(
    ("sizes", "mode"),
    [((140, 150), "split"), ((140, 70), "hold"), ((140, 150, 140), "split"), ((130, 130, 130, 130), "hold")],
)
def test_two_or_three_equal_silent_people_are_stacked(sizes: Sequence[float], mode: str) -> None:
    faces: list[Looks] = [(0, 100 + 420 * place, size, every(0, LENGTH_MS)) for place, size in enumerate(sizes)]
    shots = plan_unsure([], faces).shots
    assert [one.mode for one in shots] == [mode]


def test_a_glance_at_people_shows_one_of_them() -> None:
    faces: list[Looks] = [(0, x, 140, every(0, 2_000)) for x in (300, 1500)]
    short = clip(ranges(0, 2_000), faces)
    shots = plan_crops(short, source(), "9:16", TimeRange(start_ms=0, end_ms=2_000)).shots
    assert [one.mode for one in shots] == ["hold"]
