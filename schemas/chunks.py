"""What a finished export remembers of its chunks, so that a later one of the clip may take their packets. Pure data."""

from __future__ import annotations

from schemas.media import Value


class Chunk(Value, frozen=True, kw_only=True):
    """A run of pictures that was encoded by itself."""

    key: str
    """SHA-256 of all that decides its pictures and their encoding, apart from the export's ``ground`` and threads."""
    first: int
    """Number of its first picture in the file."""
    slots: int
    digest: str
    """SHA-256 of its packets as they stand in the file."""


class Chunks(Value, frozen=True, kw_only=True):
    """Those of an export whose pictures came from the source as its index says."""

    ground: str
    """SHA-256 of what all its chunks share: source, code, libraries, settings of the encoder, brand kit."""
    threads: int
    """Of the encoder: others give other bytes."""
    chunks: list[Chunk]
