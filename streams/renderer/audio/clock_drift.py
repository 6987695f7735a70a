"""Aligns a run of audio frames with its time stamps: unchanged, stretched, or cut in parts.

Stamps are coarse and jitter; their median over half a second is reliable. A run that drifts from its sample count is
stretched, and one with a step (lost frames) is cut there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.common import Value

MAX_JITTER_MS = 8.0
"""Stamps nearer than this to the sample count are jitter: the audio stays as it is."""
MAX_DRIFT_RATIO = 0.05
"""Beyond this drift the stamps are wrong, not the clock."""
MEDIAN_FRAMES = 25
"""Frames of the running median: half a second for most codecs."""
Times = NDArray[np.float64]


class DriftSegment(Value, frozen=True, kw_only=True):
    """Frames ``first`` up to ``end`` of a run, from ``start_ms`` on, stretched by ``ratio``."""

    first: int
    end: int
    start_ms: float
    ratio: float = 1.0


def fit_clock_drift(
    at_ms: Sequence[float] | Times, due_ms: Sequence[float] | Times, first: int = 0
) -> list[DriftSegment]:
    """Lay out a run, given each frame's stamp and the time it is due by its preceding samples."""
    at, due = np.asarray(at_ms, np.float64), np.asarray(due_ms, np.float64)
    lag = at - due
    smooth = running_median(lag)
    end = first + len(at)
    if np.ptp(smooth) <= MAX_JITTER_MS:
        middle = float(np.median(lag))
        shift_ms = float(lag[0]) if abs(middle - lag[0]) <= MAX_JITTER_MS / 2 else middle
        return [DriftSegment(first=first, end=end, start_ms=float(due[0]) + shift_ms)]
    slope, at_zero = np.polyfit(due - due[0], smooth, 1)
    max_residual_ms = np.abs(smooth - (slope * (due - due[0]) + at_zero)).max()
    if abs(slope) > MAX_DRIFT_RATIO or (max_residual_ms > MAX_JITTER_MS and len(at) < 2 * MEDIAN_FRAMES):
        return [DriftSegment(first=first, end=end, start_ms=float(due[0] + np.median(lag)))]
    if max_residual_ms <= MAX_JITTER_MS:
        return [DriftSegment(first=first, end=end, start_ms=float(due[0] + at_zero), ratio=1.0 + float(slope))]
    cut = _find_step(lag, smooth)
    return fit_clock_drift(at[:cut], due[:cut], first) + fit_clock_drift(at[cut:], due[cut:], first + cut)


def running_median(values: Times) -> Times:
    """Median of `MEDIAN_FRAMES` around each value; fewer at the ends."""
    reach = min(MEDIAN_FRAMES // 2, (len(values) - 1) // 2)
    if not reach:
        return values
    padded = np.pad(values, reach, mode="edge")
    result: Times = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)
    return result


def _find_step(lag: Times, smooth: Times) -> int:
    """Frame before which stamps and samples diverge most, at least five frames from an end."""
    across = np.abs(smooth[MEDIAN_FRAMES:] - smooth[:-MEDIAN_FRAMES])
    first_frame = int(np.argmax(across))
    jumps = np.abs(np.diff(lag[first_frame : first_frame + MEDIAN_FRAMES + 1]))
    return int(np.clip(first_frame + int(np.argmax(jumps)) + 1, 5, len(lag) - 5))
