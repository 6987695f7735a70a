"""Pauses of the voice, from the level of the sound. Pure."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from schemas.common import TimeRange
from schemas.documents.clip_tracks import VoiceCurve

QUIET_RATIO = 0.3
"""Level below which there is no voice, as a share of the range from the quietest to the loudest tenth."""
MIN_RANGE_DB, MAX_RANGE_DB = 10.0, 40.0
"""Minimum and maximum of that range: even sound has no pauses, and digital silence counts as a quiet room."""
MIN_PAUSE_MS = 160
"""Minimum length of a pause: shorter ones are stops and valleys between syllables."""


def find_pauses(voice: VoiceCurve | None) -> list[TimeRange]:
    """Return ranges without a voice, in order; none without sound or where its level is even."""
    if voice is None or not voice.level_db:
        return []
    level = np.asarray(voice.level_db)
    low, high = np.percentile(level, (2, 90))
    if high - low < MIN_RANGE_DB:
        return []
    low = max(low, high - MAX_RANGE_DB)
    quiet = level <= low + QUIET_RATIO * (high - low)
    pauses, place = [], 0
    for is_quiet, run in groupby(quiet.tolist()):
        length = len(list(run))
        if is_quiet and length * voice.step_ms >= MIN_PAUSE_MS:
            start_ms = voice.start_ms + place * voice.step_ms
            pauses.append(TimeRange(start_ms=start_ms, end_ms=start_ms + length * voice.step_ms))
        place += length
    return pauses
