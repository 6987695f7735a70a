"""Fundamental frequency of short looks at a sound, from the autocorrelation in their power spectra. Pure.

Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
sound", IFA Proceedings 17, 1993: the autocorrelation of a windowed look, divided by that of its window. His path search
is replaced by two passes: the best candidate of each look, then the best one near the median of its surroundings.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from streams.speech.spectrum import RATE_HZ, bin_hz, hann

LOWEST_HZ, HIGHEST_HZ = 65.0, 500.0
"""From a low man's voice to a raised child's."""
VOICED = 0.45
"""Least normalised autocorrelation of a look that has a pitch (Boersma's and Praat's default)."""
OCTAVE_COST = 0.02
"""What an octave lower costs a candidate: half the frequency fits nearly as well, always."""
JUMP_COST = 0.3
"""What an octave away from the surroundings costs it."""
AROUND = 12
"""Looks on each side that make the surroundings."""
CUTOFF_HZ = 2_000.0
"""Above this there is more breath and hiss than voice."""
CANDIDATES = 4


@lru_cache(maxsize=2)
def _preparation(size: int, padded: int) -> tuple[Float32, Float32]:
    """Weights of the power spectrum, and one over the window's autocorrelation at each lag."""
    hz = bin_hz(padded)
    keep = (1 / (1 + (hz / CUTOFF_HZ) ** 8)).astype(np.float32)
    keep[hz < 0.6 * LOWEST_HZ] = 0
    window = np.fft.irfft(np.abs(np.fft.rfft(hann(size), padded)) ** 2)[: padded // 2]
    return keep, (window[0] / np.maximum(window, 1e-6 * window[0])).astype(np.float32)


def candidates(power: Float32, *, size: int, padded: int) -> tuple[Float32, Float32]:
    """The ``CANDIDATES`` best periods of each look: frequency in Hz (0: none) and strength 0..1, each (n, candidates).

    ``power`` are spectra of ``padded`` points of looks of ``size`` samples.
    """
    keep, over_window = _preparation(size, padded)
    first, last = int(RATE_HZ / HIGHEST_HZ), int(np.ceil(RATE_HZ / LOWEST_HZ))
    found = np.fft.irfft(power * keep, padded, axis=1)[:, : last + 2].astype(np.float32, copy=False)
    found *= over_window[: last + 2] / np.maximum(found[:, :1], 1e-20)
    middle, left, right = found[:, first : last + 1], found[:, first - 1 : last], found[:, first + 1 : last + 2]
    peaks = np.where((middle > left) & (middle >= right), middle, 0.0)
    lags = np.arange(first, last + 1, dtype=np.float32)
    ranked = np.where(peaks > 0, peaks - OCTAVE_COST * np.log2(lags * LOWEST_HZ / RATE_HZ), -1.0)
    best = np.argpartition(-ranked, CANDIDATES - 1, axis=1)[:, :CANDIDATES]
    pick = np.arange(len(best))[:, None]
    one, two, three = left[pick, best], middle[pick, best], right[pick, best]
    bend = one - 2 * two + three
    shift = np.where(bend < 0, 0.5 * (one - three) / np.minimum(bend, -1e-9), 0.0)
    is_peak = peaks[pick, best] > 0
    hz = np.where(is_peak, RATE_HZ / (lags[best] + np.clip(shift, -0.5, 0.5)), 0.0)
    strength = np.where(is_peak, np.clip(two - 0.25 * (one - three) * shift, 0.0, 1.0), 0.0)
    return hz.astype(np.float32), strength.astype(np.float32)


def track(hz: Float32, strength: Float32, heard: NDArray[np.bool_]) -> Float32:
    """One frequency a look, 0 where it has no pitch or is not ``heard``: shape (n,)."""
    if not len(hz):
        return np.zeros(0, dtype=np.float32)
    worth = np.where(hz > 0, strength + OCTAVE_COST * np.log2(np.maximum(hz, 1.0) / LOWEST_HZ), -1.0)
    first = _taken(hz, worth, strength, heard)
    usual = _surroundings(first)
    away = np.abs(np.log2(np.maximum(hz, 1.0) / usual[:, None]))
    second = _taken(hz, np.where(np.isnan(away), worth, worth - JUMP_COST * np.minimum(away, 2.0)), strength, heard)
    return _without_lonely(second)


def _taken(hz: Float32, worth: Float32, strength: Float32, heard: NDArray[np.bool_]) -> Float32:
    best = worth.argmax(axis=1)
    pick = np.arange(len(best))
    return np.where(heard & (strength[pick, best] >= VOICED), hz[pick, best], 0.0).astype(np.float32)


def _surroundings(hz: Float32) -> Float32:
    """Median of the voiced looks around each; NaN where there is none."""
    known = np.where(hz > 0, hz, np.nan)
    padded = np.concatenate([np.full(AROUND, np.nan), known, np.full(AROUND, np.nan)]).astype(np.float32)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1), axis=1)
    count = (~np.isnan(around)).sum(axis=1)
    median: Float32 = around[np.arange(len(hz)), np.maximum(count - 1, 0) // 2]
    return median


def _without_lonely(hz: Float32) -> Float32:
    """A single voiced look between two unvoiced ones is noise that happened to repeat."""
    voiced = np.concatenate([[False], hz > 0, [False]])
    return np.where(voiced[:-2] | voiced[2:], hz, 0.0).astype(np.float32)
