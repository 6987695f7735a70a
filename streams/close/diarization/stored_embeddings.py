"""Read the speaker embeddings and the MFCC frames that listen stored for each span."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.ports.models import Float32
from core.ports.stores import Objects
from schemas.documents.span import HeardSpan
from streams.speech.frames import STORED_DTYPE, SpeechFrames, join_frames


async def read_voices(spans: Sequence[HeardSpan], objects: Objects) -> list[Float32]:
    """Read the vectors of each span that has voices, in order, shape (n, dimensions).

    Raises Unavailable; KeyError or ValueError where an object is missing or is another.
    """
    vectors = []
    for span in spans:
        if span.voices is not None:
            body = await objects.get(span.voices.vectors)
            rows = np.frombuffer(body, STORED_DTYPE).reshape(len(span.voices.starts_ms), span.voices.dimensions)
            vectors.append(rows.astype(np.float32))
    return vectors


async def read_frames(spans: Sequence[HeardSpan], objects: Objects) -> SpeechFrames | None:
    """Read the MFCC frames of all spans that have some; None without any. Raises as ``read_voices``."""
    parts = []
    for span in spans:
        if span.voices is not None and (frames_ref := span.voices.frames) is not None:
            body = await objects.get(frames_ref.rows)
            rows = np.frombuffer(body, STORED_DTYPE).reshape(-1, frames_ref.dimensions).astype(np.float32)
            middles_ms = frames_ref.start_ms + frames_ref.step_ms * np.arange(len(rows)) + frames_ref.step_ms // 2
            parts.append(SpeechFrames(middles_ms=middles_ms, rows=rows))
    return join_frames(parts) if parts else None
