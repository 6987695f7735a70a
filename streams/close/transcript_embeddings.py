"""Embed the sentences of a transcript once, for every later use. A failure leaves the words untouched."""

from __future__ import annotations

from core.infra.sentence_embeddings import SUFFIX, NotAskedError, ask, list_texts, pack_rows
from core.ports.models import Sentences
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import Value
from schemas.documents.transcript import SentenceRows, Transcript

REPORT_OFFSET_COUNT = 1_000_000
"""Added to the counter of texts: progress must grow beyond whatever the stage counted before."""


class StoredEmbeddings(Value, frozen=True, kw_only=True):
    """The stored rows, their compute time, and the warning for the project."""

    rows: SentenceRows | None = None
    compute_ms: int = 0
    warning: str = ""


async def store_transcript_embeddings(
    transcript: Transcript, *, sentences: Sentences, objects: Objects, prefix: str, report: Report
) -> StoredEmbeddings:
    """Embed the transcript's segments and store the rows under ``prefix``.

    No rows where nothing is in the model's language.
    """
    texts = list_texts(transcript)
    if not texts:
        return StoredEmbeddings()
    try:
        rows, model, compute_ms = await ask(sentences, texts, {}, lambda count: report(REPORT_OFFSET_COUNT + count))
    except NotAskedError as error:
        return StoredEmbeddings(warning=f"search: {error}, so what is said is found by its words, not by its meaning")
    ref = await objects.put(prefix, pack_rows(rows), "application/octet-stream", SUFFIX)
    dimensions = len(next(iter(rows.values())))
    sentence_rows = SentenceRows(rows=ref, dimensions=dimensions, model=model, texts=len(rows))
    return StoredEmbeddings(rows=sentence_rows, compute_ms=compute_ms)
