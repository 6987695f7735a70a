"""What the pictures of a project show, counted over all its spans: faces, persons, screens. Pure; looks at none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from schemas.common import TimeRange
from schemas.documents.scene import Scenery
from schemas.documents.span import SeenPicture, SeenSpan
from streams.vision.screen_detection import SCREEN_MIN_PROBABILITY

MOST_TIMES = 100
"""Stretches told of each kind, the longest ones."""
LEAST_PICTURES = 2
"""One picture alone may be a mistake, or a glimpse."""


def scenery(seen: Sequence[SeenSpan]) -> Scenery | None:
    """Counts and stretches; None where no picture was looked at."""
    pictures = sorted((picture for span in seen for picture in span.pictures), key=lambda one: one.at_ms)
    if not pictures:
        return None
    end_ms = max(span.range.end_ms for span in seen)
    return Scenery(
        pictures=len(pictures),
        faces=sum(bool(one.faces) for one in pictures),
        persons=sum(_person(one) for one in pictures),
        screens=sum(_screen(one) for one in pictures),
        person_times=_times(pictures, _person, end_ms),
        screen_times=_times(pictures, _screen, end_ms),
    )


def _person(picture: SeenPicture) -> bool:
    return bool(picture.persons) and not picture.faces


def _screen(picture: SeenPicture) -> bool:
    return picture.screen is not None and picture.screen >= SCREEN_MIN_PROBABILITY


def _times(pictures: Sequence[SeenPicture], shows: Callable[[SeenPicture], bool], end_ms: int) -> list[TimeRange]:
    """From the first of some pictures that show it to the next one that does not."""
    found, place = [], 0
    for shown, run in groupby(pictures, key=shows):
        first, place = place, place + len(list(run))
        if shown and place - first >= LEAST_PICTURES:
            until_ms = pictures[place].at_ms if place < len(pictures) else max(end_ms, pictures[-1].at_ms)
            found.append(TimeRange(start_ms=pictures[first].at_ms, end_ms=until_ms))
    longest = sorted(found, key=lambda one: -one.length_ms)[:MOST_TIMES]
    return sorted(longest, key=lambda one: one.start_ms)
