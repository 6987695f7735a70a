"""The ratio of two p95s: a delay of every tenth measurement shows, a burst of another process does not."""

from __future__ import annotations

import pytest

from tests.support.soak import ROUND, p95_ratio

ROUNDS = 7
QUIET = [1.0 + number % 3 / 100 for number in range(ROUNDS * ROUND)]


def test_a_delay_of_every_tenth_request_is_seen() -> None:
    delayed = [seconds * (2 if number % 10 == 0 else 1) for number, seconds in enumerate(QUIET)]
    assert p95_ratio(QUIET, delayed) == pytest.approx(2, abs=0.05)


def test_a_burst_in_some_rounds_counts_as_one() -> None:
    burst = [seconds * (9 if number < 3 * ROUND else 1) for number, seconds in enumerate(QUIET)]
    assert p95_ratio(QUIET, burst) == pytest.approx(1, abs=0.05)


def test_few_measurements_are_one_round() -> None:
    assert p95_ratio([1.0, 1.0], [3.0, 3.0]) == 3
