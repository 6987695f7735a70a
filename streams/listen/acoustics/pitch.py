"""Fundamental frequency of short frames, by autocorrelation from their power spectra. Pure.

Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
sound", IFA Proceedings 17, 1993: the autocorrelation of a windowed frame, divided by that of its window. His path
search is replaced by two passes: the best candidate of each frame, then the best one near the median of its
surroundings.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from streams.speech.spectrum import RATE_HZ, bin_frequencies_hz, hann_window

MIN_PITCH_HZ = 65.0
"""Lowest pitch: a low man's voice."""
MAX_PITCH_HZ = 500.0
"""Highest pitch: a child's raised voice."""
MIN_VOICED_STRENGTH = 0.45
"""Least normalised autocorrelation of a frame that has a pitch (Boersma's and Praat's default)."""
OCTAVE_PENALTY = 0.02
"""Cost of a candidate for each octave lower: half the frequency always fits nearly as well."""
JUMP_PENALTY = 0.3
"""Cost of a candidate for each octave away from its surroundings."""
SURROUNDING_FRAMES = 12
"""Frames on each side that make the surroundings."""
CUTOFF_HZ = 2_000.0
"""Above this there is more breath and hiss than voice."""
CANDIDATE_COUNT = 4
"""Candidates kept for each frame."""


@lru_cache(maxsize=2)
def _prepare_weights(size: int, padded: int) -> tuple[Float32, Float32]:
    """Weights of the power spectrum, and one over the window's autocorrelation at each lag."""
    hz = bin_frequencies_hz(padded)
    keep = (1 / (1 + (hz / CUTOFF_HZ) ** 8)).astype(np.float32)
    keep[hz < 0.6 * MIN_PITCH_HZ] = 0
    window = np.fft.irfft(np.abs(np.fft.rfft(hann_window(size), padded)) ** 2)[: padded // 2]
    return keep, (window[0] / np.maximum(window, 1e-6 * window[0])).astype(np.float32)


def find_candidates(power: Float32, *, size: int, padded: int) -> tuple[Float32, Float32]:
    """Find each frame's best periods: frequency in Hz (0: none) and strength 0..1.

    Both (n, ``CANDIDATE_COUNT``). ``power`` are spectra of ``padded`` points of frames of ``size`` samples.
    """
    keep, over_window = _prepare_weights(size, padded)
    first, last = int(RATE_HZ / MAX_PITCH_HZ), int(np.ceil(RATE_HZ / MIN_PITCH_HZ))
    autocorrelation = np.fft.irfft(power * keep, padded, axis=1)[:, : last + 2].astype(np.float32, copy=False)
    autocorrelation *= over_window[: last + 2] / np.maximum(autocorrelation[:, :1], 1e-20)
    middle, left, right = (
        autocorrelation[:, first : last + 1],
        autocorrelation[:, first - 1 : last],
        autocorrelation[:, first + 1 : last + 2],
    )
    peaks = np.where((middle > left) & (middle >= right), middle, 0.0)
    lags = np.arange(first, last + 1, dtype=np.float32)
    ranked = np.where(peaks > 0, peaks - OCTAVE_PENALTY * np.log2(lags * MIN_PITCH_HZ / RATE_HZ), -1.0)
    best = np.argpartition(-ranked, CANDIDATE_COUNT - 1, axis=1)[:, :CANDIDATE_COUNT]
    pick = np.arange(len(best))[:, None]
    before, peak, after = left[pick, best], middle[pick, best], right[pick, best]
    curvature = before - 2 * peak + after
    shift = np.where(curvature < 0, 0.5 * (before - after) / np.minimum(curvature, -1e-9), 0.0)
    is_peak = peaks[pick, best] > 0
    hz = np.where(is_peak, RATE_HZ / (lags[best] + np.clip(shift, -0.5, 0.5)), 0.0)
    strength = np.where(is_peak, np.clip(peak - 0.25 * (before - after) * shift, 0.0, 1.0), 0.0)
    return hz.astype(np.float32), strength.astype(np.float32)


def track_pitch(hz: Float32, strength: Float32, audible: NDArray[np.bool_]) -> Float32:
    """Pick one frequency a frame, 0 where it has no pitch or is not ``audible``: shape (n,)."""
    if not len(hz):
        return np.zeros(0, dtype=np.float32)
    candidate_score = np.where(hz > 0, strength + OCTAVE_PENALTY * np.log2(np.maximum(hz, 1.0) / MIN_PITCH_HZ), -1.0)
    first_pass = _pick_best(hz, candidate_score, strength, audible)
    local_median = _local_median(first_pass)
    octaves_away = np.abs(np.log2(np.maximum(hz, 1.0) / local_median[:, None]))
    second_pass = _pick_best(
        hz,
        np.where(
            np.isnan(octaves_away), candidate_score, candidate_score - JUMP_PENALTY * np.minimum(octaves_away, 2.0)
        ),
        strength,
        audible,
    )
    return _drop_isolated(second_pass)


def _pick_best(hz: Float32, candidate_score: Float32, strength: Float32, audible: NDArray[np.bool_]) -> Float32:
    """Pick each frame's best candidate if it is strong enough."""
    best = candidate_score.argmax(axis=1)
    rows = np.arange(len(best))
    return np.where(audible & (strength[rows, best] >= MIN_VOICED_STRENGTH), hz[rows, best], 0.0).astype(np.float32)


def _local_median(hz: Float32) -> Float32:
    """Median of the voiced frames around each; NaN without any."""
    voiced_hz = np.where(hz > 0, hz, np.nan)
    padded = np.concatenate(
        [np.full(SURROUNDING_FRAMES, np.nan), voiced_hz, np.full(SURROUNDING_FRAMES, np.nan)]
    ).astype(np.float32)
    sorted_windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * SURROUNDING_FRAMES + 1), axis=1)
    count = (~np.isnan(sorted_windows)).sum(axis=1)
    median: Float32 = sorted_windows[np.arange(len(hz)), np.maximum(count - 1, 0) // 2]
    return median


def _drop_isolated(hz: Float32) -> Float32:
    """Drop a single voiced frame between two unvoiced ones: noise that happened to repeat."""
    voiced = np.concatenate([[False], hz > 0, [False]])
    return np.where(voiced[:-2] | voiced[2:], hz, 0.0).astype(np.float32)
