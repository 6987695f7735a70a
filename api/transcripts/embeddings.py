"""Sentence embeddings of a corrected transcript: kept where unchanged, else computed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from api.http.context import ApiContext
from api.http.operations import Call
from core.infra.sentence_embeddings import SUFFIX, NotAskedError, ask, digest, list_texts, pack_rows, read_rows
from schemas.documents.transcript import SentenceRows, Transcript

PATIENCE_S = 3.0


async def with_meaning(call: Call[Any, None], after: Transcript, identity: UUID) -> Transcript:
    """The transcript with embeddings of its sentences; changed ones have none while the model is away."""
    if after.meaning is None:
        return after
    prefix = f"{call.org_id}/{call.ids['project_id']}/meaning/{identity}"
    rows = await _update_rows(call.context, after, after.meaning, prefix)
    return msgspec.structs.replace(after, meaning=rows)


async def _update_rows(context: ApiContext, after: Transcript, stored: SentenceRows, prefix: str) -> SentenceRows:
    have = await read_rows(context.objects, stored)
    texts = list_texts(after)
    if all(digest(text) in have for text in texts):
        return stored
    try:
        computed, model, _ = await ask(context.sentences, texts, have, patience_s=PATIENCE_S)
    except NotAskedError:
        return stored  # the changed sentences are found by their words until the next correction
    digests = {digest(text) for text in texts}
    rows = {key: row for key, row in (have | computed).items() if key in digests}
    ref = await context.objects.put(prefix, pack_rows(rows), "application/octet-stream", SUFFIX)
    return SentenceRows(rows=ref, dimensions=stored.dimensions, model=model, texts=len(rows))
