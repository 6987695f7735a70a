"""The synthetic programmes and their scoring: mixtures add up, truth is in order, a hit counts once."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.vision.edited import Edit, mix, mixtures, programme
from benchmarks.vision.shots import hits, scored


def test_mixtures_begin_with_the_old_and_end_with_the_new() -> None:
    dice = random.Random(3)
    assert mixtures("cut", dice) == []
    dissolve = mixtures("dissolve", dice)
    assert all(abs(old + new - 1) < 1e-9 for old, new in dissolve)
    assert all(before[1] < after[1] for before, after in pairwise(dissolve))
    fade = mixtures("fade", dice)
    assert (0.0, 0.0) in fade
    assert fade[0][1] == fade[-1][0] == 0.0
    assert mix(np.full((2, 2), 100, np.uint8), np.full((2, 2), 200, np.uint8), 0.5, 0.5).tolist() == [[150, 150]] * 2


def test_the_same_seed_edits_the_same() -> None:
    _, edits = programme(Path(), random.Random("1-0"))
    _, again = programme(Path(), random.Random("1-0"))
    assert edits == again
    assert all(before.end < after.first for before, after in pairwise(edits))


def test_a_hit_is_counted_once_and_within_two_pictures() -> None:
    truth = [Edit(kind="cut", first=100, end=100), Edit(kind="dissolve", first=200, end=220)]
    assert hits(truth, [102, 210, 215]) == [0, 1]
    assert hits(truth, [97, 223]) == [None, None]
    score = scored([truth], [[100, 210, 215]])
    assert (score["recall"], score["cuts"], score["dissolves"], round(score["F1"], 2)) == (1, 1, 1, 0.8)
