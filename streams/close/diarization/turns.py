"""Speakers of windows → who speaks at each tenth of a second, and turns. Pure numpy; knows no words.

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
from streams.close.diarization.clustering import Found, Labels
from streams.speech.frames import TimesMs
from streams.speech.viterbi import find_best_path

STEP_MS = 100
REACH_MS, LEAST_NEAR = 900.0, 0.05
"""A window speaks for this much around its middle, the less the farther; a little for all of it."""
INSIDE_PRICE, PAUSE_PRICE = 0.05, 0.02
"""Of a change inside a phrase and between two, in seconds of one cosine. Little: windows
overlap, so their scores change slowly anyway; dearer changes swallowed short turns."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Every tenth of a second of speech: from when to when, how like each speaker it sounds, and whose it is."""

    starts_ms: TimesMs
    ends_ms: TimesMs
    scores: NDArray[np.float64]
    owner: Labels
    price: NDArray[np.float64]
    """Of a change of speaker before each step."""


def steps_of(
    found: Found,
    rows: Float32,
    starts_ms: TimesMs,
    ends_ms: TimesMs,
    *,
    speech: Sequence[TimeRange],
    phrases: Sequence[TimeRange],
) -> Steps:
    """Who speaks in each step of ``speech``, from the windows (in order of time) and whose voices were found in them.

    ``phrases`` is the same speech without its pauses.
    """
    begins, ends = _cut(speech)
    middles = (begins + ends) / 2
    scores = np.zeros((len(begins), len(found.centres)))
    weights = np.full(len(begins), 1e-9)
    likeness = (rows @ found.centres.T).astype(np.float64)
    first, last = np.searchsorted(middles, starts_ms), np.searchsorted(middles, ends_ms)
    for at in range(len(rows)):
        here = slice(first[at], last[at])
        away_ms = np.abs(middles[here] - (starts_ms[at] + ends_ms[at]) / 2)
        near = np.maximum(LEAST_NEAR, 1.0 - away_ms / REACH_MS)
        scores[here] += near[:, None] * likeness[at]
        weights[here] += near
    scores /= weights[:, None]
    spoken = _inside(middles, phrases)
    joined = spoken & np.concatenate([[False], spoken[:-1]]) & (np.diff(begins, prepend=-STEP_MS) <= STEP_MS)
    price = np.where(joined, INSIDE_PRICE, PAUSE_PRICE)
    owner = find_best_path(scores * ((ends - begins) / 1000.0)[:, None], price)
    return Steps(starts_ms=begins, ends_ms=ends, scores=scores, owner=owner, price=price)


def _cut(speech: Sequence[TimeRange]) -> tuple[TimesMs, TimesMs]:
    """Speech in steps; the last of a stretch is short."""
    begins: list[int] = []
    ends: list[int] = []
    for one in speech:
        starts = list(range(one.start_ms, one.end_ms, STEP_MS))
        begins += starts
        ends += [*starts[1:], one.end_ms]
    return np.array(begins, dtype=np.int64), np.array(ends, dtype=np.int64)


def _inside(times_ms: NDArray[np.float64], stretches: Sequence[TimeRange]) -> NDArray[np.bool_]:
    starts = np.array([one.start_ms for one in stretches], dtype=np.int64)
    ends = np.array([one.end_ms for one in stretches], dtype=np.int64)
    at = np.searchsorted(starts, times_ms, side="right") - 1
    return (at >= 0) & (times_ms < ends[np.maximum(at, 0)]) if len(stretches) else np.zeros(len(times_ms), dtype=bool)


def turns(steps: Steps) -> list[tuple[TimeRange, int]]:
    """Stretches of one speaker, over short pauses too."""
    found: list[tuple[TimeRange, int]] = []
    columns = (steps.starts_ms.tolist(), steps.ends_ms.tolist(), steps.owner.tolist())
    for start_ms, end_ms, owner in zip(*columns, strict=True):
        if found and found[-1][1] == owner and start_ms - found[-1][0].end_ms <= JOINED_MS:
            found[-1] = (TimeRange(start_ms=found[-1][0].start_ms, end_ms=end_ms), owner)
        else:
            found.append((TimeRange(start_ms=start_ms, end_ms=end_ms), owner))
    return found
