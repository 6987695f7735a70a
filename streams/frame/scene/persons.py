"""Persons without a visible face: as subjects of a crop, and when they are present. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import median

import msgspec

from schemas.common import Box, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.scene import Person, PersonSample
from streams.frame.scene.crop import FramingSubject

MAX_DISTANT_RATIO, UPPER_BODY_RATIO = 0.4, 0.5
"""Two shares: below ``MAX_DISTANT_RATIO`` of the frame's height, from head to hips, a person is distant;
``UPPER_BODY_RATIO`` of a person's box is what `upper_body_box` holds."""
MIN_SEEN_SHARE = 0.5
"""Minimum share of looks in which a person is seen: a single one may be a coat on a chair."""


def person_subjects(tracks: ClipTracks, group: Sequence[int]) -> list[FramingSubject]:
    """Return the largest person of each look of these shots as one subject, the others as a second.

    There are none where persons are seen too rarely.
    """
    shots = [tracks.shots[number] for number in group]
    looks = [look for look in tracks.persons if any(shot.start_ms <= look.at_ms < shot.end_ms for shot in shots)]
    by_size = [sorted(look.persons, key=_area, reverse=True) for look in looks if look.persons]
    if not by_size or len(by_size) < MIN_SEEN_SHARE * len(looks):
        return []
    main = FramingSubject(boxes=[upper_body_box(persons[0]) for persons in by_size])
    other_boxes = [upper_body_box(person) for persons in by_size for person in persons[1:]]
    return [main, FramingSubject(boxes=other_boxes)] if other_boxes else [main]


def largest_scores(tracks: ClipTracks, group: Sequence[int]) -> list[float]:
    """Return the score of the largest person of each look of these shots in which one is found."""
    shots = [tracks.shots[number] for number in group]
    looks = [look for look in tracks.persons if any(shot.start_ms <= look.at_ms < shot.end_ms for shot in shots)]
    return [max(look.persons, key=_area).score for look in looks if look.persons]


def are_distant(persons: Sequence[FramingSubject], high: float) -> bool:
    """Tell whether the main persons are distant, in a frame ``high`` pixels high."""
    return median(box.height for box in persons[0].boxes) < MAX_DISTANT_RATIO * high * UPPER_BODY_RATIO


def torso_box(person: Person) -> Box:
    """Return the middle of head and chest: boxes of small persons hold much of what is around them."""
    box = person.box
    return Box(x=box.x + 0.25 * box.width, y=box.y + 0.2 * box.height, width=0.5 * box.width, height=0.5 * box.height)


def largest_persons(tracks: ClipTracks, when: TimeRange) -> list[tuple[int, Box]]:
    """Return time, head and chest of the largest person at each look of a time range with a person."""
    looks = [look for look in tracks.persons if when.start_ms <= look.at_ms < when.end_ms and look.persons]
    return [(look.at_ms, upper_body_box(max(look.persons, key=_area))) for look in looks]


def _area(person: Person) -> float:
    return person.box.width * person.box.height


def upper_body_box(person: Person) -> Box:
    """Return head and chest of a person; a crop leaves the room of a head around it."""
    box = person.box
    return Box(x=box.x + 0.15 * box.width, y=box.y + 0.2 * box.height, width=0.7 * box.width, height=0.5 * box.height)


def screen_share_of(tracks: ClipTracks, group: Sequence[int]) -> float | None:
    """Return how probably these shots show a screen or a slide; None where it was not measured."""
    probabilities = [look.screen for look in tracks.looks if look.shot in group and look.screen is not None]
    return median(probabilities) if probabilities else None


MIN_ABSENCE_MS = 2_400
"""Minimum time without a person that counts as absence: in shorter ones the detector missed them."""
MIN_ABSENCE_COUNT = 3
"""Minimum looks without a person that count as absence."""
MIN_PRESENCE_MS = 2_000
"""Minimum presence for a crop of its own."""


class PresenceRange(msgspec.Struct, frozen=True, kw_only=True):
    """A range of a shot in which a person is present, or none."""

    range: TimeRange
    there: bool


def presence_ranges(persons: Sequence[PersonSample], when: TimeRange) -> list[PresenceRange]:
    """Split a shot by the presence of a person, in order.

    It stays one range where the presence never changes or no look was made.
    """
    looks = [look for look in persons if when.start_ms <= look.at_ms < when.end_ms]
    runs = [(bool(present), list(run)) for present, run in groupby(looks, key=lambda look: bool(look.persons))]
    if len(runs) < 2:
        return [PresenceRange(range=when, there=bool(runs) and runs[0][0])]
    starts = [when.start_ms, *(run[0].at_ms for _, run in runs[1:])]
    ends = [*starts[1:], when.end_ms]
    parts = [
        PresenceRange(
            range=TimeRange(start_ms=start, end_ms=end),
            there=present or len(run) < MIN_ABSENCE_COUNT or end - start < MIN_ABSENCE_MS,
        )
        for start, end, (present, run) in zip(starts, ends, runs, strict=True)
    ]
    return _merge_neighbours(
        [
            part if part.range.length_ms >= MIN_PRESENCE_MS else PresenceRange(range=part.range, there=False)
            for part in _merge_neighbours(parts)
        ]
    )


def _merge_neighbours(parts: Sequence[PresenceRange]) -> list[PresenceRange]:
    """Merge neighbouring ranges of the same presence."""
    joined: list[PresenceRange] = []
    for part in parts:
        if joined and joined[-1].there == part.there:
            time = TimeRange(start_ms=joined[-1].range.start_ms, end_ms=part.range.end_ms)
            joined[-1] = PresenceRange(range=time, there=part.there)
        else:
            joined.append(part)
    return joined
