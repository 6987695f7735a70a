"""What sentences mean, asked once and kept: rows of the sentence model as one object, found again by their text.

close asks for the segments of a transcript; study, detect, search and corrections take the rows from here and ask only
for texts that are not among them. Never compares two rows, and loads no client of Triton: the sink does without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from schemas.documents import Transcript
from schemas.vectors import SentenceRows
from streams.adapters.ports import Float32, Objects, Sentences, Vectors

KNOWN = "en"
"""The language that the sentence model knows."""
SUFFIX = ".rows"
Rows = Mapping[bytes, Float32]
"""By the digest of a text."""


def digest(text: str) -> bytes:
    """Eight bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def layout(dimensions: int) -> np.dtype[np.void]:
    """One entry of the object: a text's digest, and its row."""
    return np.dtype([("text", "V8"), ("row", "<f2", (dimensions,))])


def packed(rows: Rows) -> bytes:
    """Rows as they are stored, in the order of their digests: equal rows have equal bytes."""
    if not rows:
        return b""
    found = np.zeros(len(rows), dtype=layout(len(next(iter(rows.values())))))
    ordered = sorted(rows)
    found["text"] = np.array([np.void(key) for key in ordered], dtype="V8")
    found["row"] = np.array([rows[key] for key in ordered])
    return found.tobytes()


def unpacked(body: bytes, dimensions: int) -> dict[bytes, Float32]:
    """The same, read again. Raises ValueError where the object is another."""
    found = np.frombuffer(body, layout(dimensions))
    return {bytes(entry["text"]): entry["row"].astype(np.float32) for entry in found}


async def read_rows(objects: Objects, kept: SentenceRows | None) -> dict[bytes, Float32]:
    """What was kept; nothing where nothing was, or where it is gone: rows can always be asked for again."""
    if kept is None:
        return {}
    try:
        return unpacked(await objects.get(kept.rows), kept.dimensions)
    except (KeyError, ValueError):
        return {}


def texts_of(transcript: Transcript) -> list[str]:
    """The segments that the model can be asked about, each text once."""
    known = (one.text for one in transcript.segments if (one.language or transcript.language) == KNOWN)
    return list(dict.fromkeys(text for text in known if text))


async def embed(sentences: Sentences, texts: Sequence[str], have: Rows, model: str) -> Vectors:
    """One row a text as `Sentences` gives them, asking only for those that are not there. Raises Unavailable."""
    missing = [text for text in dict.fromkeys(texts) if digest(text) not in have]
    if not texts or len(missing) == len(set(texts)):
        return await sentences.embed(texts)
    answer = await sentences.embed(missing) if missing else Vectors(values=np.zeros((0, 0), np.float32), model=model)
    rows = dict(have) | {digest(text): row for text, row in zip(missing, answer.values, strict=True)}
    values = np.array([rows[digest(text)] for text in texts], dtype=np.float32)
    return Vectors(values=values, model=answer.model, compute_ms=answer.compute_ms)
