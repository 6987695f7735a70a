"""Answers of a job in the object store, for which a second attempt does not pay again."""

from __future__ import annotations

import msgspec

from core.ports.stores import Objects
from schemas.documents import encode_document
from streams.detect.judging.judge import KeptAnswers

NAME = "answers.json"
"""Name of the object under its job's prefix; unlike other keys it is known before its bytes are."""


async def read_kept(objects: Objects, prefix: str) -> KeptAnswers:
    """Read the answers of earlier attempts; none where nothing usable is there. Raises Unavailable."""
    key = f"{prefix}/{NAME}"
    try:
        return msgspec.json.decode(await objects.read_range(key, 0, await objects.size(key)), type=KeptAnswers)
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError):
        return KeptAnswers()


async def keep_answers(objects: Objects, prefix: str, answers: KeptAnswers) -> None:
    """Keep the answers so far, in place of those before.

    No row names the objects: the sweep of orphans removes them.
    """
    ref = await objects.put(prefix, encode_document(answers), "application/json", ".json")
    await objects.copy(ref.key, f"{prefix}/{NAME}")
