"""Asks the sentence model for what is not known yet, with patience that ends. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from streams.adapters.ports import Float32, Sentences
from streams.adapters.sentence_rows import Rows, digest
from streams.adapters.triton_wire import InferenceFailed
from streams.errors import Unavailable

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
