"""When a shot without faces shows somebody, and when nobody: an empty place is no picture to wait on. Pure.

Persons are looked for in some pictures only; faces that are not found for a while say nothing here, for who turns
their back has not left.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec

from schemas.media import TimeRange
from schemas.scenery import PersonSample

AWAY_MS = 2_400
"""So long nobody is found in any look, or they were only missed."""
AWAY_LOOKS = 3
THERE_MS = 2_000
"""Whoever is there for less does not get a picture of their own in between."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a shot in which somebody is there, or nobody."""

    range: TimeRange
    there: bool


def parts(persons: Sequence[PersonSample], when: TimeRange) -> list[Part]:
    """The stretches of a shot, in order; one where somebody is there all the time, or nobody was looked for."""
    looks = [one for one in persons if when.start_ms <= one.at_ms < when.end_ms]
    runs = [(bool(there), list(run)) for there, run in groupby(looks, key=lambda one: bool(one.persons))]
    if len(runs) < 2:
        return [Part(range=when, there=bool(runs) and runs[0][0])]
    starts = [when.start_ms, *(run[0].at_ms for _, run in runs[1:])]
    ends = [*starts[1:], when.end_ms]
    found = [
        Part(range=TimeRange(start_ms=start, end_ms=end), there=there or len(run) < AWAY_LOOKS or end - start < AWAY_MS)
        for start, end, (there, run) in zip(starts, ends, runs, strict=True)
    ]
    return _joined(
        [part if part.range.length_ms >= THERE_MS else Part(range=part.range, there=False) for part in _joined(found)]
    )


def _joined(found: Sequence[Part]) -> list[Part]:
    """The same, neighbours that are alike as one."""
    joined: list[Part] = []
    for part in found:
        if joined and joined[-1].there == part.there:
            time = TimeRange(start_ms=joined[-1].range.start_ms, end_ms=part.range.end_ms)
            joined[-1] = Part(range=time, there=part.there)
        else:
            joined.append(part)
    return joined
