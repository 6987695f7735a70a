"""Following crop: static while that suffices, slow when the subject leaves it, the whole picture if too fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from core.domain.framing.geometry import share_shown, view
from schemas.common import Aspect, Box, Face, TimeRange
from schemas.documents.clip_tracks import FaceSample, FaceTrack
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.scene import Letters, Person, PersonSample
from streams.frame.planning.plan import plan_crops
from streams.frame.scene.persons import PresenceRange, presence_ranges
from tests.frame.planning.test_plan import LEFT, Looks, clip, every, look, ranges, source

LENGTH_MS = 24_000
SHOT = TimeRange(start_ms=0, end_ms=LENGTH_MS)


def track_of(x: Callable[[float], float], size: float = 120) -> FaceTrack:
    """A face whose left edge is at ``x(seconds)``."""
    samples = [
        FaceSample(at_ms=at_ms, face=Face(box=Box(x=x(at_ms / 1000), y=200, width=size, height=1.25 * size), score=0.9))
        for at_ms in range(0, LENGTH_MS, 160)
    ]
    return FaceTrack(track=0, shot=0, samples=samples)


def plan_following(x: Callable[[float], float], aspect: Aspect = "9:16", size: float = 120) -> FramePlan:
    tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), tracks=[track_of(x, size)])
    return plan_crops(tracks, source(), aspect, SHOT)


def travel(shot: ShotCrop) -> tuple[float, float, int]:
    """The mean px a picture, of a source of 640 px, 95th of 100 of a crop of 640 px, and how often it turns back."""
    places = [view(shot, at_ms).x for at_ms in range(0, LENGTH_MS, 40)]
    steps = np.diff(places) * 640 / 1920
    moves = [step for step in steps if abs(step) > 0.02]
    return (
        float(np.abs(steps).mean()),
        float(np.percentile(np.abs(steps), 95)) * 1920 / shot.path[0].box.width,
        sum(one * other < 0 for one, other in pairwise(moves)),
    )


def inside(made: FramePlan, shots: Sequence[ShotCrop]) -> float:
    (shot,) = shots
    return float(np.mean([share_shown(one.box, shot, one.at_ms) > 0.99 for one in made.expected]))


def crosses(begin_s: float, end_s: float, start: float = 200, end: float = 1_000) -> Callable[[float], float]:
    return lambda s: float(np.interp(s, [begin_s, end_s], [start, end]))


def test_a_crop_moves_when_its_subject_leaves_and_then_stands_still() -> None:
    found = plan_following(crosses(8, 14))
    (shot,) = found.shots
    assert (shot.mode, shot.shows) == ("follow", "face")
    assert inside(found, found.shots) > 0.98
    assert inside(found, found.safer) > 0.98, "the safer plan shows all of it"
    mean, most, turns = travel(shot)
    assert mean <= 1.5
    assert most <= 6
    assert turns == 0
    ends = [view(shot, at_ms) for at_ms in (0, 4_000, 18_000, 24_000)]
    assert ends[0].x == pytest.approx(ends[1].x, abs=0.1)
    assert ends[2].x == pytest.approx(ends[3].x, abs=3)
    assert len(shot.path) < 60
    assert shot.crop.x <= ends[0].x
    assert shot.crop.x + shot.crop.width >= ends[3].x + ends[3].width
    assert "follows the face: in frame in" in shot.reason


def test_small_movements_are_not_followed() -> None:
    assert plan_following(lambda s: 800 + 120 * np.sin(2 * s)).shots[0].mode == "hold"
    assert plan_following(crosses(8, 14, 700, 900)).shots[0].mode == "hold"


def test_pacing_is_followed_within_the_limit_of_turns() -> None:
    shot = plan_following(lambda s: 800 + 420 * float(np.sin(s / 1.6))).shots[0]
    if shot.mode == "follow":
        mean, most, turns = travel(shot)
        assert mean <= 1.5
        assert most <= 6
        assert turns <= 0.1 * LENGTH_MS / 1000


def test_a_subject_too_fast_to_follow_is_shown_whole() -> None:
    found = plan_following(lambda s: 900 + 800 * float(np.sin(2 * s)))
    assert [(shot.mode, shot.shows) for shot in found.shots] == [("fit", "whole")]
    assert "too fast to be followed" in found.shots[0].reason


def swings(s: float) -> float:
    return 900 + 330 * float(np.sin(2 * s))


def test_a_face_cut_by_a_still_crop_is_shown_wider() -> None:
    found = plan_following(swings)
    (shot,) = found.shots
    assert (shot.mode, shot.shows) == ("fit", "face")
    assert inside(found, found.shots) == 1
    assert 330 * 2 + 120 < shot.crop.width < 1_000, "and not all of the picture"
    assert (shot.crop.y, shot.crop.height) == (0, 1_080)
    assert "as much of the picture as holds all of it" in shot.reason


def test_a_face_too_fast_for_a_slow_crop_is_shown_wider() -> None:
    found = plan_following(lambda s: float(np.interp(s, [4, 6, 12, 14], [300, 1_050, 1_050, 300])), size=300)
    (shot,) = found.shots
    assert shot.mode == "fit"
    assert "too fast to be followed" in shot.reason
    assert inside(found, found.shots) == 1


def test_neighbours_and_readable_text_are_in_the_crop_too() -> None:
    tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), tracks=[track_of(swings)])
    beside = msgspec.structs.replace(track_of(lambda _: 1_400, size=45), track=1)
    title = Letters(range=TimeRange(start_ms=4_000, end_ms=9_000), box=Box(x=300, y=900, width=700, height=60))
    for more in ({"tracks": [*tracks.tracks, beside]}, {"letters": [title]}):
        (shot,) = plan_crops(msgspec.structs.replace(tracks, **more), source(), "9:16", SHOT).shots
        assert shot.mode == "fit"
        assert share_shown(Box(x=1_400, y=200, width=45, height=56), shot, 0) == 1 or "letters" in more
        assert share_shown(title.box, shot, 0) == 1 or "tracks" in more
    wide = msgspec.structs.replace(title, box=msgspec.structs.replace(title.box, x=60, width=1_700))
    (whole,) = plan_crops(msgspec.structs.replace(tracks, letters=[wide]), source(), "9:16", SHOT).shots
    assert (whole.mode, whole.shows) == ("fit", "whole")


@pytest.mark.parametrize("wide", [1_279, 1_280])
def test_crops_of_an_odd_picture_are_even_and_inside(wide: int) -> None:
    for far in range(0, 460, 115):
        fast = track_of(lambda s, far=far: 640 - far + (640 - 20) * abs(float(np.sin(2 * s))), size=60)  # type: ignore[misc]
        tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), tracks=[fast])
        (shot,) = plan_crops(tracks, source(wide, 720), "9:16", SHOT).shots
        assert shot.crop.x % 2 == 0
        assert shot.crop.x + shot.crop.width <= wide


def test_a_wide_picture_of_an_upright_source_moves_up_and_down() -> None:
    down = crosses(9, 15, 150, 850)
    boxes = {at_ms: Box(x=500, y=down(at_ms / 1000), width=120, height=150) for at_ms in range(0, LENGTH_MS, 160)}
    samples = [FaceSample(at_ms=at_ms, face=Face(box=box, score=1)) for at_ms, box in boxes.items()]
    tracks = msgspec.structs.replace(
        clip(ranges(0, LENGTH_MS), []), tracks=[FaceTrack(track=0, shot=0, samples=samples)]
    )
    (shot,) = plan_crops(tracks, source(1080, 1200), "16:9", SHOT).shots
    assert shot.mode == "follow"
    assert (view(shot, 0).x, view(shot, LENGTH_MS).x) == (0, 0)
    assert view(shot, LENGTH_MS).y > view(shot, 0).y + 300


def test_a_person_without_a_face_is_followed_too() -> None:
    walks = crosses(8, 14)
    boxes = {at_ms: Box(x=walks(at_ms / 1000), y=200, width=200, height=700) for at_ms in range(0, LENGTH_MS, 600)}
    persons = [PersonSample(at_ms=at_ms, persons=[Person(box=box, score=1)]) for at_ms, box in boxes.items()]
    tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), persons=persons)
    (shot,) = plan_crops(tracks, source(), "9:16", SHOT).shots
    assert (shot.mode, shot.shows) == ("follow", "person")
    assert "follows a person" in shot.reason


def within(when: TimeRange, x: Callable[[float], float], size: float) -> FramePlan:
    """A shot with one face, between two shots without a person."""
    whole = clip(ranges(0, when.start_ms, when.end_ms, LENGTH_MS), [])
    track = msgspec.structs.replace(track_of(x, size), shot=1)
    inside = [one for one in track.samples if when.start_ms <= one.at_ms < when.end_ms]
    tracks = msgspec.structs.replace(whole, tracks=[msgspec.structs.replace(track, samples=inside)])
    return plan_crops(tracks, source(), "9:16", when)


def test_leaving_a_short_shots_crop_is_followed_or_shown_wider() -> None:
    short = TimeRange(start_ms=9_000, end_ms=11_400)
    slow, fast = within(short, crosses(9, 11.4, 500, 1_000), 250), within(short, crosses(9, 11, 200, 1_400), 120)
    assert [shot.mode for shot in slow.shots] == ["follow"]
    assert [shot.mode for shot in fast.shots] == ["fit"]
    steps = np.diff([view(slow.shots[0], at_ms).x for at_ms in range(short.start_ms, short.end_ms, 40)])
    assert steps.min() > -0.02
    assert float(np.percentile(steps, 95)) * 640 / 608 <= 6
    assert inside(fast, fast.shots) == 1


def test_a_glance_and_hair_in_a_short_shot_move_no_crop() -> None:
    glance, short = TimeRange(start_ms=9_000, end_ms=9_900), TimeRange(start_ms=9_000, end_ms=11_000)
    assert [shot.mode for shot in within(glance, crosses(9, 11), 120).shots] == ["hold"]
    assert [shot.mode for shot in within(short, crosses(9, 11, 600, 850), 300).shots] == ["hold"]


def test_each_shot_of_a_jump_cut_holds_its_moved_subject() -> None:
    edges, places = [0, 2_000, 3_400, 5_000, 6_200], [300, 1_400, 350, 900]
    looks: list[Looks] = [
        (shot, x, 160, every(*edges[shot : shot + 2])) for shot, x in enumerate(places)
    ]  # fmt: skip
    seen = [look(shot, LEFT) for shot in range(len(places))]
    shots = plan_crops(
        clip(ranges(*edges), looks, seen), source(), "9:16", TimeRange(start_ms=0, end_ms=edges[-1])
    ).shots
    assert [shot.mode for shot in shots] == ["hold"] * len(places)
    for shot, x in zip(shots, places, strict=True):
        assert share_shown(Box(x=x, y=200, width=160, height=200), shot, shot.range.start_ms) == 1
    assert any("elsewhere than in others of its camera angle" in shot.reason for shot in shots)


def test_an_empty_scene_is_shown_whole_until_a_person_comes() -> None:
    there = {at_ms: 500 <= at_ms < 2_000 or 6_500 <= at_ms < 18_000 for at_ms in range(0, LENGTH_MS, 600)}
    box = Box(x=1_400, y=200, width=200, height=700)
    persons = [
        PersonSample(at_ms=at_ms, persons=[Person(box=box, score=1)] * is_there) for at_ms, is_there in there.items()
    ]
    tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), persons=persons)
    shots = plan_crops(tracks, source(), "9:16", TimeRange(start_ms=2_000, end_ms=LENGTH_MS)).shots
    assert [(shot.range.start_ms, shot.mode, shot.shows) for shot in shots] == [
        (2_000, "fit", "whole"),
        (6_600, "hold", "person"),
        (18_000, "fit", "whole"),
    ]
    assert shots[1].crop.x < 1_400 < 1_600 < shots[1].crop.x + shots[1].crop.width
    assert "no person is there" in shots[0].reason
    assert [shot.mode for shot in plan_crops(tracks, source(), "16:9", SHOT).shots] == ["hold"]


def test_a_briefly_missed_person_counts_as_present() -> None:
    looks = [PersonSample(at_ms=at_ms, persons=[]) for at_ms in range(0, 6_000, 600)]
    box = Box(x=0, y=0, width=10, height=10)
    seen = [
        msgspec.structs.replace(one, persons=[] if 1_200 <= one.at_ms < 3_000 else [Person(box=box, score=1)])
        for one in looks
    ]
    when = TimeRange(start_ms=0, end_ms=6_000)
    assert presence_ranges(seen, when) == [PresenceRange(range=when, there=True)]
    assert presence_ranges([], when) == [PresenceRange(range=when, there=False)]
    passing = [
        msgspec.structs.replace(one, persons=[Person(box=box, score=1)] if one.at_ms == 3_000 else []) for one in looks
    ]
    assert presence_ranges(passing, when) == [PresenceRange(range=when, there=False)]
