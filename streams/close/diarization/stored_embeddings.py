"""Reads the speaker embeddings and the frames that listen stored for each span."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.ports.models import Float32
from core.ports.stores import Objects
from schemas.documents.span import HeardSpan
from streams.speech.frames import STORED_DTYPE, SpeechFrames, join_frames


async def read_voices(spans: Sequence[HeardSpan], objects: Objects) -> list[Float32]:
    """The vectors of each span that has voices, in order, shape (n, dimensions).

    Raises Unavailable; KeyError or ValueError where an object is gone or is another.
    """
    found = []
    for span in spans:
        if span.voices is not None:
            body = await objects.get(span.voices.vectors)
            rows = np.frombuffer(body, STORED_DTYPE).reshape(len(span.voices.starts_ms), span.voices.dimensions)
            found.append(rows.astype(np.float32))
    return found


async def read_frames(spans: Sequence[HeardSpan], objects: Objects) -> SpeechFrames | None:
    """What all spans sound like that know it; None where none does. Raises as ``read_voices``."""
    found = []
    for span in spans:
        if span.voices is not None and (kept := span.voices.frames) is not None:
            body = await objects.get(kept.rows)
            rows = np.frombuffer(body, STORED_DTYPE).reshape(-1, kept.dimensions).astype(np.float32)
            middles_ms = kept.start_ms + kept.step_ms * np.arange(len(rows)) + kept.step_ms // 2
            found.append(SpeechFrames(middles_ms=middles_ms, rows=rows))
    return join_frames(found) if found else None
