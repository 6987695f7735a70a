"""Word errors drawn by a seed: as many as asked for, and the words that are heard rightly stay where they are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.posting.posting_noise import count_lost, garble, rank_correlation
from schemas.common import TimeRange
from tests.detect.material_factory import say


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_the_rate_is_the_share_of_words_with_errors(rate: float) -> None:
    words = say(" ".join(f"word{at}{'.' if at % 9 == 8 else ''}" for at in range(4_000)), 0)
    heard = garble(words, rate, np.random.default_rng(3))
    right = {(word.start_ms, word.text) for word in words} & {(word.start_ms, word.text) for word in heard}
    assert 1 - len(right) / len(words) == pytest.approx(rate, abs=0.02)
    assert all(first.end_ms <= second.start_ms for first, second in itertools.pairwise(heard))
    assert garble(words, rate, np.random.default_rng(3)) == heard


def test_no_error_changes_nothing() -> None:
    words = say("All of this stays as it was said.", 0)
    assert garble(words, 0.0, np.random.default_rng(3)) == words


def test_a_moment_is_kept_where_most_of_its_time_is() -> None:
    before = [TimeRange(start_ms=0, end_ms=10_000), TimeRange(start_ms=20_000, end_ms=30_000)]
    assert count_lost(before, [TimeRange(start_ms=4_000, end_ms=14_000)]) == 1
    assert count_lost(before, before) == 0


def test_ranks_are_compared_not_scores() -> None:
    assert rank_correlation([1.0, 2.0, 3.0], [10.0, 20.0, 99.0]) == pytest.approx(1.0)
    assert rank_correlation([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == pytest.approx(-1.0)
