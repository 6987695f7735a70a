"""Peaks thinned to what is drawn."""

from __future__ import annotations

import pytest

from core.domain.media.peaks import MAX_PEAKS, choose_rate, thin_peaks

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("length_ms", "rate"),
    [(0, 20), (60_000, 20), (HOUR_MS, 20), (HOUR_MS + 1, 10), (3 * HOUR_MS, 5), (99 * HOUR_MS, 1)],
)
def test_a_long_range_has_fewer_peaks(length_ms: int, rate: int) -> None:
    assert choose_rate(length_ms) == rate
    assert length_ms * rate <= MAX_PEAKS * 1000 or rate == 1


def test_the_loudest_of_each_step_stays() -> None:
    stored = bytes([0, 9, 1, 2, 3, 4, 8, 5, 6, 7, 1])
    assert list(thin_peaks(stored, 100, 20, 0, 110)) == [9, 8, 1]
    assert list(thin_peaks(stored, 100, 20, 50, 110)) == [8, 1]
    assert list(thin_peaks(stored, 100, 100, 10, 31)) == [9, 1, 2]
    assert thin_peaks(stored, 100, 20, 110, 110) == b""
