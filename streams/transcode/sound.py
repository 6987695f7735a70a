"""Lay decoded audio frames on one track of 48 kHz stereo without gaps, from project 0 ms on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
SAMPLES_PER_MS = RATE_HZ // 1000
MAX_LAG_MS = 40
"""Distance of a frame from the end of the track from which it is moved: lips and voice still agree."""
MAX_SILENCE_SAMPLES = RATE_HZ
"""Silence is made in pieces of a second: a gap may last an hour."""
Samples = NDArray[np.float32]


def lay_sound(frames: Iterable[tuple[int, av.AudioFrame]]) -> Iterator[Samples]:
    """Pieces of the track, each of shape (2, n), in order.

    ``frames``: with their project times. A gap becomes silence, what overlaps is left out, and a format that changes in
    mid-file gets another converter.
    """
    resampler, form, end = None, None, 0
    for at_ms, frame in frames:
        if (shape := (frame.format.name, frame.layout.name, frame.sample_rate)) != form:
            resampler, form = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ), shape
        assert resampler is not None
        frame.pts = None
        lag = at_ms * SAMPLES_PER_MS - end
        skipped = 0
        if lag > MAX_LAG_MS * SAMPLES_PER_MS:
            yield from _silence(lag)
            end += lag
        elif lag < -MAX_LAG_MS * SAMPLES_PER_MS:
            skipped = -lag
        for part in resampler.resample(frame):
            piece = part.to_ndarray()[:, skipped:]
            skipped = max(0, skipped - part.samples)
            end += piece.shape[1]
            if piece.shape[1]:
                yield piece.astype(np.float32, copy=False)


def _silence(samples: int) -> Iterator[Samples]:
    for start in range(0, samples, MAX_SILENCE_SAMPLES):
        yield np.zeros((2, min(MAX_SILENCE_SAMPLES, samples - start)), np.float32)
