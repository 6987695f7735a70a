"""Stored voices: those of the clip's time only, in order; unreadable ones are skipped."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from core.errors import Unavailable
from schemas.common import ObjectRef, TimeRange
from schemas.documents import encode_document
from schemas.documents.diarization import VoiceWindows
from schemas.documents.span import HeardSpan
from streams.frame.speaker.stored_voices import VECTOR_DTYPE, HeardSpanRef, read_speech, read_voices
from tests.detect.material_factory import heard_span, transcript

CLIP = TimeRange(start_ms=1000, end_ms=5000)


def ref(key: str) -> ObjectRef:
    return ObjectRef(key=key, sha256="0" * 64, size=1)


def rows(count: int) -> np.ndarray:
    return np.eye(4, dtype=VECTOR_DTYPE)[np.arange(count) % 4]


def span(ordinal: int, *starts_ms: int) -> HeardSpan:
    windows = VoiceWindows(
        starts_ms=list(starts_ms), ends_ms=[at + 1600 for at in starts_ms], phrases=[], dimensions=4,
        vectors=ref(f"vectors-{ordinal}"), model="test",
    )  # fmt: skip
    time = TimeRange(start_ms=4000 * ordinal, end_ms=4000 * ordinal + 4000)
    return msgspec.structs.replace(heard_span([-30.0] * 10), ordinal=ordinal, range=time, voices=windows)


def heard_refs(*ordinals: int) -> list[HeardSpanRef]:
    return [
        HeardSpanRef(range=TimeRange(start_ms=4000 * one, end_ms=4000 * one + 4000), document=ref(f"span-{one}"))
        for one in ordinals
    ]


class Kept:
    """Objects in a dictionary; a key that is None cannot be had now."""

    def __init__(self, **bodies: bytes | None) -> None:
        self.bodies = bodies

    async def get(self, wanted: ObjectRef) -> bytes:
        body = self.bodies[wanted.key.replace("-", "_")]
        if body is None:
            raise Unavailable("objects", "the store is away")
        return body


def store(*spans: HeardSpan, **more: bytes | None) -> Kept:
    told = {f"span_{one.ordinal}": encode_document(one) for one in spans}
    vectors = {
        f"vectors_{one.ordinal}": rows(len(one.voices.starts_ms)).tobytes() for one in spans if one.voices is not None
    }
    return Kept(**(told | vectors | more))


async def test_windows_of_the_clip_are_read_across_spans() -> None:
    objects = store(span(0, 0, 800, 2000), span(1, 4200, 6000))
    voices = await read_voices(objects, heard_refs(2, 1, 0), CLIP)  # type: ignore[arg-type]
    assert voices is not None
    assert (voices.starts_ms, voices.ends_ms) == ([0, 800, 2000, 4200], [1600, 2400, 3600, 5800])
    assert voices.rows.tolist() == [*rows(3).tolist(), *rows(1).tolist()]


async def test_missing_or_foreign_voices_are_skipped() -> None:
    assert await read_voices(Kept(), heard_refs(0), CLIP) is None  # type: ignore[arg-type]
    objects = store(span(0, 0, 800), span(1, 4200), vectors_0=b"three")
    voices = await read_voices(objects, heard_refs(0, 1), CLIP)  # type: ignore[arg-type]
    assert voices is not None
    assert voices.starts_ms == [4200], "the other span has its voices still"
    silent = msgspec.structs.replace(span(0), voices=None)
    assert await read_voices(store(silent), heard_refs(0), CLIP) is None  # type: ignore[arg-type]


async def test_an_unavailable_store_raises() -> None:
    objects = store(span(0, 0), vectors_0=None)
    with pytest.raises(Unavailable):
        await read_voices(objects, heard_refs(0), CLIP)  # type: ignore[arg-type]


async def test_speech_ranges_are_read_on_project_time() -> None:
    known = transcript([], 9000)
    assert await read_speech(Kept(t=encode_document(known)), ref("t")) == known.speech  # type: ignore[arg-type]
    assert await read_speech(Kept(), None) is None  # type: ignore[arg-type]
