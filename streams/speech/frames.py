"""MFCC frames of a project's speech (one every 20 ms), and the types that vectors are stored as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32

TimesMs = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SpeechFrames:
    """MFCC of each 20 ms of a project: middles in order of time, shape (n,), and rows, (n, d)."""

    middles_ms: TimesMs
    rows: Float32


def join_frames(parts: Sequence[SpeechFrames]) -> SpeechFrames:
    """Concatenate the frames of spans in order of time; at least one."""
    return SpeechFrames(
        middles_ms=np.concatenate([part.middles_ms for part in parts]),
        rows=np.concatenate([part.rows for part in parts]),
    )


STORED_DTYPE = np.dtype("<f2")
"""Stored vectors are little-endian half floats: half the size, and cosines differ by less than 0.001."""
OCTET_STREAM = "application/octet-stream"
"""Media type of stored vectors."""
