"""Gaussian mixture models with diagonal covariances. Pure numpy; randomness comes from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32

Floats = NDArray[np.float64]
BLOCK_ROWS = 4_096
"""Rows per block.

Keeps memory small, and the matrix products small enough that BLAS stays on one thread: more threads took three times
the processor time.
"""
MAX_FIT_ROWS = 30_000
"""Rows that a mixture is fitted to, evenly over all: ten minutes of speech. Bounds the cost."""
SPLIT_DISTANCE_SIGMA = 0.5
"""Distance, in standard deviations, by which the two halves of a split component move to either side."""
EM_ROUNDS = 3
"""Rounds of expectation and maximisation after each split."""
MIN_VARIANCE_RATIO = 0.5
"""Smallest variance of a component, as a share of the variance of all rows."""


@dataclass(frozen=True, kw_only=True)
class GaussianMixture:
    """Components by mean and variance, shape (k, d), and weight, (k,)."""

    means: Floats
    variances: Floats
    weights: Floats


def fit_mixture(rows: Float32, components: int) -> GaussianMixture:
    """Fit a mixture of ``components`` (a power of two) to rows, (n, d), n at least 1.

    Starts with one component and splits all of them until there are enough.
    """
    fit_rows = _sample_rows(rows)
    min_variance = MIN_VARIANCE_RATIO * fit_rows.var(axis=0) + 1e-3
    mixture = GaussianMixture(
        means=fit_rows.mean(axis=0)[None], variances=fit_rows.var(axis=0)[None] + min_variance, weights=np.ones(1)
    )
    while len(mixture.weights) < components:
        mixture = _run_em(_split_components(mixture), fit_rows, min_variance)
    return mixture


def fit_random_mixture(rows: Float32, components: int, seed: int) -> GaussianMixture:
    """Fit a mixture that starts at random rows. Several of these together err less than any one."""
    fit_rows = _sample_rows(rows)
    min_variance = MIN_VARIANCE_RATIO * fit_rows.var(axis=0) + 1e-3
    first = np.random.default_rng(seed).choice(len(fit_rows), components, replace=len(fit_rows) < components)
    wide = np.tile(fit_rows.var(axis=0) + min_variance, (components, 1))
    return _run_em(
        GaussianMixture(means=fit_rows[first], variances=wide, weights=np.full(components, 1 / components)),
        fit_rows,
        min_variance,
    )


def _run_em(mixture: GaussianMixture, fit_rows: Floats, min_variance: Floats) -> GaussianMixture:
    """Run some rounds of expectation maximisation."""
    for _ in range(EM_ROUNDS):
        responsibilities, sums, squares = _accumulate_statistics(mixture, fit_rows)
        means = sums / responsibilities[:, None]
        variances = squares / responsibilities[:, None] - np.square(means)
        mixture = GaussianMixture(
            means=means,
            variances=np.maximum(variances, min_variance),
            weights=responsibilities / responsibilities.sum(),
        )
    return mixture


def adapt_means(prior: GaussianMixture, rows: Float32, *, relevance: float, rounds: int = 3) -> GaussianMixture:
    """Move the means towards ``rows`` (MAP adaptation).

    ``relevance``: how many rows' worth of weight keeps a mean where it was.
    """
    fit_rows, mixture = _sample_rows(rows), prior
    for _ in range(rounds):
        responsibilities, sums, _ = _accumulate_statistics(mixture, fit_rows)
        means = (sums + relevance * prior.means) / (responsibilities[:, None] + relevance)
        mixture = GaussianMixture(means=means, variances=prior.variances, weights=prior.weights)
    return mixture


def log_likelihood(mixture: GaussianMixture, rows: Float32) -> Floats:
    """Return the log likelihood of each row, (n,)."""
    blocks = [
        _component_log_likelihood(mixture, rows[at : at + BLOCK_ROWS].astype(np.float64))
        for at in range(0, len(rows), BLOCK_ROWS)
    ]
    return np.concatenate([_normalise(block)[1] for block in blocks]) if blocks else np.zeros(0)


def _sample_rows(rows: Float32) -> Floats:
    """Take at most ``MAX_FIT_ROWS`` rows, evenly spaced."""
    picked = np.linspace(0, len(rows) - 1, min(MAX_FIT_ROWS, len(rows))).astype(np.int64)
    return rows[picked].astype(np.float64)


def _split_components(mixture: GaussianMixture) -> GaussianMixture:
    """Split each component in two along its standard deviations."""
    offset = SPLIT_DISTANCE_SIGMA * np.sqrt(mixture.variances)
    return GaussianMixture(
        means=np.concatenate([mixture.means - offset, mixture.means + offset]),
        variances=np.concatenate([mixture.variances] * 2),
        weights=np.concatenate([mixture.weights] * 2) / 2,
    )


def _accumulate_statistics(mixture: GaussianMixture, rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Sum each component's responsibilities, (k,), and the weighted rows and squares, (k, d)."""
    responsibilities, sums, squares = (
        np.full(len(mixture.weights), 1e-6),
        np.zeros_like(mixture.means),
        np.zeros_like(mixture.means),
    )
    for at in range(0, len(rows), BLOCK_ROWS):
        block = rows[at : at + BLOCK_ROWS]
        shares = _normalise(_component_log_likelihood(mixture, block))[0]
        responsibilities += shares.sum(axis=0)
        sums += shares.T @ block
        squares += shares.T @ np.square(block)
    return responsibilities, sums, squares


def _normalise(log_likelihoods: Floats) -> tuple[Floats, Floats]:
    """Return component shares in each row, and the log of their sum.

    Several times as fast as numpy's logaddexp.
    """
    largest = log_likelihoods.max(axis=1, keepdims=True)
    powers = np.exp(log_likelihoods - largest)
    total = powers.sum(axis=1, keepdims=True)
    return powers / total, (largest + np.log(total))[:, 0]


def _component_log_likelihood(mixture: GaussianMixture, rows: Floats) -> Floats:
    """Return the weighted log likelihood of each row in each component, (n, k)."""
    precision = 1 / mixture.variances
    constant = np.log(mixture.weights) - 0.5 * (
        np.log(2 * np.pi * mixture.variances).sum(axis=1) + (np.square(mixture.means) * precision).sum(axis=1)
    )
    log_likelihoods: Floats = constant + rows @ (mixture.means * precision).T - 0.5 * np.square(rows) @ precision.T
    return log_likelihoods
