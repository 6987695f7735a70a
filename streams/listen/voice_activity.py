"""Refine where a voice is by models of this recording's own speech and silence. Pure.

The voice detector was made for all recordings: it drops the quiet ends of sentences in one and keeps the silence
behind them in another. Here its answer only says where to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from schemas.common import TimeRange
from streams.speech.gaussian_mixture import fit_mixture, log_likelihood
from streams.speech.mfcc import FRAME_STEP_MS
from streams.speech.viterbi import find_best_path

MIXTURE_COMPONENT_COUNT = 4
"""Gaussian components of the models of speech and of silence."""
MIN_TRAINING_FRAMES = 50
"""Fewest frames (1 s) of speech and of silence to learn from; with fewer the ranges stay."""
SILENCE_GUARD_FRAMES = 7
"""Frames around speech that the model of silence is not trained on."""
MAX_EXTENSION_FRAMES = 50
"""Frames by which speech may grow beyond where the detector found it."""
MAX_FRAME_SCORE = 10.0
"""Largest log likelihood ratio of one frame: no single frame decides."""
SPEECH_BIAS_SCORE = 3.0
"""Added to each frame's score for speech.

A twentieth of the result may then be silence; in the detector's answer it is mostly less.
"""
SCORE_SMOOTHING_FRAMES = 7
"""Frames of the moving average over scores."""
CHANGE_PENALTY = 7.5
"""Cost of a start or an end of speech.

This and the values above were chosen on synthetic conversations and meetings, none on a recording of the published
table.
"""


def refine_voice_activity(frames: Float32, speech: Sequence[TimeRange], *, starts_at_ms: int) -> list[TimeRange]:
    """Return where a voice is, from frames beginning at ``starts_at_ms``, (n, d), and detected ``speech``.

    Returns ``speech`` unchanged where there is too little of it, or of silence, to learn from.
    """
    speech_marks = _mark_frames(speech, len(frames), starts_at_ms)
    silence_marks = ~_widen_marks(speech_marks, SILENCE_GUARD_FRAMES)
    if min(speech_marks.sum(), silence_marks.sum()) < MIN_TRAINING_FRAMES:
        return list(speech)
    rows = (frames - frames.mean(axis=0)) / (frames.std(axis=0) + 1e-6)
    likelihood_ratio = log_likelihood(fit_mixture(rows[speech_marks], MIXTURE_COMPONENT_COUNT), rows) - log_likelihood(
        fit_mixture(rows[silence_marks], MIXTURE_COMPONENT_COUNT), rows
    )
    scores = np.convolve(
        np.clip(likelihood_ratio, -MAX_FRAME_SCORE, MAX_FRAME_SCORE) + SPEECH_BIAS_SCORE,
        np.ones(SCORE_SMOOTHING_FRAMES) / SCORE_SMOOTHING_FRAMES,
        "same",
    )
    path = find_best_path(np.stack([np.zeros(len(scores)), scores], axis=1), np.full(len(scores), CHANGE_PENALTY))
    return _find_ranges((path == 1) & _widen_marks(speech_marks, MAX_EXTENSION_FRAMES), starts_at_ms)


def _mark_frames(ranges: Sequence[TimeRange], count: int, starts_at_ms: int) -> NDArray[np.bool_]:
    """Mark the frames that lie in a range."""
    marks = np.zeros(count, dtype=bool)
    for range_ in ranges:
        first, end = ((at - starts_at_ms) // FRAME_STEP_MS for at in (range_.start_ms, range_.end_ms))
        marks[max(0, first) : max(0, end)] = True
    return marks


def _widen_marks(marks: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Widen the marks by a number of frames on both sides."""
    total = np.concatenate([[0], np.cumsum(marks)])
    index = np.arange(len(marks))
    widened: NDArray[np.bool_] = (
        total[np.minimum(len(marks), index + frames + 1)] > total[np.maximum(0, index - frames)]
    )
    return widened


def _find_ranges(marks: NDArray[np.bool_], starts_at_ms: int) -> list[TimeRange]:
    """Return the runs of marked frames as time ranges."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    times = (edges * FRAME_STEP_MS + starts_at_ms).tolist()
    return [TimeRange(start_ms=start, end_ms=end) for start, end in zip(times[::2], times[1::2], strict=True)]
