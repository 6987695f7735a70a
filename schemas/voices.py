"""Who speaks: the voices heard in a span. Pure data; all times in ms of project time."""

from __future__ import annotations

from schemas.media import ObjectRef, TimeRange, Value


class VoiceWindows(Value, frozen=True, kw_only=True):
    """Where a span's voices were heard. Columns: one entry a window, by its start; windows overlap.

    ``vectors`` is one object: a row of ``dimensions`` little-endian float16 for each window, of unit length, or zero
    where the sound was digital silence. ``phrases`` is the span's speech, cut at its pauses.
    """

    starts_ms: list[int]
    ends_ms: list[int]
    phrases: list[TimeRange]
    dimensions: int
    vectors: ObjectRef
    model: str
