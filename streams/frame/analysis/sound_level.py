"""Measures the level of the voice band of a clip's sound, in the child.

Without the rumble below the voice and the hiss above it, the level rises and falls with the syllables.
"""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.clip_tracks import VoiceCurve

RATE_HZ = 8_000
STEP_MS = 40
FLOOR_DB = -100.0
"""Level of digital silence."""
LOW_HZ, HIGH_HZ = 200.0, 3_500.0
"""Limits of the voice band."""


def gather_samples(frames: Iterable[tuple[int, av.AudioFrame]], time: TimeRange) -> NDArray[np.float32] | None:
    """Return mono sound of ``time`` at 8 kHz, gaps silent; None when no frame came."""
    samples = np.zeros(time.length_ms * RATE_HZ // 1000, np.float32)
    resampler, cursor, has_frames = None, 0, False
    for at_ms, frame in frames:
        if resampler is None:
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
            cursor = (at_ms - time.start_ms) * RATE_HZ // 1000
        frame.pts = None
        for out in resampler.resample(frame):
            piece = out.to_ndarray().reshape(-1)
            start, end = max(0, cursor), min(len(samples), cursor + len(piece))
            if end > start:
                samples[start:end] = piece[start - cursor : end - cursor]
            cursor, has_frames = cursor + len(piece), True
    return np.nan_to_num(samples, copy=False) if has_frames else None


def measure_voice_curve(samples: NDArray[np.float32], start_ms: int) -> VoiceCurve:
    """Measure the level of each 40 ms of 8 kHz mono sound between 200 and 3,500 Hz."""
    step = RATE_HZ * STEP_MS // 1000
    count = len(samples) // step
    if not count:
        return VoiceCurve(start_ms=start_ms, step_ms=STEP_MS, level_db=[])
    padded = np.pad(samples[: count * step], (step // 2, step // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * step)[::step]
    power = np.square(np.abs(np.fft.rfft(windows * np.hanning(2 * step), axis=1))) / (2 * step) ** 2
    hertz = np.fft.rfftfreq(2 * step, 1 / RATE_HZ)
    inside = power[:, (hertz >= LOW_HZ) & (hertz <= HIGH_HZ)].sum(axis=1)
    level = np.maximum(FLOOR_DB, 10 * np.log10(inside + 1e-12))
    return VoiceCurve(start_ms=start_ms, step_ms=STEP_MS, level_db=[round(float(db), 1) for db in level])
