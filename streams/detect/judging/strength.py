"""Strengths of the finalists from their comparisons: Bradley and Terry's model with a prior. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streams.detect.features.base import round_score

PRIOR_PRECISION = 1.0
"""Precision of the prior of a strength (normal, mean 0): a few comparisons move no finalist to the end of the scale."""
MAX_STEPS = 50
"""Newton steps; the loss is convex, and ten are usual."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One comparison: the places of both finalists, and the first one's share of it."""

    first: int
    second: int
    won: float
    """1: preferred in both orders; 0: the other was; 0.5: in one order each."""


def measure_strengths(count: int, outcomes: Sequence[Outcome]) -> list[float]:
    """Measure each finalist: the share of comparisons with the others that it is expected to win.

    Between 0 and 1, and 0.5 in the mean.
    """
    strengths = np.zeros(count)
    for _ in range(MAX_STEPS):
        gradient = PRIOR_PRECISION * strengths
        curvature = PRIOR_PRECISION * np.eye(count)
        for outcome in outcomes:
            first, second = outcome.first, outcome.second
            expected = _expect(strengths[first] - strengths[second])
            gradient[first] += expected - outcome.won
            gradient[second] -= expected - outcome.won
            weight = expected * (1.0 - expected)
            curvature[first, first] += weight
            curvature[second, second] += weight
            curvature[first, second] -= weight
            curvature[second, first] -= weight
        step = np.linalg.solve(curvature, gradient)
        strengths = strengths - step
        if float(np.max(np.abs(step), initial=0.0)) < 1e-10:
            break
    return [
        round_score(
            sum(_expect(strengths[place] - strengths[other]) for other in range(count) if other != place)
            / max(1, count - 1)
        )
        for place in range(count)
    ]


def _expect(difference: float) -> float:
    return float(1.0 / (1.0 + np.exp(-difference)))
