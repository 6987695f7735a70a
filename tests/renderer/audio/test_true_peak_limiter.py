"""The limiter: below the ceiling, smooth, and inactive elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from streams.renderer.audio.loudness import RATE_HZ, measure_loudness
from streams.renderer.audio.true_peak_limiter import (
    CEILING_DBTP,
    REACH_STEPS,
    STEP_SAMPLES,
    _sliding_minimum,
    limit_peaks,
)
from tests.renderer.audio.test_loudness import sine, speech_like


def test_the_limiter_leaves_quiet_sound_alone() -> None:
    sound = speech_like(2.0)
    assert limit_peaks(sound) is sound


def test_the_limiter_is_smooth_and_exact_around_one_peak() -> None:
    sound = sine(200.0, 1.0, 0.1)
    sound[RATE_HZ // 2] = 1.5
    result = limit_peaks(sound)
    gain = result[:, 0] / np.where(np.abs(sound[:, 0]) < 1e-4, np.nan, sound[:, 0])
    assert np.nanmax(np.abs(np.diff(gain))) < 0.02
    assert np.nanmax(gain) <= 1.0 + 1e-6
    reach = (2 * REACH_STEPS + 2) * STEP_SAMPLES
    far = np.r_[gain[: RATE_HZ // 2 - reach], gain[RATE_HZ // 2 + reach :]]
    assert np.nanmin(far) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_no_peak_exceeds_the_ceiling(seed: int) -> None:
    random = np.random.default_rng(seed)
    sound = speech_like(3.0, 0.3, seed)
    sound[random.integers(0, len(sound), 50)] *= 20
    peak = measure_loudness(limit_peaks(sound)).true_peak_dbtp
    assert peak is not None
    assert peak <= CEILING_DBTP + 0.05


@pytest.mark.parametrize("length", [0, 1, 7, 1_000])
def test_sound_of_any_length_is_limited(length: int) -> None:
    result = limit_peaks(np.full((length, 2), 2.0, np.float32))
    assert len(result) == length
    assert np.abs(result).max(initial=0.0) < 0.8


@pytest.mark.parametrize("length", [1, 5, 7, 50, 101])
def test_the_sliding_minimum_equals_its_definition(length: int) -> None:
    values = np.random.default_rng(length).random(length)
    expected = [values[max(0, n - 3) : n + 4].min() for n in range(length)]
    assert _sliding_minimum(values, 3).tolist() == expected
