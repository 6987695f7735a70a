"""Persons: one in most samples of a shot without a face is the subject; a slide has none."""

from __future__ import annotations

import msgspec

from schemas.common import Box
from schemas.documents.clip_tracks import ClipTracks, ShotLook
from schemas.documents.scene import Person, PersonSample
from streams.frame.planning.plan import plan_crops
from streams.frame.scene.persons import person_subjects, screen_share_of
from tests.frame.planning.test_plan import clip, ranges, source

RIGHT = Person(box=Box(x=1400, y=200, width=300, height=700), score=0.8)
SMALL = Person(box=Box(x=100, y=400, width=60, height=150), score=0.9)


def person_tracks(*looks: list[Person], screen: float | None = None) -> ClipTracks:
    look = ShotLook(shot=0, columns=[1 / 32] * 32, rows=[1 / 32] * 32, blocks=[0] * 144, screen=screen)
    samples = [PersonSample(at_ms=600 * number, persons=persons) for number, persons in enumerate(looks)]
    return msgspec.structs.replace(clip(ranges(0, 6000), [], [look]), persons=samples)


def test_the_largest_person_is_held() -> None:
    tracks = person_tracks([SMALL, RIGHT], [RIGHT], [])
    assert [len(subject.boxes) for subject in person_subjects(tracks, [0])] == [2, 1]
    (shot,) = plan_crops(tracks, source(1920, 1080), "9:16", ranges(0, 6000)[0]).shots
    assert shot.crop.x < 1400 < 1700 < shot.crop.x + shot.crop.width
    assert (shot.shows, shot.reason) == ("person", "no face: holds on a person, seen in 2 looks")


def test_a_person_in_few_samples_is_not_held() -> None:
    assert person_subjects(person_tracks([RIGHT], [], []), [0]) == []
    assert person_subjects(person_tracks(), [0]) == []


def test_a_screen_is_recognised_and_a_person_on_it_is_not_held() -> None:
    tracks = person_tracks([RIGHT], [RIGHT], screen=0.93)
    assert screen_share_of(tracks, [0]) == 0.93
    (shot,) = plan_crops(tracks, source(1920, 1080), "16:9", ranges(0, 6000)[0]).shots
    assert (shot.shows, shot.reason) == ("screen", "a screen or a slide (93% sure), nothing stands out: centre")


def test_a_screen_with_lines_beyond_the_crop_is_shown_whole() -> None:
    tracks = person_tracks([RIGHT], [RIGHT], screen=0.93)
    (shot,) = plan_crops(tracks, source(1920, 1080), "9:16", ranges(0, 6000)[0]).shots
    assert (shot.mode, shot.shows, shot.crop.width) == ("fit", "screen", 1920)
    assert shot.reason == "a screen or a slide (93% sure), and a crop holds 32% of it: all of it on a blurred ground"
    narrow = msgspec.structs.replace(tracks.looks[0], columns=[0.0] * 20 + [0.25] * 4 + [0.0] * 8)
    told = plan_crops(msgspec.structs.replace(tracks, looks=[narrow]), source(1920, 1080), "9:16", ranges(0, 6000)[0])
    assert told.shots[0].mode == "hold"
