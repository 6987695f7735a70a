"""Sentence embeddings: requested from the model within a time limit, and stored as one object."""

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

MODEL_LANGUAGE = "en"
"""Language of the sentence model."""
SUFFIX = ".rows"
Rows = Mapping[bytes, Float32]
"""Embeddings by the digest of their text."""


def digest(text: str) -> bytes:
    """Eight bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def layout(dimensions: int) -> np.dtype[np.void]:
    """Record type of the stored object: a text's digest and its embedding."""
    return np.dtype([("text", "V8"), ("row", "<f2", (dimensions,))])


def pack_rows(rows: Rows) -> bytes:
    """Pack embeddings in the order of their digests, so that equal embeddings give equal bytes."""
    if not rows:
        return b""
    records = np.zeros(len(rows), dtype=layout(len(next(iter(rows.values())))))
    ordered = sorted(rows)
    records["text"] = np.array([np.void(key) for key in ordered], dtype="V8")
    records["row"] = np.array([rows[key] for key in ordered])
    return records.tobytes()


def unpack_rows(body: bytes, dimensions: int) -> dict[bytes, Float32]:
    """Reverse ``pack_rows``. Raises ValueError for other bytes."""
    records = np.frombuffer(body, layout(dimensions))
    return {bytes(entry["text"]): entry["row"].astype(np.float32) for entry in records}


async def read_rows(objects: Objects, stored: SentenceRows | None) -> dict[bytes, Float32]:
    """Read stored embeddings.

    Empty if there are none, or the object is gone: the model can compute them again.
    """
    if stored is None:
        return {}
    try:
        return unpack_rows(await objects.get(stored.rows), stored.dimensions)
    except (KeyError, ValueError):
        return {}


def list_texts(transcript: Transcript) -> list[str]:
    """Texts of the segments in the model's language, each once."""
    texts = (
        segment.text for segment in transcript.segments if (segment.language or transcript.language) == MODEL_LANGUAGE
    )
    return list(dict.fromkeys(text for text in texts if text))


async def embed(sentences: Sentences, texts: Sequence[str], have: Rows, model: str) -> Vectors:
    """Embed texts, requesting only those that are not in ``have``. Raises Unavailable."""
    missing = [text for text in dict.fromkeys(texts) if digest(text) not in have]
    if not texts or len(missing) == len(set(texts)):
        return await sentences.embed(texts)
    answer = await sentences.embed(missing) if missing else Vectors(values=np.zeros((0, 0), np.float32), model=model)
    rows = dict(have) | {digest(text): row for text, row in zip(missing, answer.values, strict=True)}
    values = np.array([rows[digest(text)] for text in texts], dtype=np.float32)
    return Vectors(values=values, model=answer.model, compute_ms=answer.compute_ms)


TEXTS_PER_REQUEST_COUNT = 256
"""Texts of one request, and so between two progress reports."""
PATIENCE_S = 20.0


class NotAskedError(RuntimeError):
    """The sentence model gave no embeddings; the message says why, for a person."""


async def ask(
    sentences: Sentences,
    texts: Iterable[str],
    have: Rows,
    report: Callable[[int], None] = lambda _: None,
    *,
    patience_s: float = PATIENCE_S,
) -> tuple[dict[bytes, Float32], str, int]:
    """Request the embeddings of texts that are not in ``have``.

    Returns:
        The new embeddings, the model's name, and the compute time in ms.

    Raises:
        NotAskedError: The model did not answer within ``patience_s``.
    """
    missing = [text for text in dict.fromkeys(texts) if digest(text) not in have]
    embeddings: dict[bytes, Float32] = {}
    model, cost_ms = "", 0
    for at in range(0, len(missing), TEXTS_PER_REQUEST_COUNT):
        part = missing[at : at + TEXTS_PER_REQUEST_COUNT]
        try:
            async with asyncio.timeout(patience_s):
                answer = await sentences.embed(part)
        except (Unavailable, InferenceFailed, TimeoutError) as error:
            raise NotAskedError("the sentence model did not answer") from error
        embeddings |= {digest(text): row for text, row in zip(part, answer.values, strict=True)}
        model, cost_ms = answer.model, cost_ms + answer.compute_ms
        report(at + len(part))
    return embeddings, model, cost_ms
