"""How raised a voice is, 0..1, against the same speaker's own level. Pure; names no feeling: joy and rage are alike.

Bone, Lee, Narayanan, "Robust unsupervised arousal rating", IEEE Transactions on Affective Computing 5 (2014): how high,
how loud and how bright a voice is, each as its rank among what the same speaker says elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.common import Word

STEP_MS = 100
AROUSAL_STEP_MS = 500
AROUSAL_WINDOW = 15
"""Steps of 100 ms an arousal value looks at: a phrase's stress, not a syllable's."""
LEAST_VOICED = 50
"""Fewer voiced steps than this (5 s) of a speaker are no level to compare with."""
WEIGHTS = (0.35, 0.40, 0.25)
"""Of height, loudness and brightness: the order in which the paper found them to tell."""
Values = NDArray[np.float64]


def owners(words: Sequence[Word], count: int) -> NDArray[np.int64]:
    """A number for the speaker of each step; 0 where it is not known."""
    numbers: dict[str, int] = {}
    found = np.zeros(count, dtype=np.int64)
    for word in words:
        if word.speaker is not None:
            number = numbers.setdefault(word.speaker, len(numbers) + 1)
            found[word.start_ms // STEP_MS : -(-word.end_ms // STEP_MS)] = number
    return found


def arousal(
    pitch: Values, loudness: Values, bright: Values, spoken: NDArray[np.bool_], owner: NDArray[np.int64]
) -> Values:
    """0..1 each ``AROUSAL_STEP_MS``, NaN where nobody speaks with a pitch: ranks among the same speaker's steps."""
    voiced = spoken & ~np.isnan(pitch) & ~np.isnan(loudness)
    raised = np.full(len(pitch), np.nan)
    for number in range(int(owner.max(initial=0)) + 1):
        own = voiced & (owner == number)
        if own.sum() >= LEAST_VOICED:
            ranks = [_ranks(values[own]) for values in (pitch, loudness, bright)]
            raised[own] = np.average(ranks, axis=0, weights=WEIGHTS)
    return _averaged(raised)


def _ranks(values: Values) -> Values:
    """Share of the values below each, ties counting half."""
    ordered = np.sort(values)
    below, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((below + upto) / (2 * len(values)))


def _averaged(values: Values) -> Values:
    """Mean of the known values around each arousal step, where at least a quarter is known."""
    half = AROUSAL_WINDOW // 2
    padded = np.pad(values, (half, half + AROUSAL_STEP_MS // STEP_MS), constant_values=np.nan)
    if len(padded) < AROUSAL_WINDOW:
        return np.zeros(0)
    middles = np.arange(AROUSAL_STEP_MS // STEP_MS // 2, len(values), AROUSAL_STEP_MS // STEP_MS)
    windows = np.lib.stride_tricks.sliding_window_view(padded, AROUSAL_WINDOW)[middles]
    known = ~np.isnan(windows)
    count = known.sum(axis=1)
    mean = np.where(known, windows, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count >= AROUSAL_WINDOW // 4, mean, np.nan)
