"""The transcript of a project, and where the embeddings of its sentences lie. Pure data."""

from __future__ import annotations

import datetime as dt

from schemas.common import ObjectRef, Segment, TimeRange, Value, Word
from schemas.documents.diarization import Diarization
from schemas.documents.span import Rejected, ScriptReport


class SentenceRows(Value, frozen=True, kw_only=True):
    """Sentence embeddings as one object, found by their text.

    ``rows``: for each text eight bytes of its BLAKE2b and ``dimensions`` little-endian float16. A text without a row
    has no embedding.
    """

    rows: ObjectRef
    """Object with the vectors."""
    dimensions: int
    """Length of each vector."""
    model: str
    texts: int
    """Number of texts."""


class Transcript(Value, frozen=True, kw_only=True):
    """All words of a project in project time."""

    language: str | None
    language_probability: float
    duration_ms: int
    words: list[Word]
    """All words, in order of time."""
    segments: list[Segment]
    """Sentence-like runs of words, in order of time."""
    speech: list[TimeRange]
    """Ranges with speech."""
    model: str
    missing: list[TimeRange] = []
    """Ranges of spans that failed."""
    project_title: str = ""
    """The project's title, for search: events hold no customers' words."""
    project_created_at: dt.datetime | None = None
    """Creation time of the project, for search filters and order. Absent in older transcripts."""
    sounds: ObjectRef | None = None
    """The project's `Sounds`; null without sound."""
    without_words: str = ""
    """Why there are no words, and so no captions, as a sentence; empty if there are words."""
    diarization: Diarization | None = None
    """Speakers and their turns; absent without voices, or if diarization failed."""
    version: int = 1
    """1 is the automatic version; each correction makes the next."""
    meaning: SentenceRows | None = None
    """Embeddings of its segments; absent if the model does not know the language, or was unavailable."""
    script: ScriptReport | None = None
    """How a given script compares with the recording."""
    rejected: list[Rejected] = []
    """Recognised text that was rejected: no word of it is in ``words``."""
    tracks: dict[str, ObjectRef] = {}
    """Requested translations by language, for example ``en``."""
