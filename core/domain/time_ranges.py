"""Ranges of time: merged, cut to bounds, compared. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from schemas.common import TimeRange

Number = TypeVar("Number", int, float)


class Timed(Protocol):
    """Something with a start and an end: a range, a word, a segment, a window."""

    @property
    def start_ms(self) -> int:
        """First moment that belongs to it."""
        ...

    @property
    def end_ms(self) -> int:
        """First moment behind it."""
        ...


def merge_intervals(intervals: Iterable[tuple[Number, Number]], gap: float = 0) -> list[tuple[Number, Number]]:
    """Sort intervals ``(start, end)`` and merge those that overlap, or lie at most ``gap`` apart."""
    merged: list[tuple[Number, Number]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1] + gap:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def merge_ranges(ranges: Iterable[Timed], gap_ms: int = 0) -> list[TimeRange]:
    """Sort ranges and merge those that overlap, touch, or lie at most ``gap_ms`` apart."""
    merged = merge_intervals(((time.start_ms, time.end_ms) for time in ranges), gap_ms)
    return [TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in merged]


def overlap_ms(first: Timed, second: Timed) -> int:
    """Return how many ms two ranges share."""
    return max(0, min(first.end_ms, second.end_ms) - max(first.start_ms, second.start_ms))


def clamp_range(time: Timed, bounds: Timed) -> TimeRange:
    """Cut a range to bounds; of one that lies outside of them the end is not behind the start."""
    return TimeRange(start_ms=max(time.start_ms, bounds.start_ms), end_ms=min(time.end_ms, bounds.end_ms))
