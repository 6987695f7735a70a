"""Visual coverage: frames counted by content; ranges start and end at frames, and one frame is no range."""

from __future__ import annotations

import msgspec

from schemas.common import Box
from schemas.documents.scene import Person
from schemas.documents.span import SeenPicture
from streams.detect.visual_coverage import MAX_TIMES, count_visual_coverage
from tests.detect.material_factory import picture, seen_span

SOMEBODY = [Person(box=Box(x=10, y=10, width=40, height=90), score=0.8)]


def slide(at_ms: int, sure: float = 0.9) -> SeenPicture:
    return msgspec.structs.replace(picture(at_ms), screen=sure)


def figure(at_ms: int) -> SeenPicture:
    return msgspec.structs.replace(picture(at_ms), persons=SOMEBODY)


def test_pictures_are_counted_by_their_content() -> None:
    told = count_visual_coverage(
        [
            seen_span([figure(3000), figure(4000), slide(5000, 0.4)], 6000),
            seen_span([picture(0, face_height=80), slide(1000), slide(2000)], 3000),
        ]
    )
    assert told is not None
    assert (told.pictures, told.faces, told.persons, told.screens) == (6, 1, 2, 2)
    assert [(time.start_ms, time.end_ms) for time in told.screen_times] == [(1000, 3000)]
    assert [(time.start_ms, time.end_ms) for time in told.person_times] == [(3000, 5000)]


def test_content_of_the_last_picture_lasts_to_the_spans_end() -> None:
    told = count_visual_coverage([seen_span([slide(1000), slide(2000)], 9000)])
    assert told is not None
    assert [(time.start_ms, time.end_ms) for time in told.screen_times] == [(1000, 9000)]


def test_a_single_frame_is_counted_but_no_range() -> None:
    told = count_visual_coverage([seen_span([picture(0), slide(1000), picture(2000)], 3000)])
    assert told is not None
    assert (told.screens, told.screen_times) == (1, [])


def test_many_ranges_are_reported_by_the_longest() -> None:
    pictures = [slide(at * 1000) if at % 3 else picture(at * 1000) for at in range(3 * MAX_TIMES + 30)]
    told = count_visual_coverage([seen_span(pictures, 1000 * len(pictures))])
    assert told is not None
    assert len(told.screen_times) == MAX_TIMES
    assert told.screen_times == sorted(told.screen_times, key=lambda time: time.start_ms)


def test_a_source_without_pictures_has_no_coverage() -> None:
    assert count_visual_coverage([]) is None
    assert count_visual_coverage([seen_span([], 1000)]) is None
