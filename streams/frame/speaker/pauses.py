"""Where nobody is heard for a moment, from the level of the sound. Pure; knows no words and no speakers."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from schemas.common import TimeRange
from schemas.documents.clip_tracks import VoiceCurve

QUIET_RATIO = 0.3
"""Of the way, in dB, from the quietest of the sound to its loudest tenth: below that no voice is heard."""
MIN_RANGE_DB, MAX_RANGE_DB = 10.0, 40.0
"""Between those two: sound that is all alike has no pauses, and digital silence is no quieter than a quiet room."""
MIN_PAUSE_MS = 160
"""Shorter ones are stops and valleys between syllables."""


def find_pauses(voice: VoiceCurve | None) -> list[TimeRange]:
    """Stretches in which no voice is heard, in order of time; none without sound, or where it is all alike."""
    if voice is None or not voice.level_db:
        return []
    level = np.asarray(voice.level_db)
    low, high = np.percentile(level, (2, 90))
    if high - low < MIN_RANGE_DB:
        return []
    low = max(low, high - MAX_RANGE_DB)
    quiet = level <= low + QUIET_RATIO * (high - low)
    found, place = [], 0
    for is_quiet, run in groupby(quiet.tolist()):
        length = len(list(run))
        if is_quiet and length * voice.step_ms >= MIN_PAUSE_MS:
            start_ms = voice.start_ms + place * voice.step_ms
            found.append(TimeRange(start_ms=start_ms, end_ms=start_ms + length * voice.step_ms))
        place += length
    return found
