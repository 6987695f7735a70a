"""Ranges of the source that an edit plays. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.time_ranges import merge_ranges
from schemas.common import TimeRange

MAX_BRIDGED_MS = 5_000
"""Longest gap between two ranges that is analysed with them: a shot goes on through a cut."""


def analysis_ranges(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """Return the ranges to analyse, in order of time, near ones merged."""
    return merge_ranges(ranges, MAX_BRIDGED_MS - 1)
