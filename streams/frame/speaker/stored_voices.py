"""Reads what listen stored of a clip's time: detected speech and voice embeddings.

Voices only help to tell who speaks on screen: a clip is made without those that cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import Unavailable
from core.infra import telemetry
from core.infra.postgres.connection import Connection
from core.ports.stores import Objects
from core.storage.spans import list_spans
from schemas.common import ObjectRef, TimeRange
from schemas.documents.span import HeardSpan
from schemas.documents.transcript import Transcript
from streams.frame.speaker.voice_matching import HeardVoices

VECTOR_DTYPE = np.dtype("<f2")
"""Element type of stored vectors."""
Window = tuple[int, int, NDArray[np.float16]]
"""Start, end and embedding of a window of speech."""


class HeardSpanRef(msgspec.Struct, frozen=True, kw_only=True):
    """The stored document of a span."""

    range: TimeRange
    document: ObjectRef


async def read_heard_spans(connection: Connection, org_id: UUID, project_id: UUID) -> list[HeardSpanRef]:
    """Read the transcribed spans of a project, in order."""
    spans = await list_spans(connection, org_id, project_id)
    return [HeardSpanRef(range=span.event.range, document=span.heard) for span in spans if span.heard]


async def read_speech(objects: Objects, transcript: ObjectRef | None) -> list[TimeRange] | None:
    """Read where voices were detected; None without a transcript."""
    if transcript is None:
        return None
    return msgspec.json.decode(await objects.get(transcript), type=Transcript).speech


async def read_voices(objects: Objects, spans: Sequence[HeardSpanRef], time: TimeRange) -> HeardVoices | None:
    """Read the voices in ``time``; None where there are none, or they are unreadable. Raises Unavailable."""
    windows: list[Window] = []
    for span in spans:
        if not span.range.overlap_ms(time):
            continue
        try:
            windows += await _windows_of_span(objects, span.document, time)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - an object that is gone, or is another, takes no clip with it
            telemetry.report_bug(error, "frame")
    if not windows:
        return None
    windows.sort(key=lambda window: (window[0], window[1]))
    return HeardVoices(
        starts_ms=[start for start, _, _ in windows],
        ends_ms=[end for _, end, _ in windows],
        rows=np.stack([row for _, _, row in windows]).astype(np.float32),
    )


async def _windows_of_span(objects: Objects, ref: ObjectRef, time: TimeRange) -> list[Window]:
    voices = msgspec.json.decode(await objects.get(ref), type=HeardSpan).voices
    if voices is None:
        return []
    body = await objects.get(voices.vectors)
    rows = np.frombuffer(body, VECTOR_DTYPE).reshape(len(voices.starts_ms), voices.dimensions)
    return [
        (start, end, row)
        for start, end, row in zip(voices.starts_ms, voices.ends_ms, rows, strict=True)
        if start < time.end_ms and end > time.start_ms
    ]
