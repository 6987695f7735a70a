"""Speech cut at its pauses, and the windows laid into it."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import TimeRange
from streams.listen.speech_segments import MIN_PHRASE_MS, VOICE_WINDOW_MS, place_windows, split_phrases


def reach(start_ms: int, end_ms: int) -> TimeRange:
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def bursts(*loud: tuple[int, int], length_ms: int) -> np.ndarray:
    """Loud noise in the given ranges, little between."""
    random = np.random.default_rng(1)
    sound = random.normal(0, 20, length_ms * 16)
    for start_ms, end_ms in loud:
        sound[start_ms * 16 : end_ms * 16] += random.normal(0, 3000, (end_ms - start_ms) * 16)
    return sound.astype(np.int16)


def test_speech_is_split_at_its_pauses() -> None:
    sound = bursts((1000, 3000), (3600, 5000), (5100, 7000), length_ms=8000)
    found = split_phrases(sound, [reach(900, 7100)])
    assert [(round(one.start_ms, -2), round(one.end_ms, -2)) for one in found] == [(1000, 3000), (3600, 7000)]


def test_steady_sound_and_silence_stay_whole() -> None:
    assert split_phrases(np.zeros(32_000, dtype=np.int16), [reach(0, 2000)]) == [reach(0, 2000)]
    assert split_phrases(bursts((0, 40), length_ms=2000), [reach(0, 40)]) == [reach(0, 40)]
    (one,) = split_phrases(bursts((0, 2000), length_ms=2000), [reach(0, 2000)])
    assert one.length_ms >= 1900


def test_windows_of_a_long_phrase_are_even_and_reach_its_ends() -> None:
    found = place_windows([reach(10_000, 14_000)])
    assert [(one.start_ms, one.end_ms) for one in found] == [
        (10_000, 11_600), (10_800, 12_400), (11_600, 13_200), (12_400, 14_000)
    ]  # fmt: skip


def test_short_phrases_get_two_windows_and_very_short_ones_none() -> None:
    assert place_windows([reach(0, 499), reach(1000, 1500)]) == [reach(1000, 1500)]
    assert place_windows([reach(2000, 3100)]) == [reach(2000, 3000), reach(2100, 3100)]


@given(st.lists(st.integers(0, 9000), min_size=1, max_size=8))
def test_windows_lie_in_their_phrases(lengths_ms: list[int]) -> None:
    starts = itertools.accumulate([0, *lengths_ms])
    for phrase in [reach(start, start + length) for start, length in zip(starts, lengths_ms, strict=False)]:
        found = place_windows([phrase])
        assert bool(found) == (phrase.length_ms >= MIN_PHRASE_MS)
        for window in found:
            assert phrase.start_ms <= window.start_ms
            assert window.end_ms <= phrase.end_ms
            assert MIN_PHRASE_MS <= window.length_ms <= VOICE_WINDOW_MS
        assert all(after.start_ms - before.start_ms <= 800 for before, after in itertools.pairwise(found))
