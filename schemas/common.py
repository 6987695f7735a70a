"""Frozen values about media: time, words, pictures, boxes, objects. Pure data; never opens a file."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec

Version = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""Counts the versions of a transcript or of an edit, from 1."""
Trust = Literal["trusted", "doubtful"]
Doubt = Literal["no_speech", "unsure", "heard_twice", "repeats", "does_not_fit"]
"""Why a part of a transcript is not trusted: no voice, improbable words, two decodings that disagree, a text that
repeats itself, words that do not fit the sound."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every value: immutable, keyword-only, unknown fields ignored on decode (forward compatible)."""


class ObjectRef(Value, frozen=True, kw_only=True):
    """One immutable object in the store; its key ends in its own SHA-256."""

    key: str
    sha256: str
    size: int


class TimeRange(Value, frozen=True, kw_only=True):
    """A half-open range ``[start_ms, end_ms)`` of project time."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """Length in ms."""
        return self.end_ms - self.start_ms

    def overlap_ms(self, other: TimeRange) -> int:
        """The time that both ranges share, in ms."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))


class Word(Value, frozen=True, kw_only=True):
    """One spoken word as it is shown (with its punctuation), on the project's time line."""

    text: str
    """The word with its punctuation."""
    start_ms: int
    end_ms: int
    probability: float
    speaker: str | None = None
    filler: bool = False
    """A sound of hesitation (um, uh), not a word."""


class Segment(Value, frozen=True, kw_only=True):
    """A sentence-like run of words: ``words[first_word:end_word]`` of its transcript."""

    start_ms: int
    end_ms: int
    text: str
    first_word: int
    end_word: int
    speaker: str | None = None
    trust: Trust | None = None
    """Absent in transcripts made before this was judged. What is not believed at all is no segment."""
    doubts: list[Doubt] = []
    language: str | None = None
    """The language of its text: what it was heard in, or translated into."""
    translated_from: str | None = None
    """The language that was spoken, where the text is a translation."""


class Box(Value, frozen=True, kw_only=True):
    """A rectangle in pixels of the *display* picture (after rotation and with square pixels)."""

    x: float
    """Left edge, in pixels."""
    y: float
    width: float
    height: float


class Face(Value, frozen=True, kw_only=True):
    """A detected face: box in display pixels, detector score 0..1."""

    box: Box
    score: float


class CropBox(Value, frozen=True, kw_only=True):
    """The part of the display picture that an export shows, whole pixels."""

    x: int
    y: int
    width: int
    """Width in pixels."""
    height: int
    """Height in pixels."""


Aspect = Literal["9:16", "4:5", "1:1", "16:9"]
Mode = Literal["hold", "follow", "cut", "split", "inset", "fit"]
"""``hold``: a still crop; ``follow``: a crop that moves slowly; ``cut``: still, changed where somebody else speaks;
``split``: people stacked; ``inset``: a screen above a face; ``fit``: everything, on a blurred ground.
"""


class Sibling(Value, frozen=True, kw_only=True):
    """Another export of the same wish: nothing but its shape is another."""

    export_id: UUID
    aspect: Aspect


class FramedSibling(Sibling, frozen=True, kw_only=True):
    """The same with the crops of its shape in ``plan``."""

    plan: ObjectRef
