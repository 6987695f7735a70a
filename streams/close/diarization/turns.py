"""Assign a speaker to each tenth of a second and join them to turns. Pure numpy; knows no words.

Windows overlap and are long; a change lies somewhere in one. Each step of speech is scored by the windows that cover
it, near middles more, and changes are cheap at a pause and dear inside a phrase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.transcripts.speaker_turns import JOINED_MS
from core.ports.models import Float32
from schemas.common import TimeRange
from streams.close.diarization.clustering import SpeakerClusters, SpeakerLabels
from streams.speech.frames import TimesMs
from streams.speech.viterbi import find_best_path

SPEAKER_STEP_MS = 100
"""Length of a step."""
WINDOW_REACH_MS = 900.0
"""Distance from a window's middle over which its weight falls."""
MIN_NEARNESS_WEIGHT = 0.05
"""Weight of a window at its edges."""
PHRASE_CHANGE_PENALTY = 0.05
"""Cost of a change inside a phrase, in seconds of one cosine.

Windows overlap, so scores change slowly anyway; higher costs swallowed short turns.
"""
PAUSE_CHANGE_PENALTY = 0.02
"""Cost of a change between phrases, in seconds of one cosine."""


@dataclass(frozen=True, kw_only=True)
class SpeechSteps:
    """Every tenth of a second of speech: its time, its similarity to each speaker, its speaker."""

    starts_ms: TimesMs
    ends_ms: TimesMs
    scores: NDArray[np.float64]
    labels: SpeakerLabels
    change_costs: NDArray[np.float64]
    """Cost of a change of speaker before each step."""


def assign_steps(
    clusters: SpeakerClusters,
    rows: Float32,
    starts_ms: TimesMs,
    ends_ms: TimesMs,
    *,
    speech: Sequence[TimeRange],
    phrases: Sequence[TimeRange],
) -> SpeechSteps:
    """Assign each step of ``speech`` from the windows (in order of time) and their clusters.

    ``phrases`` is the same speech without its pauses.
    """
    step_starts_ms, step_ends_ms = _cut_steps(speech)
    middles_ms = (step_starts_ms + step_ends_ms) / 2
    scores = np.zeros((len(step_starts_ms), len(clusters.centres)))
    weights = np.full(len(step_starts_ms), 1e-9)
    similarity = (rows @ clusters.centres.T).astype(np.float64)
    first, last = np.searchsorted(middles_ms, starts_ms), np.searchsorted(middles_ms, ends_ms)
    for at in range(len(rows)):
        covered = slice(first[at], last[at])
        away_ms = np.abs(middles_ms[covered] - (starts_ms[at] + ends_ms[at]) / 2)
        nearness = np.maximum(MIN_NEARNESS_WEIGHT, 1.0 - away_ms / WINDOW_REACH_MS)
        scores[covered] += nearness[:, None] * similarity[at]
        weights[covered] += nearness
    scores /= weights[:, None]
    in_phrase = _lies_in(middles_ms, phrases)
    continues = (
        in_phrase
        & np.concatenate([[False], in_phrase[:-1]])
        & (np.diff(step_starts_ms, prepend=-SPEAKER_STEP_MS) <= SPEAKER_STEP_MS)
    )
    change_costs = np.where(continues, PHRASE_CHANGE_PENALTY, PAUSE_CHANGE_PENALTY)
    labels = find_best_path(scores * ((step_ends_ms - step_starts_ms) / 1000.0)[:, None], change_costs)
    return SpeechSteps(
        starts_ms=step_starts_ms, ends_ms=step_ends_ms, scores=scores, labels=labels, change_costs=change_costs
    )


def _cut_steps(speech: Sequence[TimeRange]) -> tuple[TimesMs, TimesMs]:
    """Cut speech into steps; the last of a range is short."""
    step_starts_ms: list[int] = []
    step_ends_ms: list[int] = []
    for speech_range in speech:
        starts_ms = list(range(speech_range.start_ms, speech_range.end_ms, SPEAKER_STEP_MS))
        step_starts_ms += starts_ms
        step_ends_ms += [*starts_ms[1:], speech_range.end_ms]
    return np.array(step_starts_ms, dtype=np.int64), np.array(step_ends_ms, dtype=np.int64)


def _lies_in(times_ms: NDArray[np.float64], ranges: Sequence[TimeRange]) -> NDArray[np.bool_]:
    """Whether each time lies in one of the ranges."""
    starts_ms = np.array([range_.start_ms for range_ in ranges], dtype=np.int64)
    ends_ms = np.array([range_.end_ms for range_ in ranges], dtype=np.int64)
    at = np.searchsorted(starts_ms, times_ms, side="right") - 1
    return (at >= 0) & (times_ms < ends_ms[np.maximum(at, 0)]) if len(ranges) else np.zeros(len(times_ms), dtype=bool)


def join_turns(speech_steps: SpeechSteps) -> list[tuple[TimeRange, int]]:
    """Join the steps of one speaker to runs, over short pauses too."""
    speaker_runs: list[tuple[TimeRange, int]] = []
    columns = (speech_steps.starts_ms.tolist(), speech_steps.ends_ms.tolist(), speech_steps.labels.tolist())
    for start_ms, end_ms, label in zip(*columns, strict=True):
        if speaker_runs and speaker_runs[-1][1] == label and start_ms - speaker_runs[-1][0].end_ms <= JOINED_MS:
            speaker_runs[-1] = (TimeRange(start_ms=speaker_runs[-1][0].start_ms, end_ms=end_ms), label)
        else:
            speaker_runs.append((TimeRange(start_ms=start_ms, end_ms=end_ms), label))
    return speaker_runs
