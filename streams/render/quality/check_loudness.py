"""Loudness, true peak and clipping of the decoded sound. Knows nothing of how it was made but whether it is silent."""

from __future__ import annotations

import numpy as np

from schemas.documents.quality import Check, judged, softened
from streams.render.quality.subject import Case
from streams.renderer.audio.loudness import ABSOLUTE_GATE_LUFS, Loudness, Sound

FULL_SCALE = 0.999
RUN = 3
"""Samples in a row at full scale: one alone may be a true peak."""
TOO_SOFT = f"nothing passes the gate of {ABSOLUTE_GATE_LUFS:g} LUFS, or the clip is shorter than 400 ms"


def check_sound(case: Case, loudness: Loudness) -> list[Check]:
    """Three checks; ``loudness`` is that of the decoded sound."""
    limits, sound = case.meant.limits, case.film.sound
    silent = not len(case.meant.sound) or not np.any(case.meant.sound)
    lufs, peak = loudness.integrated_lufs, loudness.true_peak_dbtp
    why = TOO_SOFT if sound is not None else "there is no sound to decode"
    if case.meant.file.audio is None:
        why = f"{case.meant.file.container} has no sound"
    elif silent:
        why = "the clip is silent, as its source"
    level = judged("lufs", lufs, "LUFS", limits.lufs, detail=why if lufs is None else "")
    if lufs is not None and lufs < limits.lufs.around:
        level = softened(level)  # too soft: gain and limiter could not lift it, which the warnings tell
    clipped = None if sound is None else 1e6 * clipped_share(sound)
    return [
        level,
        judged("true_peak", peak, "dBTP", limits.true_peak_dbtp, detail=why if peak is None else ""),
        judged("clipping", clipped, "ppm", limits.clipping_ppm, detail=why if clipped is None else ""),
    ]


def clipped_share(sound: Sound) -> float:
    """Share of samples inside runs of `RUN` or more at full scale, over both channels."""
    if len(sound) < RUN:
        return 0.0
    full = np.abs(sound) >= FULL_SCALE
    runs = full[:-2] & full[1:-1] & full[2:]
    return float(runs.mean())
