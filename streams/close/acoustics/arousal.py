"""Vocal arousal, 0..1, relative to the speaker's own level. Pure; joy and rage are alike to it.

Bone, Lee, Narayanan, "Robust unsupervised arousal rating", IEEE Transactions on Affective Computing 5 (2014): pitch,
loudness and brightness of a voice, each as its rank among the same speaker's other values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.common import Word

ACOUSTICS_STEP_MS = 100
"""Step of the acoustic curves."""
AROUSAL_STEP_MS = 500
"""Step of the arousal curve."""
AROUSAL_WINDOW_STEPS = 15
"""Steps of 100 ms in one arousal value: a phrase's stress, not a syllable's."""
MIN_VOICED_STEPS = 50
"""Fewer voiced steps than this (5 s) are no level of a speaker to compare with."""
CUE_WEIGHTS = (0.35, 0.40, 0.25)
"""Weights of pitch, loudness and brightness: in the order of their predictive power in the paper."""
AcousticValues = NDArray[np.float64]


def number_speakers(words: Sequence[Word], count: int) -> NDArray[np.int64]:
    """Number the speaker of each step; 0 where unknown."""
    numbers: dict[str, int] = {}
    speaker_numbers = np.zeros(count, dtype=np.int64)
    for word in words:
        if word.speaker is not None:
            number = numbers.setdefault(word.speaker, len(numbers) + 1)
            speaker_numbers[word.start_ms // ACOUSTICS_STEP_MS : -(-word.end_ms // ACOUSTICS_STEP_MS)] = number
    return speaker_numbers


def measure_arousal(
    pitch: AcousticValues,
    loudness: AcousticValues,
    brightness: AcousticValues,
    speech_steps: NDArray[np.bool_],
    speaker_numbers: NDArray[np.int64],
) -> AcousticValues:
    """Measure arousal each ``AROUSAL_STEP_MS``, as ranks among the speaker's steps.

    NaN without voiced speech.
    """
    voiced = speech_steps & ~np.isnan(pitch) & ~np.isnan(loudness)
    values = np.full(len(pitch), np.nan)
    for number in range(int(speaker_numbers.max(initial=0)) + 1):
        own_steps = voiced & (speaker_numbers == number)
        if own_steps.sum() >= MIN_VOICED_STEPS:
            ranks = [_rank_values(cue[own_steps]) for cue in (pitch, loudness, brightness)]
            values[own_steps] = np.average(ranks, axis=0, weights=CUE_WEIGHTS)
    return _average_known(values)


def _rank_values(values: AcousticValues) -> AcousticValues:
    """Return the share of values below each, ties counting half."""
    ordered = np.sort(values)
    below, up_to = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((below + up_to) / (2 * len(values)))


def _average_known(values: AcousticValues) -> AcousticValues:
    """Average the known values around each arousal step where at least a quarter is known."""
    half = AROUSAL_WINDOW_STEPS // 2
    padded = np.pad(values, (half, half + AROUSAL_STEP_MS // ACOUSTICS_STEP_MS), constant_values=np.nan)
    if len(padded) < AROUSAL_WINDOW_STEPS:
        return np.zeros(0)
    middles = np.arange(AROUSAL_STEP_MS // ACOUSTICS_STEP_MS // 2, len(values), AROUSAL_STEP_MS // ACOUSTICS_STEP_MS)
    windows = np.lib.stride_tricks.sliding_window_view(padded, AROUSAL_WINDOW_STEPS)[middles]
    is_known = ~np.isnan(windows)
    count = is_known.sum(axis=1)
    mean = np.where(is_known, windows, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count >= AROUSAL_WINDOW_STEPS // 4, mean, np.nan)
