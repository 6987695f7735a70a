"""A distant speaker on a stage outranks a screen; text nearby is shown whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from core.domain.framing.geometry import is_cut, share_shown
from schemas.common import Aspect, Box, TimeRange
from schemas.documents.clip_tracks import ShotLook
from schemas.documents.frame_plan import FramePlan
from schemas.documents.scene import Letters, Person, PersonSample
from streams.frame.planning.plan import plan_crops
from tests.frame.planning.test_plan import clip, every, ranges, source

WHOLE = TimeRange(start_ms=0, end_ms=6_000)
SMALL = Person(box=Box(x=140, y=500, width=110, height=250), score=0.9)
LARGE = Person(box=Box(x=140, y=200, width=500, height=800), score=0.9)
SIGN = Box(x=400, y=150, width=700, height=80)
NEAR_SIGN = Box(x=300, y=150, width=480, height=80)


def framed(
    persons: Sequence[Person], letters: Sequence[Box] = (), *, screen: float = 0.2, aspect: Aspect = "9:16"
) -> FramePlan:
    look = ShotLook(shot=0, columns=[1 / 32] * 32, rows=[1 / 32] * 32, blocks=[0] * 144, screen=screen)
    samples = [PersonSample(at_ms=600 * number, persons=list(persons)) for number in range(10)]
    lines = [Letters(range=WHOLE, box=box) for box in letters]
    tracks = msgspec.structs.replace(clip(ranges(0, 6_000), [], [look]), persons=samples, letters=lines)
    return plan_crops(tracks, source(), aspect, WHOLE)


@pytest.mark.parametrize("aspect", ["9:16", "4:5", "1:1"])
@pytest.mark.parametrize("screen", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("letters", [[], [SIGN]])
def test_a_small_person_is_shown_whole_with_any_neighbours(aspect: Aspect, screen: float, letters: list[Box]) -> None:
    (shot,) = framed([SMALL], letters, screen=screen, aspect=aspect).shots
    assert share_shown(SMALL.box, shot, 0) == 1
    assert not any(is_cut(box, shot, 0) for box in letters)


def test_a_crop_that_cuts_no_text_holds_the_person() -> None:
    (shot,) = framed([SMALL]).shots
    assert (shot.mode, shot.shows) == ("hold", "person")


def test_a_person_next_to_text_is_shown_with_the_text() -> None:
    (shot,) = framed([SMALL], [SIGN]).shots
    assert (shot.mode, shot.shows) == ("fit", "person")
    assert shot.reason.startswith("a person, seen from afar, next to letters that a crop would cut: as much of")
    assert shot.crop.x < 140
    assert 1_100 < shot.crop.x + shot.crop.width < 1_300


def test_a_single_word_next_to_a_person_is_not_cut() -> None:
    word = Box(x=480, y=150, width=260, height=60)
    made = framed([SMALL], [word])
    assert not is_cut(word, made.shots[0], 0)
    assert [one.box for one in made.signs] == [word]


def test_one_crop_with_person_and_text_is_preferred() -> None:
    (shot,) = framed([SMALL], [NEAR_SIGN], aspect="4:5").shots
    assert (shot.mode, shot.crop.width) == ("hold", 864)
    assert share_shown(SMALL.box, shot, 0) == share_shown(NEAR_SIGN, shot, 0) == 1


def test_a_person_next_to_a_possible_screen_is_shown_in_full() -> None:
    (shot,) = framed([SMALL], screen=0.7).shots
    assert (shot.mode, shot.crop.width) == ("fit", 1_920)
    assert "a person, seen from afar, next to what may be a screen (70% sure)" in shot.reason


def test_a_large_person_on_a_screen_is_a_picture_on_it() -> None:
    (shot,) = framed([LARGE], screen=0.7).shots
    assert shot.shows == "screen"
    assert framed([LARGE], screen=0.7).expected == []


def test_text_of_a_possible_screen_without_people_is_not_cut() -> None:
    (shot,) = framed([], [SIGN], screen=0.6).shots
    assert (shot.mode, shot.shows) == ("fit", "screen")


def far_face(size: int) -> FramePlan:
    tracks = clip(ranges(0, 6_000), [(0, 180, size, every(0, 6_000))])
    lines = [Letters(range=WHOLE, box=SIGN)]
    return plan_crops(msgspec.structs.replace(tracks, letters=lines), source(), "9:16", WHOLE)


def test_text_is_whole_next_to_a_distant_face_not_a_near_one() -> None:
    far, near = far_face(70), far_face(400)
    assert [shot.mode for shot in far.shots] == ["fit"]
    assert not is_cut(SIGN, far.shots[0], 0)
    assert far.shots[0].crop.x < 180 - 70, "shoulders and all"
    assert [shot.mode for shot in near.shots] == ["hold"]


def test_the_certificate_expects_persons_and_text() -> None:
    made = framed([SMALL, LARGE], [SIGN])
    assert [(one.at_ms, one.speaks) for one in made.expected] == [(600 * number, False) for number in range(10)]
    assert made.expected[0].box == Box(x=265, y=360, width=250, height=400), "the larger's head and chest"
    assert [one.box for one in made.signs] == [SIGN]
    assert [one.box for one in far_face(70).signs] == [SIGN]
    assert far_face(400).signs == [], "what stands behind somebody near belongs to the place"
    assert framed([SMALL], [Box(x=400, y=150, width=700, height=20)]).signs == [], "too small to be read"
