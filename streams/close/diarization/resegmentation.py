"""Who speaks at each step, told again by what each speaker sounds like every 20 ms. Pure numpy; finds no new speakers.

A window in which a voice is known is longer than a word thrown in. The cepstra of a moment say little of who speaks,
but those of all that one speaker said in this recording make a model of them, and that is read every tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from streams.close.diarization.turns import Steps
from streams.speech.frames import SpeechFrames
from streams.speech.gaussian_mixture import GaussianMixture, adapt_means, fit_random_mixture, log_likelihood
from streams.speech.viterbi import find_best_path

PARTS, MODELS = 4, 4
"""…of each of so many models, begun at other frames: one alone may settle on a bad reading."""
PULL = 10.0
"""Frames: a fifth of a second of what everybody sounds like stays in each speaker's model."""
LEAST_ROWS = 25
"""Who has less than half a second is told by the windows alone."""
MOST, WEIGHT = 8.0, 0.2
"""A frame counts for so much at most; one of log likelihood is worth so much cosine."""
SMOOTHED = 3
DEARER = 2.0
"""Changes cost so many times what they cost by the windows: two tellers move the score more than one."""
ROUNDS = 2


def retold(steps: Steps, frames: SpeechFrames) -> Steps:
    """The same steps, some of another owner; as they were where one speaks or nothing of the sound is known."""
    count = steps.scores.shape[1]
    step, rows = _inside(steps, frames)
    if count == 1 or len(rows) < LEAST_ROWS:
        return steps
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    models = [fit_random_mixture(rows, PARTS, seed) for seed in range(MODELS)]
    usual = [log_likelihood(model, rows) for model in models]
    seconds, owner = (steps.ends_ms - steps.starts_ms) / 1000.0, steps.owner
    for _ in range(ROUNDS):
        told = [_told(models, usual, rows, owner[step] == one) for one in range(count)]
        scores = steps.scores + WEIGHT * np.stack([_by_step(one, step, len(owner)) for one in told], axis=1)
        owner = find_best_path(scores * seconds[:, None], DEARER * steps.price)
    return replace(steps, owner=owner)


def _inside(steps: Steps, frames: SpeechFrames) -> tuple[NDArray[np.int64], Float32]:
    """The step of each frame that lies in one, and those frames."""
    step = np.searchsorted(steps.starts_ms, frames.middles_ms, side="right") - 1
    inside = (step >= 0) & (frames.middles_ms < steps.ends_ms[np.maximum(step, 0)]) if len(steps.owner) else step >= 0
    return step[inside], frames.rows[inside]


def _told(
    models: Sequence[GaussianMixture], usual: Sequence[NDArray[np.float64]], rows: Float32, mine: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How much likelier each frame is where one speaks than where anybody does, by all models together."""
    total = np.zeros(len(rows))
    if mine.sum() >= LEAST_ROWS:
        for model, before in zip(models, usual, strict=True):
            own = adapt_means(model, rows[mine], relevance=PULL)
            total += np.clip(log_likelihood(own, rows) - before, -MOST, MOST) / len(models)
    return total


def _by_step(told: NDArray[np.float64], step: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    """The mean of each step's frames, smoothed."""
    mean = np.bincount(step, told, minlength=steps) / np.maximum(1, np.bincount(step, minlength=steps))
    return np.convolve(mean, np.ones(SMOOTHED) / SMOOTHED, "same")[:steps]
