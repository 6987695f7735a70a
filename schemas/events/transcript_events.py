"""Events of spans, of the transcript, and of what a project is about."""

from __future__ import annotations

from schemas.common import ObjectRef, TimeRange
from schemas.events.event_base import Event


class SpanPlanned(Event, frozen=True, kw_only=True):
    """A span of the source is to be transcribed and looked at.

    ``audio`` covers ``padded``; it is absent where the source has no sound.
    """

    ordinal: int
    span_count: int
    range: TimeRange
    padded: TimeRange
    source: ObjectRef
    index: ObjectRef
    audio: ObjectRef | None = None
    has_video: bool = True
    language: str | None = None


class SpansHeard(Event, frozen=True, kw_only=True):
    """Every span was transcribed or given up; close may merge them."""

    version: int = 1


class TranscriptCompleted(Event, frozen=True, kw_only=True):
    """The words of the whole project are on one time line; versions from 2 on are corrections by a person."""

    transcript: ObjectRef
    language: str | None
    word_count: int
    segment_count: int
    speech_ms: int
    version: int = 1


class UnderstandingCompleted(Event, frozen=True, kw_only=True):
    """Close and look have both ended; ``missing`` names the parts that were given up."""

    missing: list[str]


class IntelligenceCompleted(Event, frozen=True, kw_only=True):
    """Study knows what the project is about; the document is in ``intelligence``, made by ``engine``."""

    intelligence: ObjectRef
    engine: str
    chapter_count: int
    topic_count: int
    entity_count: int
    transcript_version: int = 1
