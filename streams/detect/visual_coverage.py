"""Count the sampled frames of a project that show faces, persons and screens. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from schemas.common import TimeRange
from schemas.documents.scene import Scenery
from schemas.documents.span import SeenPicture, SeenSpan
from streams.vision.screen_detection import SCREEN_MIN_PROBABILITY

MAX_TIMES = 100
"""Ranges listed of each kind, the longest ones."""
MIN_PICTURES_IN_A_ROW = 2
"""Frames in a row that make a range: one alone may be a mistake, or a glimpse."""


def count_visual_coverage(spans: Sequence[SeenSpan]) -> Scenery | None:
    """Count faces, persons and screens over all spans; None where no frame was sampled."""
    pictures = sorted((picture for span in spans for picture in span.pictures), key=lambda picture: picture.at_ms)
    if not pictures:
        return None
    end_ms = max(span.range.end_ms for span in spans)
    return Scenery(
        pictures=len(pictures),
        faces=sum(bool(picture.faces) for picture in pictures),
        persons=sum(_shows_person(picture) for picture in pictures),
        screens=sum(_shows_screen(picture) for picture in pictures),
        person_times=_list_times(pictures, _shows_person, end_ms),
        screen_times=_list_times(pictures, _shows_screen, end_ms),
    )


def _shows_person(picture: SeenPicture) -> bool:
    return bool(picture.persons) and not picture.faces


def _shows_screen(picture: SeenPicture) -> bool:
    return picture.screen is not None and picture.screen >= SCREEN_MIN_PROBABILITY


def _list_times(pictures: Sequence[SeenPicture], shows: Callable[[SeenPicture], bool], end_ms: int) -> list[TimeRange]:
    """List ranges from the first frame of a run that shows it to the next one that does not."""
    times, index = [], 0
    for is_shown, group in groupby(pictures, key=shows):
        first, index = index, index + len(list(group))
        if is_shown and index - first >= MIN_PICTURES_IN_A_ROW:
            until_ms = pictures[index].at_ms if index < len(pictures) else max(end_ms, pictures[-1].at_ms)
            times.append(TimeRange(start_ms=pictures[first].at_ms, end_ms=until_ms))
    longest = sorted(times, key=lambda time_range: -time_range.length_ms)[:MAX_TIMES]
    return sorted(longest, key=lambda time_range: time_range.start_ms)
