"""Speaker cuts: a cut at a change of speaker, never a quick one; a split screen if cuts come too fast."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.domain.framing.geometry import share_shown, views
from schemas.common import Aspect, TimeRange
from schemas.documents.clip_tracks import ClipTracks, SpeakingTurn, VoiceCurve
from schemas.documents.frame_plan import FramePlan
from streams.frame.planning.plan import plan_crops
from streams.frame.planning.speaker_cuts import LEAD_MS, MIN_ON_SCREEN_MS, PictureTurn, assign_picture, served_ratio
from tests.frame.planning.test_plan import LEFT, RIGHT, Looks, clip, every, look, ranges, source

LENGTH_MS = 20_000
SHOT = TimeRange(start_ms=0, end_ms=LENGTH_MS)
Said = Sequence[tuple[int, int, int]]
"""Track, start, end."""


def spoken_tracks(said: Said, faces: Sequence[Looks]) -> ClipTracks:
    turns = [
        SpeakingTurn(track=who, range=TimeRange(start_ms=start, end_ms=end), confidence=0.9) for who, start, end in said
    ]
    return msgspec.structs.replace(clip(ranges(0, LENGTH_MS), faces), turns=turns)


def pair(x: float = 1500) -> list[Looks]:
    return [(0, 300, 140, every(0, LENGTH_MS)), (0, x, 140, every(0, LENGTH_MS))]


def plan_cuts(said: Said, faces: Sequence[Looks] | None = None, aspect: Aspect = "9:16") -> FramePlan:
    return plan_crops(spoken_tracks(said, faces or pair()), source(), aspect, SHOT)


SLOWLY = [(0, 0, 5_000), (1, 5_200, 11_000), (0, 11_300, 20_000)]
QUICKLY = [(number % 2, 1_000 * number, 1_000 * number + 900) for number in range(20)]


def test_the_crop_cuts_to_the_active_speaker() -> None:
    found = plan_cuts(SLOWLY)
    assert [(shot.mode, shot.range.start_ms) for shot in found.shots] == [("cut", 0), ("cut", 5_000), ("cut", 11_000)]
    assert found.shots[-1].range.end_ms == LENGTH_MS
    left, right, again = (shot.crop for shot in found.shots)
    assert left == again
    assert left.x < 300 < 440 < left.x + left.width
    assert right.x < 1500 < 1640 < right.x + right.width
    assert {shot.shows for shot in found.shots} == {"speaker"}
    assert "cuts between 2 people" in found.shots[0].reason
    assert {shot.mode for shot in found.safer} == {"hold"}


def test_a_short_interjection_causes_no_cut() -> None:
    said = [(0, 0, 5_000), (1, 5_100, 5_500), (0, 5_600, 9_000), (1, 9_100, 14_000), (0, 14_200, 20_000)]
    assert [shot.range.start_ms for shot in plan_cuts(said).shots] == [0, 9_000, 14_000]


def test_a_turn_that_is_found_late_is_cut_to_a_little_early() -> None:
    said = [(0, 0, 5_000), (1, 8_000, 8_300), (1, 8_700, 14_000), (0, 14_200, 20_000)]
    assert [shot.range.start_ms for shot in plan_cuts(said).shots] == [0, 7_200, 14_000]


def test_the_cut_falls_into_the_pause_near_by() -> None:
    level = [-50.0 if 4_000 <= at < 4_600 or 9_000 <= at < 9_100 else -20.0 for at in range(0, LENGTH_MS, 40)]
    voice = VoiceCurve(start_ms=0, step_ms=40, level_db=level)
    tracks = msgspec.structs.replace(spoken_tracks(SLOWLY, pair()), voice=voice)
    shots = plan_crops(tracks, source(), "9:16", SHOT).shots
    assert [shot.range.start_ms for shot in shots] == [0, 4_600 - LEAD_MS, 11_000], "there is no pause near 11 s"


def test_a_speaker_inside_the_current_crop_causes_no_cut() -> None:
    faces: list[Looks] = [(0, x, 140, every(0, LENGTH_MS)) for x in (200, 1_100, 2_200)]
    said = [(0, 0, 6_000), (1, 6_200, 9_000), (2, 9_300, 14_000), (0, 14_200, 20_000)]
    shots = plan_crops(spoken_tracks(said, faces), source(2_560, 960), "16:9", SHOT).shots
    assert [(shot.mode, shot.range.start_ms) for shot in shots] == [("cut", 0), ("cut", 9_000), ("cut", 14_000)]
    for who, start, end in said:
        shot = next(one for one in shots if one.range.start_ms <= (start + end) // 2 < one.range.end_ms)
        x = faces[who][1]
        assert shot.crop.x < x < x + 140 < shot.crop.x + shot.crop.width


def test_a_speaker_is_held_after_moving_between_turns() -> None:
    tracks = spoken_tracks(SLOWLY, pair())
    first = tracks.tracks[0]
    walked = [
        msgspec.structs.replace(
            one, face=msgspec.structs.replace(one.face, box=msgspec.structs.replace(one.face.box, x=900))
        )
        if one.at_ms > 8_000
        else one
        for one in first.samples
    ]
    tracks = msgspec.structs.replace(
        tracks, tracks=[msgspec.structs.replace(first, samples=walked), *tracks.tracks[1:]]
    )
    before, _, after = plan_crops(tracks, source(), "9:16", SHOT).shots
    assert before.crop.x < 300 < 440 < before.crop.x + before.crop.width
    assert after.crop.x < 900 < 1040 < after.crop.x + after.crop.width


def test_nearly_equal_crops_are_replaced_by_the_full_picture() -> None:
    faces: list[Looks] = [(0, x, 140, every(0, LENGTH_MS)) for x in (30, 1_750)]
    (shot,) = plan_crops(spoken_tracks(SLOWLY, faces), source(1_920, 960), "16:9", SHOT).shots
    assert shot.mode == "fit"
    assert "too near to each other for cuts" in shot.reason


def test_people_in_one_crop_are_held_together() -> None:
    (shot,) = plan_cuts(SLOWLY, pair(x=560)).shots
    assert shot.mode == "hold"
    assert [shot.mode for shot in plan_cuts(SLOWLY, aspect="16:9").shots] == ["hold"]


def test_a_person_who_hardly_speaks_causes_no_cut() -> None:
    (shot,) = plan_cuts([(0, 0, 12_000), (1, 12_200, 13_200), (0, 13_400, 20_000)]).shots
    assert (shot.mode, shot.shows) == ("hold", "speaker")


@pytest.mark.parametrize(("aspect", "ratio"), [("9:16", 9 / 8), ("4:5", 8 / 5), ("1:1", 2.0)])
def test_quick_turns_show_both_one_below_the_other(aspect: Aspect, ratio: float) -> None:
    found = plan_cuts(QUICKLY, aspect=aspect)
    (shot,) = found.shots
    assert (shot.mode, shot.shows, len(shot.panes)) == ("split", "people", 2)
    assert "2 people" in shot.reason
    assert "talk in quick turn" in shot.reason
    for pane, x in zip(shot.panes, (300, 1500), strict=True):
        part = pane.source
        assert part.width / part.height == pytest.approx(ratio, rel=0.02)
        assert part.x < x < x + 140 < part.x + part.width
        assert (part.x % 2, part.y % 2, part.width % 2, part.height % 2) == (0, 0, 0, 0)
        assert 0 <= part.y <= 200 < 375 <= part.y + part.height <= 1080
    assert len(found.faces) == len(found.expected) * 2, "captions keep off both"
    assert all(share_shown(one.box, shot, one.at_ms) == 1 for one in found.expected)


def test_three_and_four_are_stacked_five_are_not() -> None:
    def panel(count: int, aspect: Aspect = "9:16") -> list[str]:
        faces: list[Looks] = [(0, 60 + 380 * n, 110, every(0, LENGTH_MS)) for n in range(count)]
        said = [(n % count, 900 * n, 900 * n + 800) for n in range(22)]
        return [f"{shot.mode} {len(shot.panes)}" for shot in plan_cuts(said, faces, aspect).shots]

    assert panel(3) == ["split 3"]
    assert panel(4) == ["split 4"]
    assert panel(4, "4:5")[0].startswith(("hold", "cut"))
    assert panel(5)[0].startswith(("hold", "cut"))


def test_no_pane_shows_two_people() -> None:
    near: list[Looks] = [(0, 500, 140, every(0, LENGTH_MS)), (0, 1_050, 140, every(0, LENGTH_MS))]
    (shot,) = plan_cuts(QUICKLY, near).shots
    assert shot.mode == "split"
    for part, other in zip(views(shot, 0), (1_050, 500), strict=True):
        assert not part.x < other + 70 < part.x + part.width


def test_an_angle_that_comes_back_is_framed_as_before() -> None:
    faces: list[Looks] = [
        (0, 300, 140, every(0, 8_000)), (0, 1500, 140, every(0, 8_000)),
        (2, 310, 140, every(10_000, 20_000)), (2, 1490, 140, every(10_000, 20_000)),
    ]  # fmt: skip
    seen = [look(0, LEFT), look(1, RIGHT), look(2, LEFT)]
    said = [(0, 0, 4_000), (1, 4_100, 8_000), (2, 10_000, 15_000), (3, 15_200, 20_000)]
    tracks = msgspec.structs.replace(spoken_tracks(said, []), shots=ranges(0, 8_000, 10_000, LENGTH_MS), looks=seen)
    tracks = msgspec.structs.replace(tracks, tracks=spoken_tracks([], faces).tracks)
    shots = plan_crops(tracks, source(), "9:16", SHOT).shots
    assert [(shot.mode, shot.range.start_ms) for shot in shots] == [
        ("cut", 0), ("cut", 4_000), ("fit", 8_000), ("cut", 10_000), ("cut", 15_000)
    ]  # fmt: skip
    assert (shots[0].crop, shots[1].crop) == (shots[3].crop, shots[4].crop)


turn = some.tuples(some.integers(0, 3), some.integers(0, 3_000), some.integers(1, 4_000))


@given(some.lists(turn, max_size=12), some.integers(0, 40_000), some.integers(1, 30_000), some.lists(turn, max_size=9))
def test_turns_cover_the_shot_and_each_lasts_long_enough(
    said: list[tuple[int, int, int]], start: int, length: int, silent: list[tuple[int, int, int]]
) -> None:
    when, at, run = TimeRange(start_ms=start, end_ms=start + length), start - 2_000, list[PictureTurn]()
    for who, gap, lasts in said:
        times = TimeRange(start_ms=at + gap, end_ms=at + gap + lasts)
        at = times.end_ms
        if times.overlap_ms(when) and not (run and run[-1].member == who):
            run.append(PictureTurn(member=who, range=times))
    quiet, at = list[TimeRange](), start - 2_000
    for _, gap, lasts in silent:
        quiet.append(TimeRange(start_ms=at + gap, end_ms=at + gap + lasts))
        at += gap + lasts
    shown = assign_picture(run, when, 7, quiet)
    assert [shown[0].range.start_ms, shown[-1].range.end_ms] == [when.start_ms, when.end_ms]
    assert all(one.range.end_ms == other.range.start_ms for one, other in pairwise(shown))
    assert all(one.member != other.member for one, other in pairwise(shown))
    assert len(shown) == 1 or min(one.range.length_ms for one in shown) >= MIN_ON_SCREEN_MS
    assert 0 <= served_ratio({0: run}, {0: shown}) <= 1
