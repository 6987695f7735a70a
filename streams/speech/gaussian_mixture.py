"""Gaussian mixtures: how likely a sound is where some others were heard. Pure numpy; chance has a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32

Floats = NDArray[np.float64]
BLOCK = 4_096
"""Rows worked on at once: what is held beside them stays small, and the products of matrices so small that the library
keeps them on one thread: more threads took three times the processor time for them."""
LEARNT = 30_000
"""So many rows, evenly over all, make a model: ten minutes of speech. It bounds the cost."""
APART = 0.5
"""A part is split in two that lie so many deviations to either side."""
ROUNDS = 3
LEAST_SHARE = 0.5
"""No part is narrower than this share of the variance of all."""


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Parts by mean and variance, (k, d), and weight (k,)."""

    means: Floats
    variances: Floats
    weights: Floats


def fitted(rows: Float32, parts: int) -> Mixture:
    """A mixture of ``parts`` (a power of two) for rows, (n, d), n at least 1: one, split until there are enough."""
    learnt = _some(rows)
    least = LEAST_SHARE * learnt.var(axis=0) + 1e-3
    found = Mixture(means=learnt.mean(axis=0)[None], variances=learnt.var(axis=0)[None] + least, weights=np.ones(1))
    while len(found.weights) < parts:
        found = _improved(_split(found), learnt, least)
    return found


def scattered(rows: Float32, parts: int, seed: int) -> Mixture:
    """Another for the same rows, begun at ``parts`` of them: several of these together err less than any one."""
    learnt = _some(rows)
    least = LEAST_SHARE * learnt.var(axis=0) + 1e-3
    first = np.random.default_rng(seed).choice(len(learnt), parts, replace=len(learnt) < parts)
    wide = np.tile(learnt.var(axis=0) + least, (parts, 1))
    return _improved(Mixture(means=learnt[first], variances=wide, weights=np.full(parts, 1 / parts)), learnt, least)


def _improved(mixture: Mixture, learnt: Floats, least: Floats) -> Mixture:
    """Some rounds of expectation and maximisation."""
    for _ in range(ROUNDS):
        held, sums, squares = _weighed(mixture, learnt)
        means = sums / held[:, None]
        variances = squares / held[:, None] - np.square(means)
        mixture = Mixture(means=means, variances=np.maximum(variances, least), weights=held / held.sum())
    return mixture


def adapted(prior: Mixture, rows: Float32, *, pull: float, rounds: int = 3) -> Mixture:
    """The mixture with its means drawn to ``rows``; ``pull`` rows' worth of belief stays where they were."""
    learnt, found = _some(rows), prior
    for _ in range(rounds):
        held, sums, _ = _weighed(found, learnt)
        means = (sums + pull * prior.means) / (held[:, None] + pull)
        found = Mixture(means=means, variances=prior.variances, weights=prior.weights)
    return found


def log_likelihood(mixture: Mixture, rows: Float32) -> Floats:
    """Of each row, (n,)."""
    parts = [_of_parts(mixture, rows[at : at + BLOCK].astype(np.float64)) for at in range(0, len(rows), BLOCK)]
    return np.concatenate([_summed(part)[1] for part in parts]) if parts else np.zeros(0)


def _some(rows: Float32) -> Floats:
    taken = np.linspace(0, len(rows) - 1, min(LEARNT, len(rows))).astype(np.int64)
    return rows[taken].astype(np.float64)


def _split(mixture: Mixture) -> Mixture:
    aside = APART * np.sqrt(mixture.variances)
    return Mixture(
        means=np.concatenate([mixture.means - aside, mixture.means + aside]),
        variances=np.concatenate([mixture.variances] * 2),
        weights=np.concatenate([mixture.weights] * 2) / 2,
    )


def _weighed(mixture: Mixture, rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each part how much of the rows is its own, (k,), their sum and the sum of their squares, (k, d)."""
    held, sums, squares = (
        np.full(len(mixture.weights), 1e-6),
        np.zeros_like(mixture.means),
        np.zeros_like(mixture.means),
    )
    for at in range(0, len(rows), BLOCK):
        block = rows[at : at + BLOCK]
        shares = _summed(_of_parts(mixture, block))[0]
        held += shares.sum(axis=0)
        sums += shares.T @ block
        squares += shares.T @ np.square(block)
    return held, sums, squares


def _summed(parts: Floats) -> tuple[Floats, Floats]:
    """Shares of the parts in each row, and the logarithm of their sum; several times as quick as numpy's logaddexp."""
    most = parts.max(axis=1, keepdims=True)
    powers = np.exp(parts - most)
    total = powers.sum(axis=1, keepdims=True)
    return powers / total, (most + np.log(total))[:, 0]


def _of_parts(mixture: Mixture, rows: Floats) -> Floats:
    """Log likelihood of each row in each part, weighted, (n, k)."""
    narrow = 1 / mixture.variances
    constant = np.log(mixture.weights) - 0.5 * (
        np.log(2 * np.pi * mixture.variances).sum(axis=1) + (np.square(mixture.means) * narrow).sum(axis=1)
    )
    found: Floats = constant + rows @ (mixture.means * narrow).T - 0.5 * np.square(rows) @ narrow.T
    return found
