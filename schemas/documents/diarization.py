"""Voices of a span, and who speaks when in a project. Pure data; project time."""

from __future__ import annotations

from typing import Literal

from schemas.common import ObjectRef, TimeRange, Value


class VoiceFrames(Value, frozen=True, kw_only=True):
    """Cepstra of a span's sound, every ``step_ms`` from ``start_ms``.

    ``rows`` is one object: ``dimensions`` little-endian float16 for each step.
    """

    start_ms: int
    step_ms: int
    dimensions: int
    rows: ObjectRef


class VoiceWindows(Value, frozen=True, kw_only=True):
    """Voice embeddings of a span. Columns: one entry a window, by its start; windows overlap.

    ``vectors`` is one object: a row of ``dimensions`` little-endian float16 for each window, of unit length, or zero
    for digital silence. ``phrases``: the span's speech segments.
    """

    starts_ms: list[int]
    ends_ms: list[int]
    phrases: list[TimeRange]
    dimensions: int
    vectors: ObjectRef
    model: str
    voiced: list[TimeRange] = []
    """Ranges in which a voice may be, more than the speech that is transcribed. Empty in older spans."""
    frames: VoiceFrames | None = None
    """Absent in older spans, and if it failed: the diarization then uses the windows alone."""


class Turn(Value, frozen=True, kw_only=True):
    """A range in which one speaker speaks."""

    start_ms: int
    end_ms: int
    speaker: str


class SelfIntroduction(Value, frozen=True, kw_only=True):
    """The words with which a speaker introduced themselves."""

    quote: str
    start_ms: int
    end_ms: int


class Speaker(Value, frozen=True, kw_only=True):
    """One voice of a project; ``id`` is S1, S2 … in order of appearance."""

    id: str
    """`S1`, `S2` … in order of appearance."""
    speech_ms: int
    turns: int
    """Number of turns."""
    confidence: float | None = None
    """Share of its windows that are clearly nearest to this voice, 0..1; null for an only speaker, and for one whose
    words a person corrected."""
    name: str | None = None
    """Their own introduction, or the name that a person gave; null without either."""
    evidence: SelfIntroduction | None = None
    """Words with which the speaker said their own name."""
    named_by: Literal["self", "person"] | None = None
    """The giver of the name; null without a name, and in older transcripts for an introduction."""


class Diarization(Value, frozen=True, kw_only=True):
    """The speakers of a project and their turns, in order of time."""

    speakers: list[Speaker]
    turns: list[Turn]
    """Turns in order of time."""
    overlaps: list[TimeRange]
    """Ranges that sound like two speakers about equally: both at once, or one right after the other."""
    model: str
    highest: int = 0
    """Highest speaker number that a correction used, so that no number is reused; 0: the last speaker's."""
