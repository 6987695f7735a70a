"""The interval of F1 in the benchmark of study."""

from __future__ import annotations

from benchmarks.ranking.intelligence import f1_interval


def test_equal_names_have_an_interval_without_width() -> None:
    assert f1_interval([(2, 4, 4)] * 5) == (0.5, 0.5)
    assert f1_interval([]) == (0.0, 0.0)


def test_one_frequent_name_makes_the_interval_wide() -> None:
    low, high = f1_interval([(20, 20, 20), (0, 20, 0), *[(1, 1, 1)] * 4])
    assert low < 0.2
    assert high == 1.0
    assert f1_interval([(20, 20, 20), (0, 20, 0), *[(1, 1, 1)] * 4]) == (low, high)
