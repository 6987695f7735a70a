"""Ranges merged, cut and compared."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.time_ranges import clamp_range, merge_intervals, merge_ranges, overlap_ms
from schemas.common import TimeRange

INTERVALS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)).map(lambda one: (one[0], one[0] + one[1])))


def time(start_ms: int, end_ms: int) -> TimeRange:
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def test_ranges_that_touch_or_overlap_merge() -> None:
    assert merge_ranges([time(5, 9), time(0, 2), time(2, 3), time(8, 12)]) == [time(0, 3), time(5, 12)]


@pytest.mark.parametrize(("gap_ms", "merged"), [(9, [time(0, 10), time(20, 30)]), (10, [time(0, 30)])])
def test_short_gaps_are_bridged(gap_ms: int, merged: list[TimeRange]) -> None:
    assert merge_ranges([time(0, 10), time(20, 30)], gap_ms) == merged


@given(INTERVALS)
def test_merged_intervals_cover_the_same_time(intervals: list[tuple[int, int]]) -> None:
    merged = merge_intervals(intervals)
    assert {at for one in merged for at in range(*one)} == {at for one in intervals for at in range(*one)}
    assert all(before[1] < after[0] for before, after in pairwise(merged))


def test_a_range_is_cut_to_bounds() -> None:
    assert clamp_range(time(0, 100), time(20, 60)) == time(20, 60)
    assert overlap_ms(time(0, 100), time(20, 60)) == 40
    assert overlap_ms(time(0, 10), time(20, 60)) == 0
