"""Ranges of the source that an edit plays. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.time_ranges import merge_ranges
from schemas.common import TimeRange

MAX_BRIDGED_MS = 5_000
"""What is left out between two stretches is looked at with them when it is shorter: a shot goes on through a cut."""


def analysis_ranges(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """What to look at, in order of time: the ranges, those near each other as one."""
    return merge_ranges(ranges, MAX_BRIDGED_MS - 1)
