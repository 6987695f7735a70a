"""How well a score finds what readers would post.

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


def picks(scores: Floats, apart: Apart, count: int = FIRST_COUNT) -> list[int]:
    """The best windows that may stand in parallel, best first, the earlier on a tie."""
    chosen: list[int] = []
    for at in np.argsort(-scores, kind="stable"):
        if len(chosen) < count and all(apart(int(at), other) for other in chosen):
            chosen.append(int(at))
    return chosen


def precision(scores: Floats, worth: Bools, apart: Apart) -> float:
    """Share of the first five picks that are worth posting."""
    return float(worth[picks(scores, apart)].mean())


def blocks(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """As many indices as there are windows, drawn with replacement in runs of neighbours."""
    starts = rng.integers(0, count, size=-(-count // BLOCK_COUNT))
    return np.concatenate([(start + np.arange(BLOCK_COUNT)) % count for start in starts])[:count]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of what the rounds gave."""
    known = np.array(values)[~np.isnan(values)]
    low, high = np.percentile(known, (2.5, 97.5)) if known.size else (np.nan, np.nan)
    return float(low), float(high)


def kappa(one: Sequence[int], other: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights, for labels 0 to 3: agreement beyond chance, 1 is full."""
    seen = np.zeros((LABELS_COUNT, LABELS_COUNT))
    for left, right in zip(one, other, strict=True):
        seen[left, right] += 1
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    weights = np.subtract.outer(np.arange(LABELS_COUNT), np.arange(LABELS_COUNT)) ** 2
    expected = (weights * chance).sum()
    return float(1 - (weights * seen).sum() / expected) if expected else 1.0
