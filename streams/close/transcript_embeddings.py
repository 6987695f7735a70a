"""Asks once what the sentences of a transcript mean, for all who need it. Whatever fails here, the words stay."""

from __future__ import annotations

from core.infra.sentence_embeddings import SUFFIX, NotAskedError, ask, packed, texts_of
from core.ports.models import Sentences
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import Value
from schemas.documents.transcript import SentenceRows, Transcript

BEYOND = 1_000_000
"""Added to the counter of texts: it must grow beyond whatever was counted before."""


class Meant(Value, frozen=True, kw_only=True):
    """The kept rows, what they cost, and what to warn of."""

    rows: SentenceRows | None = None
    compute_ms: int = 0
    warning: str = ""


async def keep_meaning(
    transcript: Transcript, *, sentences: Sentences, objects: Objects, prefix: str, report: Report
) -> Meant:
    """Rows of its segments, stored under ``prefix``; none where nothing is said in the model's language."""
    texts = texts_of(transcript)
    if not texts:
        return Meant()
    try:
        rows, model, compute_ms = await ask(sentences, texts, {}, lambda count: report(BEYOND + count))
    except NotAskedError as error:
        return Meant(warning=f"search: {error}, so what is said is found by its words, not by its meaning")
    ref = await objects.put(prefix, packed(rows), "application/octet-stream", SUFFIX)
    dimensions = len(next(iter(rows.values())))
    kept = SentenceRows(rows=ref, dimensions=dimensions, model=model, texts=len(rows))
    return Meant(rows=kept, compute_ms=compute_ms)
