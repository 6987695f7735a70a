"""Frames with times invented by a damaged packet are dropped; others are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.media.decode.tolerant import drop_misplaced_frames, frames_until


def pictures(*times: int) -> Iterator[Any]:
    return iter([(at_ms, object()) for at_ms in times])


def times(found: Iterator[Any]) -> list[int]:
    return [at_ms for at_ms, _ in found]


def test_a_picture_from_the_far_future_is_left_out() -> None:
    assert times(drop_misplaced_frames(pictures(0, 40, 99_000, 80, 120))) == [0, 40, 80, 120]


def test_a_picture_from_the_past_is_left_out() -> None:
    assert times(drop_misplaced_frames(pictures(0, 40, 80, 7, 120, 160))) == [0, 40, 80, 120, 160]


def test_the_first_and_the_last_frame_may_be_misplaced_too() -> None:
    assert times(drop_misplaced_frames(pictures(5_000, 0, 40))) == [0, 40]
    assert times(drop_misplaced_frames(pictures(0, 40, 80, 3))) == [0, 40, 80]


@given(st.lists(st.integers(0, 10_000)))
def test_times_only_increase(shown: list[int]) -> None:
    found = times(drop_misplaced_frames(pictures(*shown)))
    assert found == sorted(found)
    assert len(found) > 0 or not shown


@given(st.lists(st.integers(0, 10_000)).map(sorted))
def test_ordered_frames_stay(shown: list[int]) -> None:
    assert times(drop_misplaced_frames(pictures(*shown))) == shown


def test_one_picture_behind_the_end_is_not_the_end() -> None:
    assert times(frames_until(pictures(0, 40, 99_000, 80, 120, 160, 200), 100)) == [0, 40, 99_000, 80, 120]
    assert times(frames_until(pictures(0, 40), 100)) == [0, 40]
