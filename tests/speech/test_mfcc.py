"""MFCC: one row every 20 ms, independent of loudness, sensitive to timbre; never not-a-number."""

from __future__ import annotations

import numpy as np
import pytest

from streams.speech.mfcc import CEPSTRA_COUNT, compute_mfcc


def noise(seconds: float, level: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, level, int(seconds * 16_000)).astype(np.int16)


def test_every_20_ms_and_the_rest_have_a_row() -> None:
    assert compute_mfcc(noise(1.0, 1000)).shape == (50, CEPSTRA_COUNT + 1)
    assert compute_mfcc(noise(1.01, 1000)).shape == (51, CEPSTRA_COUNT + 1)
    assert compute_mfcc(np.zeros(0, dtype=np.int16)).shape == (0, CEPSTRA_COUNT + 1)


def test_ten_times_as_loud_is_20_db_more_and_the_same_cepstra() -> None:
    soft, loud = compute_mfcc(noise(1.0, 300)), compute_mfcc(noise(1.0, 300) * 10)
    assert np.allclose(soft[5:-5, :CEPSTRA_COUNT], loud[5:-5, :CEPSTRA_COUNT], atol=0.05)
    assert loud[5:-5, CEPSTRA_COUNT] - soft[5:-5, CEPSTRA_COUNT] == pytest.approx(20.0, abs=0.05)


def test_dark_and_bright_sound_differ() -> None:
    bright = noise(1.0, 3000).astype(np.float64)
    dark = np.convolve(bright, np.ones(16) / 16, "same").astype(np.int16)
    assert abs(compute_mfcc(dark)[5:-5, 0].mean() - compute_mfcc(bright.astype(np.int16))[5:-5, 0].mean()) > 3


def test_digital_silence_is_a_number() -> None:
    assert np.isfinite(compute_mfcc(np.zeros(16_000, dtype=np.int16))).all()
