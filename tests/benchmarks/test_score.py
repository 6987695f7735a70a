"""The figures of the benchmark of worth, on cases small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.ranking.score_borders import reaches_hook
from benchmarks.ranking.score_measures import auc, blocks, interval, kappa, picks, precision
from benchmarks.ranking.score_rig import labelled, window_of
from schemas.common import TimeRange
from streams.detect.timeline import build_timeline
from tests.detect.material_factory import say
from tests.support.media.shared_media import media


def flags(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_auc_counts_pairs_and_half_of_the_ties() -> None:
    assert auc(np.array([3.0, 1.0, 2.0]), flags(1, 0, 0)) == 1
    assert auc(np.array([2.0, 1.0, 2.0, 3.0]), flags(1, 0, 0, 0)) == pytest.approx((1 + 0.5 + 0) / 3)
    assert math.isnan(auc(np.array([1.0, 2.0]), flags(1, 1)))


def test_picks_share_no_time_and_the_earlier_wins_a_tie() -> None:
    scores = np.array([1.0, 3.0, 3.0, 2.0])

    def apart(one: int, other: int) -> bool:
        return abs(one - other) > 1

    assert picks(scores, apart) == [1, 3]
    assert precision(scores, flags(0, 1, 1, 0), apart) == 0.5


def test_blocks_draw_neighbours_and_as_many_as_there_are() -> None:
    drawn = blocks(10, np.random.default_rng(1))
    assert drawn.size == 10
    assert (drawn[1] - drawn[0]) % 10 == 1


def test_an_interval_leaves_out_rounds_without_a_result() -> None:
    assert interval([math.nan, 1.0, 1.0]) == (1.0, 1.0)


def test_kappa_is_one_for_agreement_and_near_zero_for_chance() -> None:
    assert kappa([0, 1, 2, 3], [0, 1, 2, 3]) == 1
    assert kappa([0, 0, 3, 3], [0, 3, 0, 3]) == pytest.approx(0)


def test_a_hook_within_three_seconds_is_found_by_its_words() -> None:
    part = TimeRange(start_ms=0, end_ms=20_000)
    assert reaches_hook(part, say("Nobody believed that they could win", 0))
    assert not reaches_hook(part, say("they walked along a road and then a long way on nobody came", 0))


def test_each_labelled_range_becomes_a_window_of_its_own_words() -> None:
    for text in labelled(media("text").parent):
        timeline = build_timeline(text.material)
        for part in text.ranges:
            window = window_of(timeline, part)
            assert window.range.overlap_ms(part) >= 0.5 * part.length_ms
