"""Strengths: in the order of the preferences, 0.5 in the mean, never at the end of the scale."""

from __future__ import annotations

import itertools
import random

import pytest

from streams.detect.judging.schedule import plan_rounds
from streams.detect.judging.strength import Outcome, measure_strengths


def test_who_wins_everything_is_the_strongest() -> None:
    outcomes = [Outcome(first=a, second=b, won=float(a > b)) for a, b in itertools.combinations(range(6), 2)]
    strengths = measure_strengths(6, outcomes)
    assert strengths == sorted(strengths)
    assert 0.05 < strengths[0] < 0.3
    assert 0.7 < strengths[-1] < 0.95
    assert sum(strengths) == pytest.approx(3.0, abs=0.001)


def test_nothing_known_is_the_middle() -> None:
    assert measure_strengths(3, []) == [0.5, 0.5, 0.5]
    assert measure_strengths(2, [Outcome(first=0, second=1, won=0.5)]) == [0.5, 0.5]


def test_a_win_over_a_strong_one_counts_more() -> None:
    """Both 0 and 4 won once; 0 beat the one that beat two others."""
    outcomes = [
        Outcome(first=1, second=2, won=1.0), Outcome(first=1, second=3, won=1.0),
        Outcome(first=0, second=1, won=1.0), Outcome(first=4, second=2, won=1.0),
    ]  # fmt: skip
    strengths = measure_strengths(5, outcomes)
    assert strengths[0] > strengths[4]


def test_the_order_of_the_comparisons_does_not_matter() -> None:
    draw = random.Random(7)
    outcomes = [
        Outcome(first=a, second=b, won=draw.choice((0.0, 0.5, 1.0))) for pairs in plan_rounds(15, 60) for a, b in pairs
    ]
    shuffled = draw.sample(outcomes, len(outcomes))
    assert measure_strengths(15, outcomes) == measure_strengths(15, shuffled)
