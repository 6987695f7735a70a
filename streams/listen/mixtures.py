"""Gaussian mixtures: how likely a sound is where some others were heard. Pure numpy; chance has a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.adapters.ports import Float32

Floats = NDArray[np.float64]
BLOCK = 16_384
"""Rows scored at once: what is held beside them stays small."""
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
        shares = _shares(mixture, learnt)
        held = shares.sum(axis=0) + 1e-6
        means = shares.T @ learnt / held[:, None]
        variances = shares.T @ np.square(learnt) / held[:, None] - np.square(means)
        mixture = Mixture(means=means, variances=np.maximum(variances, least), weights=held / held.sum())
    return mixture


def adapted(prior: Mixture, rows: Float32, *, pull: float, rounds: int = 3) -> Mixture:
    """The mixture with its means drawn to ``rows``; ``pull`` rows' worth of belief stays where they were."""
    learnt, found = _some(rows), prior
    for _ in range(rounds):
        shares = _shares(found, learnt)
        held = shares.sum(axis=0)[:, None]
        means = (shares.T @ learnt + pull * prior.means) / (held + pull)
        found = Mixture(means=means, variances=prior.variances, weights=prior.weights)
    return found


def log_likelihood(mixture: Mixture, rows: Float32) -> Floats:
    """Of each row, (n,)."""
    parts = [_of_parts(mixture, rows[at : at + BLOCK].astype(np.float64)) for at in range(0, len(rows), BLOCK)]
    return np.concatenate([np.logaddexp.reduce(part, axis=1) for part in parts]) if parts else np.zeros(0)


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


def _shares(mixture: Mixture, rows: Floats) -> Floats:
    """How much of each row is each part's, (n, k)."""
    parts = _of_parts(mixture, rows)
    shares: Floats = np.exp(parts - np.logaddexp.reduce(parts, axis=1, keepdims=True))
    return shares


def _of_parts(mixture: Mixture, rows: Floats) -> Floats:
    """Log likelihood of each row in each part, weighted, (n, k)."""
    narrow = 1 / mixture.variances
    constant = np.log(mixture.weights) - 0.5 * (
        np.log(2 * np.pi * mixture.variances).sum(axis=1) + (np.square(mixture.means) * narrow).sum(axis=1)
    )
    found: Floats = constant + rows @ (mixture.means * narrow).T - 0.5 * np.square(rows) @ narrow.T
    return found
