"""Who speaks: the voices heard in a span. Pure data; all times in ms of project time."""

from __future__ import annotations

from typing import Literal

from schemas.common import ObjectRef, TimeRange, Value


class VoiceFrames(Value, frozen=True, kw_only=True):
    """What a span sounds like every ``step_ms`` from ``start_ms``, whoever makes the sound.

    ``rows`` is one object: ``dimensions`` little-endian float16, cepstra of the step, for each.
    """

    start_ms: int
    step_ms: int
    dimensions: int
    rows: ObjectRef


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
    voiced: list[TimeRange] = []
    """Where a voice may be: more than the speech that words are looked for in. Empty in older spans: that speech."""
    frames: VoiceFrames | None = None
    """None in older spans, and where they failed: who speaks is told by the windows alone."""


class Turn(Value, frozen=True, kw_only=True):
    """A stretch in which one speaker speaks."""

    start_ms: int
    end_ms: int
    speaker: str


class SelfIntroduction(Value, frozen=True, kw_only=True):
    """The words by which a speaker said who they are."""

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
    """Share of its windows that are clearly nearer to it than to any other voice, 0..1; None for the only one, and for
    whoever a person gave words to or took them from."""
    name: str | None = None
    """As they introduced themselves, or as a person called them; None where neither did."""
    evidence: SelfIntroduction | None = None
    """Words by which the speaker said their own name."""
    named_by: Literal["self", "person"] | None = None
    """Whose word the name is; None where there is no name, or (in older transcripts) they introduced themselves."""


class Diarization(Value, frozen=True, kw_only=True):
    """Who speaks when. Turns are in order of time."""

    speakers: list[Speaker]
    turns: list[Turn]
    """Turns in order of time."""
    overlaps: list[TimeRange]
    """Stretches that sound like two of the speakers about equally: both at once, or one right after the other."""
    model: str
    highest: int = 0
    """The highest number a person's correction gave, so that none is given twice; 0: that of the last speaker."""
