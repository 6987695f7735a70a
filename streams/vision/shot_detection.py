"""Detects shot changes among measured frames: cuts, fades and dissolves. Pure.

The stage ``frame`` passes every frame of a clip, ``look`` the frames around a change that its sparse samples showed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.scene import Transition
from streams.vision.frame_stats import Measure
from streams.vision.gradual_transitions import find_dissolves, find_fades
from streams.vision.hard_cuts import Boundary, find_hard_cuts

NAME = "dense-shots-2"


def find_boundaries(
    at_ms: NDArray[np.int64], blocks: NDArray[np.float32], histograms: NDArray[np.float32]
) -> list[Boundary]:
    """Return the boundaries between shots, in order.

    ``at_ms`` (n,): time of every frame; ``blocks`` (n, 9, 16, 3) and ``histograms`` (n, 32) of ``frame_stats``. A cut
    into or out of black belongs to its fade; a window that holds a cut or a fade is not a dissolve.
    """
    if len(at_ms) < 2:
        return []
    soft = find_fades(at_ms, blocks, histograms)
    cuts = [
        cut
        for cut in find_hard_cuts(at_ms, blocks, histograms)
        if not any(fade.first <= cut.picture <= fade.end for fade in soft)
    ]
    firm = [*soft, *cuts]
    mixed = find_dissolves(at_ms, blocks, histograms, [(b.first, max(b.end, b.first + 1)) for b in firm])
    return sorted([*firm, *mixed], key=lambda boundary: boundary.picture)


def find_transitions(at_ms: Sequence[int], measures: Sequence[Measure]) -> list[Transition]:
    """Return the boundaries of ``find_boundaries`` as transitions, in project time."""
    if not at_ms:
        return []
    times = np.asarray(at_ms, np.int64)
    boundaries = find_boundaries(
        times, np.stack([measure.blocks for measure in measures]), np.stack([measure.histogram for measure in measures])
    )
    last = len(times) - 1
    return [
        Transition(
            kind=boundary.kind,
            range=TimeRange(start_ms=int(times[boundary.first]), end_ms=int(times[min(last, boundary.end)])),
            at_ms=int(times[boundary.picture]),
            strength=round(boundary.strength, 3),
        )
        for boundary in boundaries
    ]
