"""Measures of how well a score finds what readers would post.

AUC, precision of the first five, intervals, agreement. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Apart = Callable[[int, int], bool]
"""Whether two windows may both be picked."""

FIRST_COUNT = 5
BLOCK_COUNT = 3
"""Neighbours are drawn together: windows in parallel share their subject (and, in a short text, their sentences)."""
ROUNDS = 2_000
LABELS_COUNT = 4


def auc(scores: Floats, worth: Bools) -> float:
    """Chance that a window worth posting scores above one that is not, a tie counting half.

    NaN without both.
    """
    good, rest = scores[worth], scores[~worth]
    if not good.size or not rest.size:
        return float("nan")
    above = (good[:, None] > rest[None, :]).mean() + 0.5 * (good[:, None] == rest[None, :]).mean()
    return float(above)


def picks(scores: Floats, are_disjoint: Apart, count: int = FIRST_COUNT) -> list[int]:
    """The best windows that may stand in parallel, best first, the earlier on a tie."""
    chosen: list[int] = []
    for at in np.argsort(-scores, kind="stable"):
        if len(chosen) < count and all(are_disjoint(int(at), picked) for picked in chosen):
            chosen.append(int(at))
    return chosen


def precision(scores: Floats, worth: Bools, are_disjoint: Apart) -> float:
    """Share of the first five picks that are worth posting."""
    return float(worth[picks(scores, are_disjoint)].mean())


def blocks(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices of windows, as many as there are, drawn with replacement in runs of neighbours."""
    starts = rng.integers(0, count, size=-(-count // BLOCK_COUNT))
    return np.concatenate([(start + np.arange(BLOCK_COUNT)) % count for start in starts])[:count]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of what the rounds gave."""
    measured = np.array(values)[~np.isnan(values)]
    low, high = np.percentile(measured, (2.5, 97.5)) if measured.size else (np.nan, np.nan)
    return float(low), float(high)


def kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights, for labels 0 to 3: agreement beyond chance, 1 is full."""
    observed = np.zeros((LABELS_COUNT, LABELS_COUNT))
    for left, right in zip(first, second, strict=True):
        observed[left, right] += 1
    chance_counts = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    weights = np.subtract.outer(np.arange(LABELS_COUNT), np.arange(LABELS_COUNT)) ** 2
    expected = (weights * chance_counts).sum()
    return float(1 - (weights * observed).sum() / expected) if expected else 1.0
