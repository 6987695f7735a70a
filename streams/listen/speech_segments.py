"""Split speech at its pauses and place the windows that voices are embedded from. Pure.

A window that holds two people resembles neither. People mostly change at pauses, so no window crosses one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Int16
from schemas.common import TimeRange

PCM_RATE_HZ = 16_000
"""Sample rate of span audio."""
LEVEL_STEP_MS = 10
"""Step of the level curve that pauses are found on."""
SMOOTHING_STEPS = 5
"""Steps of the moving average over the level: 50 ms, a glottal closure is no pause."""
MIN_PHRASE_PAUSE_MS = 200
"""A quieter range this long separates two phrases."""
QUIET_PERCENTILE = 5
"""Percentile of the level inside speech that stands for its pauses."""
LOUD_PERCENTILE = 90
"""Percentile of the level inside speech that stands for its loud parts."""
SPEECH_LEVEL_RATIO = 0.4
"""Sound is speech from this share of the way between the quiet and the loud level, in dB."""
MAX_BELOW_LOUD_DB = 25.0
"""Sound this much quieter than the loud parts is never speech."""
VOICE_WINDOW_MS = 1_600
"""Window length: what GE2E was trained on."""
VOICE_HOP_MS = 800
"""Distance of windows in a long phrase: half a window."""
MIN_PHRASE_MS = 500
"""A shorter phrase says too little about a voice and gets no window."""
WINDOW_LENGTH_STEP_MS = 200
"""Short windows are rounded to this: windows of one length go through the network together."""


def split_phrases(samples: Int16, speech: Iterable[TimeRange]) -> list[TimeRange]:
    """Return the phrases of speech ranges (ms from the first sample): the ranges without their pauses."""
    return [phrase for speech_range in speech for phrase in _split_at_pauses(samples, speech_range)]


def _split_at_pauses(samples: Int16, speech_range: TimeRange) -> list[TimeRange]:
    """Split one speech range where its level stays low."""
    level_db = _level_db(
        samples[speech_range.start_ms * PCM_RATE_HZ // 1000 : speech_range.end_ms * PCM_RATE_HZ // 1000]
    )
    if level_db.size < 2 * SMOOTHING_STEPS:
        return [speech_range]
    quiet_db, loud_db = np.percentile(level_db, (QUIET_PERCENTILE, LOUD_PERCENTILE))
    loud_steps = np.flatnonzero(
        level_db >= max(quiet_db + SPEECH_LEVEL_RATIO * (loud_db - quiet_db), loud_db - MAX_BELOW_LOUD_DB)
    )
    runs = np.split(loud_steps, np.flatnonzero(np.diff(loud_steps) > MIN_PHRASE_PAUSE_MS // LEVEL_STEP_MS) + 1)
    return [
        TimeRange(
            start_ms=speech_range.start_ms + int(run[0]) * LEVEL_STEP_MS,
            end_ms=speech_range.start_ms + int(run[-1] + 1) * LEVEL_STEP_MS,
        )
        for run in runs
        if run.size
    ]


def _level_db(samples: Int16) -> NDArray[np.float64]:
    """Level of each 10 ms, smoothed over 50."""
    step = LEVEL_STEP_MS * PCM_RATE_HZ // 1000
    power = np.square(samples[: samples.size // step * step].astype(np.float64)).reshape(-1, step).mean(axis=1)
    edge = SMOOTHING_STEPS // 2
    padded = np.pad(10 * np.log10(power + 1), edge, mode="edge") if power.size else power
    return np.convolve(padded, np.ones(SMOOTHING_STEPS) / SMOOTHING_STEPS, "valid") if power.size else power


def place_windows(phrases: Iterable[TimeRange]) -> list[TimeRange]:
    """Place windows evenly in each phrase; a short phrase has one or two, a very short one none.

    Two nearly equal windows (from the phrase's start, to its end) are wanted: they tell a voice heard briefly
    from chance.
    """
    return [window for phrase in phrases for window in _spread_windows(phrase)]


def _spread_windows(phrase: TimeRange) -> list[TimeRange]:
    """Spread windows over one phrase."""
    if phrase.length_ms < MIN_PHRASE_MS:
        return []
    length_ms = min(
        VOICE_WINDOW_MS, max(MIN_PHRASE_MS, phrase.length_ms // WINDOW_LENGTH_STEP_MS * WINDOW_LENGTH_STEP_MS)
    )
    room_ms = phrase.length_ms - length_ms
    steps = -(-room_ms // VOICE_HOP_MS)
    starts_ms = [phrase.start_ms + room_ms * at // max(1, steps) for at in range(steps + 1)]
    return [TimeRange(start_ms=start_ms, end_ms=start_ms + length_ms) for start_ms in starts_ms]
