"""Ranges of the source that an edit plays. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.common import TimeRange

BRIDGED_MS = 5_000
"""What is left out between two stretches is looked at with them when it is shorter: a shot goes on through a cut."""


def stretches(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """What to look at, in order of time: the ranges, those near each other as one."""
    found: list[TimeRange] = []
    for one in sorted(ranges, key=lambda one: one.start_ms):
        if found and one.start_ms - found[-1].end_ms < BRIDGED_MS:
            last = found.pop()
            found.append(TimeRange(start_ms=last.start_ms, end_ms=max(last.end_ms, one.end_ms)))
        else:
            found.append(one)
    return found
