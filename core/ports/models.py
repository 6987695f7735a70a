"""Models as Protocols: speech, alignment, faces, landmarks, embeddings, names, chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.progress import Report
from schemas.common import Face, TimeRange, Word
from schemas.documents.scene import Person
from schemas.documents.span import HeardWindow

Int16 = NDArray[np.int16]
UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """The recogniser's result for one piece of audio; times in ms from the piece's start."""

    words: list[Word]
    speech: list[TimeRange]
    language: str | None
    language_probability: float
    model: str
    compute_ms: int
    windows: Sequence[HeardWindow] = ()
    """What the decoder thought of each window; times in ms from the piece's start."""
    voiced: Sequence[TimeRange] = ()
    """Where a voice may be, by an ear readier than that for ``speech``: quiet voices, ends of sentences, some noise."""


SpeechTask = Literal["transcribe", "translate"]
WindowListener = Callable[[Sequence[Word], HeardWindow], None]
"""Takes the words of one window as soon as they are known; times in ms from the start of the audio."""


class Speech(Protocol):
    """Speech recognition with voice activity. Raises Unavailable."""

    async def transcribe(
        self,
        audio: Int16,
        *,
        language: str | None,
        report: Report,
        hint: str | None = None,
        glossary: Sequence[str] = (),
        task: SpeechTask = "transcribe",
        on_window: WindowListener | None = None,
    ) -> Recognition:
        """Words of 16 kHz mono audio, shape (n,). ``report`` counts windows; ``on_window`` gets their words.

        ``language`` is a fact, ``hint`` a guess (what the rest of the project is in): the sound may overrule it.
        ``glossary``: names and terms that are likely to be said, as they are written. With the task ``translate`` the
        words are English, whatever is spoken; the languages of the answer are those that are spoken.
        """
        ...


class AlignmentPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A range of a recording (ms from its start), and the words spoken in it, as they are shown."""

    range: TimeRange
    words: list[str]


class Aligned(msgspec.Struct, frozen=True, kw_only=True):
    """Times of each piece's words in ms from the recording's start; None for a word without a place.

    ``scores``: how well a piece's words fit its sound (log likelihood a frame, 0 best); None where not at all.
    """

    pieces: list[list[TimeRange | None]]
    scores: list[float | None]
    model: str = ""
    compute_ms: int = 0


class Alignment(Protocol):
    """Known words put on the sound. English. Raises Unavailable."""

    async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
        """Times of the words of each piece of 16 kHz mono audio, shape (n,)."""
        ...


class FacesFound(msgspec.Struct, frozen=True, kw_only=True):
    """Faces, one list per picture; ``compute_ms`` is processor time without waiting."""

    faces: list[list[Face]]
    model: str = ""
    compute_ms: int = 0


class Faces(Protocol):
    """Face detection. Raises Unavailable."""

    async def detect(self, pictures: UInt8) -> FacesFound:
        """Faces of pictures, shape (n, height, width, 3), RGB; boxes in pixels of the given pictures."""
        ...


class LandmarksFound(msgspec.Struct, frozen=True, kw_only=True):
    """468 points per crop: ``points`` (n, 468, [x, y, depth]), pixels; ``scores`` (n,): a face, 0..1.

    ``compute_ms`` is processor time, never time it waited.
    """

    points: Float32
    scores: Float32
    model: str = ""
    compute_ms: int = 0


class PersonsFound(msgspec.Struct, frozen=True, kw_only=True):
    """Persons, one list a picture, surest first; ``compute_ms`` is processor time, never time it waited."""

    persons: list[list[Person]]
    model: str = ""
    compute_ms: int = 0


class Landmarks(Protocol):
    """Points of faces, and persons. Raises Unavailable."""

    async def mark(self, crops: UInt8) -> LandmarksFound:
        """Points of crops, shape (n, 192, 192, 3), RGB or grey in all three, one face in the middle of each."""
        ...

    async def find_persons(self, pictures: UInt8) -> PersonsFound:
        """Persons of pictures, shape (n, 224, 224, 3), RGB; boxes in pixels of the given pictures."""
        ...


class Vectors(msgspec.Struct, frozen=True, kw_only=True):
    """Embeddings, one row each, of unit length; ``compute_ms`` is processor time, never time it waited."""

    values: Float32
    model: str = ""
    compute_ms: int = 0


class Voices(Protocol):
    """Voice embeddings (256 numbers): alike where the speaker is the same. Raises Unavailable."""

    async def embed(self, audio: Int16, windows: Sequence[TimeRange]) -> Vectors:
        """One row a window of 16 kHz mono audio, shape (n,); windows of 0.25 to 10 s, ms from its start.

        The row of digital silence is zero.
        """
        ...


class Sentences(Protocol):
    """Sentence embeddings (384 numbers): alike where the meaning is. Raises Unavailable."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; beyond 128 tokens a text is cut off. English first, others are weak."""
        ...


NameKind = Literal["person", "organisation", "place", "work", "event"]
"""Kinds of name that a model may find."""


class NameSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A name in a text: its characters ``[begin, end)``, in Unicode code points, its kind and probability."""

    begin: Annotated[int, msgspec.Meta(ge=0)]
    end: int
    kind: NameKind
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)]


class NamesFound(msgspec.Struct, frozen=True, kw_only=True):
    """Names, one list a text; ``compute_ms`` is processor time, never time it waited."""

    names: list[list[NameSpan]]
    model: str = ""
    compute_ms: int = 0


class Names(Protocol):
    """Recognition of names in sentences. Raises Unavailable."""

    async def find_names(self, texts: Sequence[str]) -> NamesFound:
        """Names of each text, in the order of the texts; spans lie inside their text and are not empty."""
        ...


class ChatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A writing model's answer, and the tokens that it counted; 0 where it counts none."""

    text: str
    model: str
    cut_off: bool
    tokens_in: int
    tokens_out: int


class Chat(Protocol):
    """A writing model of somebody else's. Raises Unavailable, Declined."""

    async def ask(
        self, messages: list[Mapping[str, str]], *, name: str, schema: Mapping[str, Any], report: Report
    ) -> ChatAnswer:
        """The answer to a conversation, as JSON text that ought to fit the schema."""
        ...
