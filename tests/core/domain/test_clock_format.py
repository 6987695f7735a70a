"""Times for people and for files."""

from __future__ import annotations

import pytest

from core.domain.clock_format import format_clock, format_cut_time, format_timestamp


@pytest.mark.parametrize(
    ("ms", "clock"), [(0, "0:00"), (59_999, "0:59"), (60_000, "1:00"), (3_599_000, "59:59"), (3_661_000, "1:01:01")]
)
def test_a_clock_is_written_for_people(ms: int, clock: str) -> None:
    assert format_clock(ms) == clock


def test_a_timestamp_is_written_for_files() -> None:
    assert format_timestamp(3_661_007) == "01:01:01.007"
    assert format_timestamp(360_000_000, ",") == "100:00:00,000"
    assert format_timestamp(-5) == "00:00:00.000"


def test_cuts_are_shown_to_the_hundredth() -> None:
    assert [format_cut_time(ms) for ms in (27_800, 60_000, 3_725_250)] == ["0:27.80", "1:00.00", "62:05.25"]
