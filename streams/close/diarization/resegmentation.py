"""Resegment speech steps by models of each speaker's MFCC frames. Pure numpy; finds no new speakers.

A window long enough to know a voice is longer than an interjection. The MFCCs of one moment say little about who
speaks, but those of all that a speaker said in this recording make a model, which is read every tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from streams.close.diarization.turns import SpeechSteps
from streams.speech.frames import SpeechFrames
from streams.speech.gaussian_mixture import GaussianMixture, adapt_means, fit_random_mixture, log_likelihood
from streams.speech.viterbi import find_best_path

MIXTURE_COMPONENTS_COUNT = 4
"""Gaussian components of each model."""
MIXTURE_MODELS_COUNT = 4
"""Models for each speaker, started at different frames: one alone may settle on a bad fit."""
PRIOR_FRAMES = 10.0
"""Frames' worth of the background that stays in each speaker's model: a fifth of a second."""
MIN_SPEAKER_FRAMES = 25
"""A speaker with fewer frames (half a second) is scored by the windows alone."""
MAX_FRAME_SCORE = 8.0
"""Largest score of one frame: no single frame decides."""
FRAME_SCORE_WEIGHT = 0.2
"""Cosine that one unit of log likelihood is worth."""
SCORE_SMOOTHING_STEPS = 3
"""Steps of the moving average over scores."""
CHANGE_COST_FACTOR = 2.0
"""Factor on the cost of a change: two sources of scores vary more than one."""
RESEGMENTATION_ROUNDS = 2
"""Rounds of training and reassignment."""


def resegment(speech_steps: SpeechSteps, frames: SpeechFrames) -> SpeechSteps:
    """Reassign the steps' speakers; unchanged with one speaker or without frames."""
    count = speech_steps.scores.shape[1]
    step_of_frame, rows = _select_frames(speech_steps, frames)
    if count == 1 or len(rows) < MIN_SPEAKER_FRAMES:
        return speech_steps
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    models = [fit_random_mixture(rows, MIXTURE_COMPONENTS_COUNT, seed) for seed in range(MIXTURE_MODELS_COUNT)]
    background_scores = [log_likelihood(model, rows) for model in models]
    seconds, labels = (speech_steps.ends_ms - speech_steps.starts_ms) / 1000.0, speech_steps.labels
    for _ in range(RESEGMENTATION_ROUNDS):
        speaker_scores = [
            _score_speaker(models, background_scores, rows, labels[step_of_frame] == label) for label in range(count)
        ]
        scores = speech_steps.scores + FRAME_SCORE_WEIGHT * np.stack(
            [_average_by_step(label, step_of_frame, len(labels)) for label in speaker_scores], axis=1
        )
        labels = find_best_path(scores * seconds[:, None], CHANGE_COST_FACTOR * speech_steps.change_costs)
    return replace(speech_steps, labels=labels)


def _select_frames(speech_steps: SpeechSteps, frames: SpeechFrames) -> tuple[NDArray[np.int64], Float32]:
    """Return the step of each frame that lies in one, and those frames."""
    step_of_frame = np.searchsorted(speech_steps.starts_ms, frames.middles_ms, side="right") - 1
    inside = (
        (step_of_frame >= 0) & (frames.middles_ms < speech_steps.ends_ms[np.maximum(step_of_frame, 0)])
        if len(speech_steps.labels)
        else step_of_frame >= 0
    )
    return step_of_frame[inside], frames.rows[inside]


def _score_speaker(
    models: Sequence[GaussianMixture],
    background_scores: Sequence[NDArray[np.float64]],
    rows: Float32,
    own_frames: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Score how much likelier each frame is for one speaker than for all, averaged over the models."""
    total = np.zeros(len(rows))
    if own_frames.sum() >= MIN_SPEAKER_FRAMES:
        for model, background in zip(models, background_scores, strict=True):
            speaker_model = adapt_means(model, rows[own_frames], relevance=PRIOR_FRAMES)
            total += np.clip(log_likelihood(speaker_model, rows) - background, -MAX_FRAME_SCORE, MAX_FRAME_SCORE) / len(
                models
            )
    return total


def _average_by_step(
    frame_scores: NDArray[np.float64], step_of_frame: NDArray[np.int64], step_count: int
) -> NDArray[np.float64]:
    """Average the frames' scores in each step, smoothed."""
    means = np.bincount(step_of_frame, frame_scores, minlength=step_count) / np.maximum(
        1, np.bincount(step_of_frame, minlength=step_count)
    )
    return np.convolve(means, np.ones(SCORE_SMOOTHING_STEPS) / SCORE_SMOOTHING_STEPS, "same")[:step_count]
