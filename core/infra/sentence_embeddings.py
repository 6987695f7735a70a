"""Embeddings of sentences: asked of the model within a limit of time, kept as one object and read again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Float32, Sentences, Vectors
from core.ports.stores import Objects
from schemas.documents.transcript import SentenceRows, Transcript

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


AT_ONCE = 256
"""Texts between two signs of life."""
PATIENCE_S = 20.0


class NotAskedError(RuntimeError):
    """The sentence model could not be asked; the message says why, for a person."""


async def ask(
    sentences: Sentences,
    texts: Iterable[str],
    have: Rows,
    report: Callable[[int], None] = lambda _: None,
    *,
    patience_s: float = PATIENCE_S,
) -> tuple[dict[bytes, Float32], str, int]:
    """Rows of those texts that are not there yet; the model and what it cost. Raises NotAskedError."""
    missing = [text for text in dict.fromkeys(texts) if digest(text) not in have]
    found: dict[bytes, Float32] = {}
    model, cost_ms = "", 0
    for at in range(0, len(missing), AT_ONCE):
        part = missing[at : at + AT_ONCE]
        try:
            async with asyncio.timeout(patience_s):
                answer = await sentences.embed(part)
        except (Unavailable, InferenceFailed, TimeoutError) as error:
            raise NotAskedError("the sentence model did not answer") from error
        found |= {digest(text): row for text, row in zip(part, answer.values, strict=True)}
        model, cost_ms = answer.model, cost_ms + answer.compute_ms
        report(at + len(part))
    return found, model, cost_ms
