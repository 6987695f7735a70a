"""Where a voice is, by what speech and its pauses sound like in this very recording. Pure; knows no speakers.

The voice detector was made for all recordings: it drops the quiet ends of sentences in one and holds on to the
silence behind them in another. What it is told from here is only where to look.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from schemas.common import TimeRange
from streams.speech.gaussian_mixture import fitted, log_likelihood
from streams.speech.mfcc import STEP_MS
from streams.speech.viterbi import best_path

PARTS = 4
LEAST_ROWS = 50
"""With less than a second of either, speech or what is none, nothing is learnt, and all stays."""
GUARD, REACH = 7, 50
"""Frames: what is no speech is learnt this far from any, and speech is found no farther from where it was."""
MOST, READY, SMOOTHED = 10.0, 3.0, 7
"""A frame counts for so much at most; speech is believed with so much against it; so many frames together. So silence
may be a twentieth of what is given for speech, and no more: the detector's is mostly less."""
PRICE = 7.5
"""Of speech that begins or ends. All chosen on made conversations and meetings, none on a recording of the table."""


def where_voiced(frames: Float32, speech: Sequence[TimeRange], *, starts_at_ms: int) -> list[TimeRange]:
    """Where a voice is, in frames from ``starts_at_ms``, (n, d), told by ``speech`` where it may be.

    ``speech`` as it is where there is too little of it, or of anything else, to learn from.
    """
    before = _marked(speech, len(frames), starts_at_ms)
    silent = ~_wider(before, GUARD)
    if min(before.sum(), silent.sum()) < LEAST_ROWS:
        return list(speech)
    rows = (frames - frames.mean(axis=0)) / (frames.std(axis=0) + 1e-6)
    told = log_likelihood(fitted(rows[before], PARTS), rows) - log_likelihood(fitted(rows[silent], PARTS), rows)
    scores = np.convolve(np.clip(told, -MOST, MOST) + READY, np.ones(SMOOTHED) / SMOOTHED, "same")
    path = best_path(np.stack([np.zeros(len(scores)), scores], axis=1), np.full(len(scores), PRICE))
    return _stretches((path == 1) & _wider(before, REACH), starts_at_ms)


def _marked(stretches: Sequence[TimeRange], count: int, starts_at_ms: int) -> NDArray[np.bool_]:
    found = np.zeros(count, dtype=bool)
    for one in stretches:
        first, end = ((at - starts_at_ms) // STEP_MS for at in (one.start_ms, one.end_ms))
        found[max(0, first) : max(0, end)] = True
    return found


def _wider(marks: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """The marks, and so many frames on both sides of each."""
    total = np.concatenate([[0], np.cumsum(marks)])
    at = np.arange(len(marks))
    near: NDArray[np.bool_] = total[np.minimum(len(marks), at + frames + 1)] > total[np.maximum(0, at - frames)]
    return near


def _stretches(marks: NDArray[np.bool_], starts_at_ms: int) -> list[TimeRange]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    times = (edges * STEP_MS + starts_at_ms).tolist()
    return [TimeRange(start_ms=start, end_ms=end) for start, end in zip(times[::2], times[1::2], strict=True)]
