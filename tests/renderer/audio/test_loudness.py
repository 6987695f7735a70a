"""Loudness and true peak against pyloudnorm and the numbers of the recommendation."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray

from streams.renderer.audio.loudness import RATE_HZ, integrated_lufs, interpolators, measure_loudness, true_peaks

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
def test_the_meter_agrees_with_pyloudnorm(level: float) -> None:
    sound = speech_like(level=level)
    peer = pyloudnorm.Meter(RATE_HZ).integrated_loudness(sound.astype(np.float64))
    assert integrated_lufs(sound) == pytest.approx(peer, abs=0.1)


def test_silence_and_too_short_have_no_loudness() -> None:
    assert integrated_lufs(np.zeros((RATE_HZ, 2), np.float32)) is None
    assert integrated_lufs(sine(997.0, 0.3)) is None
    assert measure_loudness(np.zeros((RATE_HZ, 2), np.float32)).true_peak_dbtp is None


def test_true_peak_lies_between_samples() -> None:
    between = measure_loudness(sine(RATE_HZ / 4, 1.0, phase=np.pi / 4)).true_peak_dbtp
    assert between == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 40, 16 * 1024 - 3, 40_000])
def test_peaks_between_samples_equal_a_convolution(length: int) -> None:
    sound = np.random.default_rng(length).uniform(-1, 1, (length, 2)).astype(np.float32)
    told = np.abs(sound)
    for phase in interpolators() if length >= 16 else ():
        between = [np.convolve(sound[:, side].astype(np.float64), phase, "same") for side in (0, 1)]
        told = np.maximum(told, np.abs(np.stack(between, axis=1)))
    assert true_peaks(sound) == pytest.approx(told.max(axis=1), abs=1e-6)
