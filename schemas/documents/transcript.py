"""The transcript of a project, and where the embeddings of its sentences lie. Pure data."""

from __future__ import annotations

import datetime as dt

from schemas.common import ObjectRef, Segment, TimeRange, Value, Word
from schemas.documents.diarization import Diarization
from schemas.documents.span import Rejected, ScriptReport


class SentenceRows(Value, frozen=True, kw_only=True):
    """``rows`` is one object: for each text eight bytes (BLAKE2b of it) and ``dimensions`` little-endian float16.

    By its text a row is found again whatever became of the transcript's order; what has no row has none.
    """

    rows: ObjectRef
    """Object with the vectors."""
    dimensions: int
    """Length of each vector."""
    model: str
    texts: int
    """Number of texts."""


class Transcript(Value, frozen=True, kw_only=True):
    """The whole project's words on one time line."""

    language: str | None
    language_probability: float
    duration_ms: int
    words: list[Word]
    """All words, in order of time."""
    segments: list[Segment]
    """Sentence-like runs of words, in order of time."""
    speech: list[TimeRange]
    """Stretches in which somebody speaks."""
    model: str
    missing: list[TimeRange] = []
    """Stretches whose span was given up."""
    project_title: str = ""
    """What its owner called the project: here because events hold no customers' words, and search shows it."""
    project_created_at: dt.datetime | None = None
    """When the project was made: search filters and sorts by it. Absent in transcripts older than this."""
    sounds: ObjectRef | None = None
    """The project's `Sounds`; None where there are none."""
    without_words: str = ""
    """Why there is no word, and so no caption, in a sentence; empty where there are words."""
    diarization: Diarization | None = None
    """Who speaks when; absent where no voice was heard, or they could not be told apart."""
    version: int = 1
    """1 is the machine's; each correction by a person makes the next."""
    meaning: SentenceRows | None = None
    """What its segments mean, by their texts; absent where the sentence model knows no word of it, or was away."""
    script: ScriptReport | None = None
    """Where the caller gave the words: how they compare with what is said."""
    rejected: list[Rejected] = []
    """What was recognised and is not believed: no word of it is in ``words``."""
    tracks: dict[str, ObjectRef] = {}
    """Further transcripts of the same by language, e.g. ``en``: translations that were asked for."""
