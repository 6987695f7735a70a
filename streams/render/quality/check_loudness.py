"""Checks loudness, true peak and clipping of the decoded audio."""

from __future__ import annotations

import numpy as np

from schemas.documents.quality import Check, make_check, soften_check
from streams.render.quality.subject import CheckSubject
from streams.renderer.audio.loudness import ABSOLUTE_GATE_LUFS, Loudness, Sound

FULL_SCALE_LEVEL = 0.999
"""Amplitude that counts as full scale."""
MIN_CLIPPED_SAMPLES = 3
"""Consecutive samples at full scale that count as clipping: a single one may be a true peak."""
TOO_SOFT_REASON = f"nothing passes the gate of {ABSOLUTE_GATE_LUFS:g} LUFS, or the clip is shorter than 400 ms"


def check_loudness(subject: CheckSubject, loudness: Loudness) -> list[Check]:
    """Three checks; ``loudness`` is that of the decoded audio."""
    limits, sound = subject.expected.limits, subject.probed.sound
    silent = not len(subject.expected.sound) or not np.any(subject.expected.sound)
    lufs, peak = loudness.integrated_lufs, loudness.true_peak_dbtp
    reason = TOO_SOFT_REASON if sound is not None else "there is no sound to decode"
    if subject.expected.file.audio is None:
        reason = f"{subject.expected.file.container} has no sound"
    elif silent:
        reason = "the clip is silent, as its source"
    level = make_check("lufs", lufs, "LUFS", limits.lufs, detail=reason if lufs is None else "")
    if lufs is not None and lufs < limits.lufs.around:
        level = soften_check(level)  # too soft: gain and limiter could not lift it, which the warnings tell
    clipped = None if sound is None else 1e6 * measure_clipped_ratio(sound)
    return [
        level,
        make_check("true_peak", peak, "dBTP", limits.true_peak_dbtp, detail=reason if peak is None else ""),
        make_check("clipping", clipped, "ppm", limits.clipping_ppm, detail=reason if clipped is None else ""),
    ]


def measure_clipped_ratio(sound: Sound) -> float:
    """Share of samples in runs of `MIN_CLIPPED_SAMPLES` or more at full scale, over both channels."""
    if len(sound) < MIN_CLIPPED_SAMPLES:
        return 0.0
    is_full_scale = np.abs(sound) >= FULL_SCALE_LEVEL
    runs = is_full_scale[:-2] & is_full_scale[1:-1] & is_full_scale[2:]
    return float(runs.mean())
