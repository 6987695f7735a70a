"""Gaussian mixtures: two clusters are found, means adapt to the data, every run gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.ports.models import Float32
from streams.speech.gaussian_mixture import (
    BLOCK_ROWS,
    MAX_FIT_ROWS,
    adapt_means,
    fit_mixture,
    fit_random_mixture,
    log_likelihood,
)


def clouds(count: int = 600) -> Float32:
    random = np.random.default_rng(1)
    return np.concatenate([random.normal(-3, 0.5, (count, 2)), random.normal(3, 0.5, (count, 2))]).astype(np.float32)


def test_two_clouds_are_two_parts() -> None:
    found = fit_mixture(clouds(), 2)
    assert sorted(found.means[:, 0].tolist()) == pytest.approx([-3, 3], abs=0.2)
    assert found.weights.tolist() == pytest.approx([0.5, 0.5], abs=0.02)


def test_training_rows_are_likelier_than_others() -> None:
    found = fit_mixture(clouds(), 2)
    near, far = log_likelihood(found, np.array([[3, 3], [3, -9]], dtype=np.float32))
    assert near > far


def test_one_part_is_the_density_of_a_gaussian() -> None:
    rows = np.random.default_rng(1).normal(0, 1, (5000, 1)).astype(np.float32)
    found = fit_mixture(rows, 1)
    variance = float(found.variances[0, 0])
    expected = -0.5 * (np.log(2 * np.pi * variance) + (1 - found.means[0, 0]) ** 2 / variance)
    assert log_likelihood(found, np.ones((1, 1), dtype=np.float32))[0] == pytest.approx(expected)


def test_fewer_rows_move_the_means_less() -> None:
    prior = fit_mixture(clouds(), 1)
    few, many = (
        adapt_means(prior, np.full((count, 2), 2.0, dtype=np.float32), relevance=10.0).means[0, 0]
        for count in (10, 1000)
    )
    assert few == pytest.approx(1.0, abs=0.1)
    assert many == pytest.approx(2.0, abs=0.1)


def test_chance_is_the_same_at_every_run_and_another_for_another_seed() -> None:
    first, again, other = (fit_random_mixture(clouds(), 4, seed).means for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_few_many_and_no_rows_are_fitted() -> None:
    one = fit_random_mixture(np.zeros((1, 2), dtype=np.float32), 4, 0)
    assert np.isfinite(log_likelihood(one, np.ones((3, 2), dtype=np.float32))).all()
    assert log_likelihood(one, np.zeros((0, 2), dtype=np.float32)).shape == (0,)
    many = np.zeros((MAX_FIT_ROWS + BLOCK_ROWS, 2), dtype=np.float32)
    assert log_likelihood(fit_mixture(many, 2), many).shape == (len(many),)
