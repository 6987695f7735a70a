"""Shots without a detected person in a clip that has one: shown whole, unless a crop loses nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from core.domain.framing.geometry import share_shown
from schemas.common import Aspect, Box, CropBox, TimeRange
from schemas.documents.clip_tracks import ClipTracks, ShotLook
from schemas.documents.edit import CropKey
from schemas.documents.frame_plan import FramePlan
from schemas.documents.scene import Person, PersonSample
from streams.frame.manual_crops import apply_manual_crops
from streams.frame.planning.plan import plan_crops, scenes_of
from streams.frame.planning.unseen_subject import occupied_box
from tests.frame.planning.test_plan import LEFT, RIGHT, clip, every, ranges, source

WHOLE = TimeRange(start_ms=0, end_ms=8_000)
EVEN = [1 / 32] * 32
MIDDLE = [0.0] * 14 + [0.25] * 4 + [0.0] * 14
AUDIENCE = Box(x=1_000, y=700, width=380, height=260)


def wide_shot(
    persons: Sequence[Person] = (),
    columns: Sequence[float] = EVEN,
    *,
    face_looks: int = 25,
    screen: float = 0.0,
    cut_ms: int = 4_000,
    letterbox: CropBox | None = None,
) -> ClipTracks:
    """A close-up until ``cut_ms``, then a shot without a face."""
    looks = [
        ShotLook(shot=0, columns=EVEN, rows=EVEN, blocks=LEFT, screen=0.0),
        ShotLook(shot=1, columns=list(columns), rows=EVEN, blocks=RIGHT, screen=screen, content=letterbox),
    ]
    faces = [(0, 300, 300, every(0, 160 * face_looks))] if face_looks else []
    samples = [PersonSample(at_ms=at_ms, persons=list(persons)) for at_ms in range(cut_ms, 8_000, 600)]
    return msgspec.structs.replace(clip(ranges(0, cut_ms, 8_000), faces, looks), persons=samples)


def framed(tracks: ClipTracks, aspect: Aspect = "9:16") -> FramePlan:
    return plan_crops(tracks, source(), aspect, WHOLE)


@pytest.mark.parametrize("aspect", ["9:16", "4:5", "1:1"])
@pytest.mark.parametrize("screen", [0.0, 0.6])
def test_a_shot_without_people_is_shown_whole(aspect: Aspect, screen: float) -> None:
    near, far = framed(wide_shot(screen=screen), aspect).shots
    assert near.mode == "hold"
    assert (far.mode, far.crop.width) == ("fit", 1_920)
    assert far.reason.startswith("no person was found here, but other shots show one: all of it")


@pytest.mark.parametrize("face_looks", [0, 4])
def test_a_clip_without_people_is_cropped(face_looks: int) -> None:
    made = framed(wide_shot(face_looks=face_looks))
    assert made.shots[-1].mode == "hold"
    assert not [one for one in made.expected if not one.is_found]


def test_a_crop_without_losses_is_used() -> None:
    made = framed(wide_shot(columns=MIDDLE))
    assert made.shots[1].mode == "hold"
    assert min(share_shown(one.box, made.shots[1], one.at_ms) for one in made.expected if one.at_ms >= 4_000) > 0.98


def test_a_wide_export_holds_everything_anyway() -> None:
    assert [shot.mode for shot in framed(wide_shot(), "16:9").shots] == ["hold", "hold"]


def test_black_bars_stay_out_of_the_whole_picture() -> None:
    content = CropBox(x=240, y=0, width=1_440, height=1_080)
    assert framed(wide_shot(letterbox=content)).shots[1].crop == content


def test_a_flash_of_another_shot_keeps_the_crop() -> None:
    assert [shot.mode for shot in framed(wide_shot(cut_ms=7_600)).shots] == ["hold", "hold"]


@pytest.mark.parametrize(("score", "shows"), [(0.61, "whole"), (0.75, "person")])
def test_a_doubtful_distant_person_is_not_the_speaker(score: float, shows: str) -> None:
    assert framed(wide_shot([Person(box=AUDIENCE, score=score)])).shots[1].shows == shows


def test_a_doubtful_person_is_held_as_the_only_subject() -> None:
    tracks = wide_shot([Person(box=AUDIENCE, score=0.61)], face_looks=0)
    assert framed(tracks).shots[1].shows == "person"


def test_a_near_person_needs_no_second_score() -> None:
    near = Person(box=Box(x=900, y=100, width=700, height=900), score=0.61)
    assert framed(wide_shot([near])).shots[1].shows == "person"


def test_a_person_in_another_shot_counts_as_a_face_does() -> None:
    tracks = wide_shot(face_looks=0)
    near = Person(box=Box(x=900, y=100, width=700, height=900), score=0.9)
    first = [PersonSample(at_ms=at_ms, persons=[near]) for at_ms in range(0, 4_000, 600)]
    made = framed(msgspec.structs.replace(tracks, persons=[*first, *tracks.persons]))
    assert [shot.shows for shot in made.shots] == ["person", "whole"]


def test_the_certificate_expects_the_occupied_area() -> None:
    made = framed(wide_shot())
    unfound = [one for one in made.expected if not one.is_found]
    assert [one.at_ms for one in unfound] == list(range(4_000, 8_000, 160))
    assert {one.box for one in unfound} == {Box(x=0, y=0, width=1_920, height=1_080)}
    assert all(one.is_found for one in made.expected if one.at_ms < 4_000)


def test_crops_of_a_person_skip_the_occupied_area_check() -> None:
    key = CropKey(at_ms=4_000, crop=CropBox(x=600, y=0, width=606, height=1_080))
    assert not [one for one in apply_manual_crops(framed(wide_shot()), [key]).expected if not one.is_found]


def test_the_occupied_box_leaves_empty_sides_out() -> None:
    (_, scene) = scenes_of(wide_shot(columns=MIDDLE), source(), "9:16", WHOLE)
    box = occupied_box(scene)
    assert (box.x, box.x + box.width) == (14 * 60, 18 * 60)
    assert (box.y, box.height) == (0, 1_080)
