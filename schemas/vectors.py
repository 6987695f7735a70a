"""What sentences mean, as numbers kept in one object. Pure data."""

from __future__ import annotations

from schemas.media import ObjectRef, Value


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
