"""Computes gain that keeps true peaks under a ceiling, smooth around each peak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.renderer.audio.loudness import RATE_HZ, Samples, Sound, true_peaks

STEP_SAMPLES = RATE_HZ // 1000
"""Samples per gain value (1 ms); gain is linear between values."""
REACH_STEPS = 10
"""Steps on each side of a peak in which gain moves, one of them for what lies between two values."""
CEILING_DBTP = -2.0
"""Ceiling of the limiter, 1 dB below the promise: encoding moves peaks, AAC by 0.5 dB on speech."""


def step_peaks(sound: Sound) -> NDArray[np.float32]:
    """The largest true peak of each step, shape (n,); the last step may be short."""
    peaks = true_peaks(sound)
    steps = -(-len(peaks) // STEP_SAMPLES)
    highest: NDArray[np.float32] = (
        np.pad(peaks, (0, steps * STEP_SAMPLES - len(peaks))).reshape(steps, STEP_SAMPLES).max(axis=1)
    )
    return highest


def limiter_gain(peaks: NDArray[np.float32], ceiling: float = 1.0) -> Samples:
    """Gain of each step, at most 1, that brings every peak under a level.

    It is the lowest gain needed within `REACH_STEPS`, averaged over a little less, so it never exceeds what a peak
    needs.
    """
    needed_gain = ceiling / np.maximum(peaks.astype(np.float64), ceiling)
    if not len(needed_gain) or needed_gain.min() >= 1.0:
        return np.ones(len(peaks))
    lowest = _sliding_minimum(needed_gain, REACH_STEPS)
    window = np.hanning(2 * REACH_STEPS + 1)[1:-1]
    padded = np.pad(lowest, len(window) // 2, mode="edge")
    return np.minimum(np.convolve(padded, window / window.sum(), "valid"), 1.0)


def apply_gain(sound: Sound, gain: Samples) -> Sound:
    """Multiply the sound by the gain of each step."""
    at = np.arange(len(sound), dtype=np.float64) / STEP_SAMPLES - 0.5
    curve = np.interp(at, np.arange(len(gain)), gain).astype(np.float32)
    return sound * curve[:, None]


def limit_peaks(sound: Sound, ceiling_dbtp: float = CEILING_DBTP) -> Sound:
    """Limit true peaks to the ceiling."""
    gain = limiter_gain(step_peaks(sound), 10 ** (ceiling_dbtp / 20))
    return sound if not len(gain) or gain.min() >= 1.0 else apply_gain(sound, gain)


def _sliding_minimum(values: Samples, reach: int) -> Samples:
    """Minimum over ``[i - reach, i + reach]`` (van Herk 1992: two running minima per block)."""
    width = 2 * reach + 1
    padded = np.full(-(-(len(values) + 2 * reach) // width) * width, np.inf)
    padded[reach : reach + len(values)] = values
    blocks = padded.reshape(-1, width)
    forward = np.minimum.accumulate(blocks, axis=1).ravel()
    backward = np.minimum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.minimum(backward[: len(values)], forward[width - 1 : width - 1 + len(values)])
