"""Frames of speech (MFCC every 20 ms) of a project, and the types that vectors are stored as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32

Times = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Frames:
    """What each 20 ms sounds like, over a project: middles in order, and rows (n, d)."""

    middles_ms: Times
    rows: Float32


def joined(parts: Sequence[Frames]) -> Frames:
    """Those of all spans, which are in order of time; at least one."""
    return Frames(
        middles_ms=np.concatenate([one.middles_ms for one in parts]), rows=np.concatenate([one.rows for one in parts])
    )


STORED, OCTETS = np.dtype("<f2"), "application/octet-stream"
