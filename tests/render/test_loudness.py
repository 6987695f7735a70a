"""Loudness against pyloudnorm and the numbers of the recommendation; the limiter against its promise."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray

from streams.render.loudness import (
    CEILING_DBTP,
    LOOK_AHEAD,
    RATE_HZ,
    _sliding_minimum,
    integrated_lufs,
    limited,
    measure,
    normalised,
)

Sound = NDArray[np.float32]


def speech_like(seconds: float = 8.0, level: float = 0.05, seed: int = 1) -> Sound:
    """Noise in syllables with pauses."""
    random = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    envelope = np.abs(np.sin(2 * np.pi * 3 * at)) ** 3 * (np.sin(2 * np.pi * 0.3 * at) > -0.5)
    white = random.standard_normal((len(at), 2))
    noise = np.stack([np.convolve(white[:, side], np.ones(24) / 24, "same") for side in (0, 1)], axis=1)
    return (level * noise / noise.std() * envelope[:, None]).astype(np.float32)


def sine(hz: float, seconds: float = 5.0, level: float = 1.0, phase: float = 0.0) -> Sound:
    wave = level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ + phase)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def test_a_full_scale_sine_in_one_channel_is_minus_3_lufs() -> None:
    sound = sine(997.0)
    sound[:, 1] = 0
    assert integrated_lufs(sound) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("level", [0.002, 0.05, 0.3])
def test_agrees_with_pyloudnorm(level: float) -> None:
    sound = speech_like(level=level)
    peer = pyloudnorm.Meter(RATE_HZ).integrated_loudness(sound.astype(np.float64))
    assert integrated_lufs(sound) == pytest.approx(peer, abs=0.1)


def test_silence_and_too_short_have_no_loudness() -> None:
    assert integrated_lufs(np.zeros((RATE_HZ, 2), np.float32)) is None
    assert integrated_lufs(sine(997.0, 0.3)) is None
    assert measure(np.zeros((RATE_HZ, 2), np.float32)).true_peak_dbtp is None


def test_true_peak_lies_between_samples() -> None:
    between = measure(sine(RATE_HZ / 4, 1.0, phase=np.pi / 4)).true_peak_dbtp
    assert between == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize("level", [0.02, 0.1, 0.9])
def test_reaches_the_target_under_the_ceiling(level: float) -> None:
    result, warnings = normalised(speech_like(level=level))
    found = measure(result)
    assert found.integrated_lufs == pytest.approx(-14.0, abs=0.5)
    assert found.true_peak_dbtp is not None
    assert found.true_peak_dbtp <= CEILING_DBTP + 0.05
    assert warnings == []


def test_what_is_too_quiet_is_said_and_not_blown_up() -> None:
    result, warnings = normalised(speech_like(level=0.0005))
    assert [warning.split(":")[0] for warning in warnings] == ["audio.quiet"]
    assert np.abs(result).max() < 0.1


def test_silence_is_left_alone() -> None:
    silence = np.zeros((2 * RATE_HZ, 2), np.float32)
    result, warnings = normalised(silence)
    assert not result.any()
    assert warnings[0].startswith("audio.silent")


def test_the_limiter_touches_nothing_that_is_low_enough() -> None:
    sound = speech_like(2.0)
    assert limited(sound) is sound


def test_the_limiter_is_smooth_and_exact_around_one_peak() -> None:
    sound = sine(200.0, 1.0, 0.1)
    sound[RATE_HZ // 2] = 1.5
    result = limited(sound)
    gain = result[:, 0] / np.where(np.abs(sound[:, 0]) < 1e-4, np.nan, sound[:, 0])
    assert np.nanmax(np.abs(np.diff(gain))) < 0.02
    assert np.nanmax(gain) <= 1.0 + 1e-6
    far = np.r_[gain[: RATE_HZ // 2 - 2 * LOOK_AHEAD - 40], gain[RATE_HZ // 2 + 2 * LOOK_AHEAD + 40 :]]
    assert np.nanmin(far) == pytest.approx(1.0, abs=1e-6)
    peak = measure(result).true_peak_dbtp
    assert peak is not None
    assert peak <= CEILING_DBTP + 0.05


@pytest.mark.parametrize("length", [1, 5, 7, 50, 101])
def test_sliding_minimum(length: int) -> None:
    values = np.random.default_rng(length).random(length)
    expected = [values[max(0, n - 3) : n + 4].min() for n in range(length)]
    assert _sliding_minimum(values, 3).tolist() == expected
