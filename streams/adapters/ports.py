"""Every outside system as a Protocol, in the words of the stages. No implementation here."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.media import Face, ObjectRef, TimeRange, Word
from schemas.scenery import Person
from schemas.words import HeardWindow

Int16 = NDArray[np.int16]
UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Report = Callable[[int], None]
"""Called with a counter that only grows (packets, frames, bytes): the proof that work moves."""


class Objects(Protocol):
    """Immutable objects. Raises Unavailable when the store does not answer, Gone (a KeyError) for what is not there."""

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        """Store bytes under ``<prefix>/<sha256><suffix>``."""
        ...

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        """Store a file (multipart when large) under ``<prefix>/<sha256><suffix>``; ``report`` counts bytes."""
        ...

    async def get(self, ref: ObjectRef) -> bytes:
        """All bytes, checked against the reference's SHA-256."""
        ...

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``start``."""
        ...

    def stream(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        """All bytes in blocks; Unavailable at the end where they are not those of the reference's SHA-256."""
        ...

    async def size(self, key: str) -> int:
        """Bytes of an object."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything under a prefix; says how many."""
        ...

    def presign_get(self, key: str, *, filename: str, expires_s: int) -> str:
        """A URL that answers GET and Range for a while."""
        ...


class ObjectHead(msgspec.Struct, frozen=True, kw_only=True):
    """What the store says of one object without its bytes."""

    key: str
    size: int
    etag: str
    content_type: str = ""
    modified_at: dt.datetime | None = None


class UploadPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a multipart upload, as the store has it; ``number`` from 1."""

    number: int
    etag: str
    size: int = 0


class Uploads(Protocol):
    """Uploads by clients, straight to the store. Raises Unavailable, KeyError; Rejected for parts that do not fit."""

    async def head(self, key: str) -> ObjectHead:
        """What is there under ``key``."""
        ...

    async def list_prefix(self, prefix: str, *, limit: int = 1000) -> list[ObjectHead]:
        """The first ``limit`` objects under a prefix, by key."""
        ...

    def presign_put(self, key: str, *, content_type: str, expires_s: int, size: int | None = None) -> str:
        """A URL that takes one PUT of exactly this content type (and this many bytes, when given)."""
        ...

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts; returns its id."""
        ...

    def sign_part(self, key: str, upload_id: str, number: int, *, expires_s: int, size: int | None = None) -> str:
        """A URL that takes one PUT of part ``number``, 1 to 10,000, of exactly ``size`` bytes where given."""
        ...

    async def list_parts(self, key: str, upload_id: str) -> list[UploadPart]:
        """The parts that arrived, by number: what a client needs to resume."""
        ...

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadPart]) -> ObjectHead:
        """Make one object of the parts."""
        ...

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Forget an upload in parts; forgetting it twice is fine."""
        ...


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a topic, as it lies there."""

    key: str
    headers: dict[str, str]
    payload: bytes


class EventLog(Protocol):
    """What topics have kept."""

    def read(self, topic: str, partition: int, since: dt.datetime) -> AsyncIterator[Logged]:
        """What the partition holds now that was written at ``since`` or later, in order. Raises Unavailable."""
        ...


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What the recogniser returned for one piece of audio; times in ms from the piece's start."""

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
Told = Callable[[Sequence[Word], HeardWindow], None]
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
        told: Told | None = None,
    ) -> Heard:
        """Words of 16 kHz mono audio, shape (n,). ``report`` is called as segments come back, and ``told`` with each.

        ``language`` is a fact, ``hint`` a guess (what the rest of the project is in): the sound may overrule it.
        ``glossary``: names and terms that are likely to be said, as they are written. With the task ``translate`` the
        words are English, whatever is spoken; the languages of the answer are those that are spoken.
        """
        ...


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a recording (ms from its start), and the words that are said in it, as they are shown."""

    range: TimeRange
    words: list[str]


class Aligned(msgspec.Struct, frozen=True, kw_only=True):
    """Times of the words of each piece, ms from the recording's start; None where a word could not be placed.

    ``scores``: how well a piece's words fit its sound (log likelihood a frame, 0 best); None where not at all.
    """

    pieces: list[list[TimeRange | None]]
    scores: list[float | None]
    model: str = ""
    compute_ms: int = 0


class Alignment(Protocol):
    """Known words put on the sound. English. Raises Unavailable."""

    async def align(self, audio: Int16, pieces: Sequence[Piece]) -> Aligned:
        """Times of the words of each piece of 16 kHz mono audio, shape (n,)."""
        ...


class FacesFound(msgspec.Struct, frozen=True, kw_only=True):
    """What the detector returned: one list a picture; ``compute_ms`` is its processor time, never time it waited."""

    faces: list[list[Face]]
    model: str = ""
    compute_ms: int = 0


class Faces(Protocol):
    """Face detection. Raises Unavailable."""

    async def detect(self, pictures: UInt8) -> FacesFound:
        """Faces of pictures, shape (n, height, width, 3), RGB; boxes in pixels of the given pictures."""
        ...


class LandmarksFound(msgspec.Struct, frozen=True, kw_only=True):
    """468 points a crop: ``points`` (n, 468, [x, y, depth]) in pixels of the crop; ``scores`` (n,) 0..1: is it a face.

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


class ChatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a writing model answered, and what it counted; zero tokens where it counts none."""

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


class NoVectors(Exception):
    """The search engine cannot compare meanings: it is too old, or its indexes were not migrated. Ask by words."""


class Search(Protocol):
    """The search engine. A search may raise NoVectors where its options ask for ``hybrid``."""

    async def upsert(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        """Write documents by primary key and return when they can be found."""
        ...

    async def delete(self, index: str, filter_expression: str) -> None:
        """Delete what matches and return when it is gone."""
        ...

    async def search(self, index: str, query: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The engine's own answer."""
        ...

    async def search_each(
        self, asked: Sequence[tuple[str, Mapping[str, Any]]], query: str
    ) -> Sequence[Mapping[str, Any]]:
        """The engine's own answers to one question, one a pair of index and options, in their order."""
        ...


class Analytics(Protocol):
    """The column store. Only named statements with parameters, never a caller's SQL."""

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str) -> None:
        """Insert a batch once per ``token``."""
        ...

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a parameterised query, which may only read."""
        ...

    async def command(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Run a parameterised statement of ours that changes something."""
        ...


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of an outside HTTP server; ``body`` is cut at the asked size."""

    status: int
    headers: dict[str, str]
    body: bytes


class Outside(Protocol):
    """HTTP to the world: public addresses only, checked at connect time and on each redirect."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        """POST without following redirects. Raises Rejected (address, scheme) or Unavailable (no answer)."""
        ...

    def download(self, url: str, path: Path, *, max_bytes: int, report: Report) -> AsyncIterator[int]:
        """Fetch to ``path`` (resuming what is there), yielding bytes so far."""
        ...
