"""Whisper's windowing: nothing lost, no window too long, times that come back where they were."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.models.load import load

windowing = load("whisper", "windowing")
RATE = windowing.RATE_HZ


@st.composite
def speech(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Disjoint ranges of samples in order."""
    found, at = [], 0
    for _ in range(draw(st.integers(1, 12))):
        at += draw(st.integers(1, 5 * RATE))
        end = at + draw(st.integers(RATE // 10, 40 * RATE))
        found.append((at, end))
        at = end
    return found


@given(speech())
def test_windows_cover_everything_once_and_stay_short(ranges: list[tuple[int, int]]) -> None:
    pieces = windowing.pack(ranges)
    windows = windowing.windows(pieces, 30 * RATE)
    assert windows[0].start == 0
    assert windows[-1].end == sum(end - start for start, end in ranges)
    assert all(one.end == other.start for one, other in itertools.pairwise(windows))
    assert all(0 < window.end - window.start <= 30 * RATE for window in windows)


@given(speech(), st.floats(0, 1))
def test_a_time_inside_a_piece_comes_back(ranges: list[tuple[int, int]], where: float) -> None:
    for piece in windowing.pack(ranges):
        inside = int((piece.end - piece.start - RATE // 10) * where)
        start_s = (piece.packed + inside) / RATE
        start_ms, end_ms = windowing.restore_ms(windowing.pack(ranges), start_s, start_s + 0.05)
        assert abs(start_ms - (piece.start + inside) * 1000 / RATE) <= 1
        assert start_ms <= end_ms <= piece.end * 1000 // RATE


def test_a_word_never_extends_over_removed_silence() -> None:
    pieces = windowing.pack([(0, RATE), (60 * RATE, 61 * RATE)])
    assert windowing.restore_ms(pieces, 0.8, 1.1) == (800, 1000)
    assert windowing.restore_ms(pieces, 0.9, 1.4) == (60_000, 60_400)


def test_speech_is_reported_without_padding() -> None:
    assert windowing.speech_ms([(0, 16_000), (16_000, 32_000), (80_000, 96_000)], 6400) == [(0, 1600), (5400, 5600)]
    assert windowing.speech_ms([], 6400) == []
