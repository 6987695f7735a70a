"""Pairs of finalists: each with each other once, all linked by two rounds, never more calls than allowed."""

from __future__ import annotations

import itertools

import pytest

from streams.detect.judging.schedule import CALLS_PER_PAIR, count_finalists, list_rounds, plan_rounds


@pytest.mark.parametrize("count", range(2, 26))
def test_the_rounds_hold_each_pair_once(count: int) -> None:
    rounds = list_rounds(count)
    pairs = [tuple(sorted(pair)) for pairs in rounds for pair in pairs]
    assert sorted(pairs) == list(itertools.combinations(range(count), 2))
    for pairs_of_round in rounds:
        met = [place for pair in pairs_of_round for place in pair]
        assert len(met) == len(set(met)) == count // 2 * 2


@pytest.mark.parametrize("count", range(3, 26))
def test_two_rounds_link_all_finalists(count: int) -> None:
    rounds = list_rounds(count)
    for first, second in itertools.pairwise(rounds):
        linked = {first[0][0]}
        for _ in range(count):
            linked |= {place for pair in (*first, *second) if set(pair) & linked for place in pair}
        assert len(linked) == count


@pytest.mark.parametrize("max_calls", [4, 5, 9, 10, 20, 60, 61, 1000])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 9, 16, 50])
def test_the_plan_keeps_within_the_calls_and_has_two_rounds(count: int, max_calls: int) -> None:
    compared_count = count_finalists(count, max_calls)
    rounds = plan_rounds(compared_count, max_calls)
    assert compared_count <= count
    assert CALLS_PER_PAIR * sum(map(len, rounds)) <= 0.8 * max_calls
    if count < 2:
        assert (compared_count, rounds) == (0, [])
    else:
        assert len(rounds) >= min(2, len(list_rounds(compared_count))) > 0


def test_few_finalists_all_meet() -> None:
    assert count_finalists(7, 60) == 7
    assert plan_rounds(7, 60) == list_rounds(7)


def test_of_many_finalists_the_best_are_compared() -> None:
    assert count_finalists(50, 60) == 25
    assert count_finalists(50, 4) == 2
