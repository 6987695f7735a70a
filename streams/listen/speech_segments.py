"""Speech cut at its pauses, and the windows in which a voice is listened for. Pure; compares no voices.

A window that holds two people is like neither. People mostly change at pauses, so no window goes over one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Int16
from schemas.common import TimeRange

RATE_HZ = 16_000
STEP_MS, SMOOTH_STEPS = 10, 5
PAUSE_MS = 200
"""A quieter stretch this long parts two phrases."""
QUIET, LOUD = 5, 90
"""Percentiles of the level inside a stretch of speech: its pauses, its loud parts."""
BETWEEN = 0.4
"""Sound is speech from this share of the way between the two, in dB."""
DEEPEST_DB = 25.0
"""…and never where it is this much quieter than the loud parts."""
WINDOW_MS, HOP_MS = 1_600, 800
"""What GE2E was trained on, and half of it."""
SHORTEST_MS = 500
"""Less speech than this says too little of a voice."""
GRAIN_MS = 200
"""Short windows are this much apart in length: those of one length go through the network together."""


def phrases(samples: Int16, speech: Iterable[TimeRange]) -> list[TimeRange]:
    """Stretches of speech (ms from the first sample) without the pauses in them."""
    return [phrase for stretch in speech for phrase in _parted(samples, stretch)]


def _parted(samples: Int16, stretch: TimeRange) -> list[TimeRange]:
    level_db = _level_db(samples[stretch.start_ms * RATE_HZ // 1000 : stretch.end_ms * RATE_HZ // 1000])
    if level_db.size < 2 * SMOOTH_STEPS:
        return [stretch]
    quiet, loud = np.percentile(level_db, (QUIET, LOUD))
    sounding = np.flatnonzero(level_db >= max(quiet + BETWEEN * (loud - quiet), loud - DEEPEST_DB))
    runs = np.split(sounding, np.flatnonzero(np.diff(sounding) > PAUSE_MS // STEP_MS) + 1)
    return [
        TimeRange(
            start_ms=stretch.start_ms + int(run[0]) * STEP_MS, end_ms=stretch.start_ms + int(run[-1] + 1) * STEP_MS
        )
        for run in runs
        if run.size
    ]


def _level_db(samples: Int16) -> NDArray[np.float64]:
    """Level of each 10 ms, smoothed over 50."""
    step = STEP_MS * RATE_HZ // 1000
    power = np.square(samples[: samples.size // step * step].astype(np.float64)).reshape(-1, step).mean(axis=1)
    edge = SMOOTH_STEPS // 2
    padded = np.pad(10 * np.log10(power + 1), edge, mode="edge") if power.size else power
    return np.convolve(padded, np.ones(SMOOTH_STEPS) / SMOOTH_STEPS, "valid") if power.size else power


def windows(spoken: Iterable[TimeRange]) -> list[TimeRange]:
    """Windows inside phrases, evenly spread over each; a short phrase has one or two, a very short one none.

    Two that are nearly the same (from its start, to its end) are wanted: they tell a voice heard briefly from chance.
    """
    return [window for phrase in spoken for window in _inside(phrase)]


def _inside(phrase: TimeRange) -> list[TimeRange]:
    if phrase.length_ms < SHORTEST_MS:
        return []
    length_ms = min(WINDOW_MS, max(SHORTEST_MS, phrase.length_ms // GRAIN_MS * GRAIN_MS))
    room_ms = phrase.length_ms - length_ms
    steps = -(-room_ms // HOP_MS)
    starts = [phrase.start_ms + room_ms * at // max(1, steps) for at in range(steps + 1)]
    return [TimeRange(start_ms=start, end_ms=start + length_ms) for start in starts]
