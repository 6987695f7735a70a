"""Dead letters: store a message that could not be worked on, with its bytes and the reason."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from uuid import UUID

from core.errors import InputRejected
from core.infra.kafka.message import Message, printable
from core.infra.postgres.connection import Connection, Pool, org_transaction, transaction
from core.infra.postgres.outbox import Cause, put
from core.storage.dead_letters import insert_dead_letter
from schemas import codec, events
from schemas.ids import result_id

MAX_BYTES = 500_000
"""Bytes kept of any other message: in base64 the letter stays below the topic's message limit."""
MAX_UPLOAD_BYTES = codec.MAX_PAYLOAD_BYTES
"""Bytes kept of an upload message, which outsiders write: no valid one is longer."""
MAX_HEADER_CHARACTERS = 30_000
"""Characters kept of all headers: more than a decodable message has, and a letter stays below its own limit."""
MAX_DETAIL_CHARACTERS = 2_000
CUSTOMER_SENTENCES = {
    "bug": "Something went wrong on our side; it has been reported.",
    "retries.exhausted": "It was tried several times and never came to an end; this has been reported.",
    "retries.exhausted/processor": "It did not come to an end in its time, however often it was tried.",
    "retries.exhausted/outside": "The server of the given URL did not send the file, however often it was asked.",
}
"""Sentences for a customer about an attempt that was given up.

The technical text is for operators: it stays in the letter and in the attempt's row, because this sentence goes on to
topics that are kept for ever.
"""


def failure_reason(error: Exception) -> tuple[str, str]:
    """Reason and sentence for one output that failed while others of the same event did not."""
    return (error.reason, error.detail) if isinstance(error, InputRejected) else ("bug", CUSTOMER_SENTENCES["bug"])


def customer_sentence(reason: str, part: str = "") -> str:
    """The sentence for a customer; ``part`` names the part that did not answer, if that is the cause."""
    return CUSTOMER_SENTENCES.get(f"{reason}/{part}", CUSTOMER_SENTENCES[reason])


def letter_of(
    message: Message, *, dead_id: UUID, stage: str, reason: str, detail: str, owner: tuple[UUID, UUID] | None
) -> events.DeadLetter:
    """The letter about a message: text that stores refuse is replaced, headers and payload are cut."""
    org_id, project_id = owner or (None, None)
    max_bytes = MAX_UPLOAD_BYTES if message.topic == "uploads.v1" else MAX_BYTES
    return events.DeadLetter(
        dead_id=dead_id,
        org_id=org_id,
        project_id=project_id,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        stage=stage,
        reason=reason,
        detail=printable(detail)[:MAX_DETAIL_CHARACTERS],
        headers=_cut(message.headers),
        payload_base64=base64.b64encode(message.payload[:max_bytes]).decode(),
    )


def _cut(headers: Mapping[str, str]) -> dict[str, str]:
    cut_headers: dict[str, str] = {}
    left_characters = MAX_HEADER_CHARACTERS
    for name, value in headers.items():
        cut_headers[printable(name)[:left_characters]] = printable(value)[: max(0, left_characters - len(name))]
        left_characters -= len(name) + len(value)
        if left_characters <= 0:
            break
    return cut_headers


async def record(
    connection: Connection,
    message: Message,
    stage: str,
    reason: str,
    detail: str,
    cause: Cause,
    owner: tuple[UUID, UUID] | None,
) -> bool:
    """Write a dead letter to its table and to ``dead.v1``; False if the table has it already."""
    place = f"{message.topic}/{message.partition}/{message.offset}/{stage}"
    dead_id = result_id(cause.input_id, "dead", place)
    letter = letter_of(message, dead_id=dead_id, stage=stage, reason=reason, detail=detail, owner=owner)
    is_new = await _insert(connection, letter)
    await put(connection, letter, cause, event_id=dead_id)
    return is_new


async def keep(pool: Pool, letter: events.DeadLetter) -> None:
    """Write a letter from ``dead.v1`` to its table, unless it is there already."""
    if letter.org_id is None:
        async with transaction(pool) as connection:
            await _insert(connection, letter)
        return
    async with org_transaction(pool, letter.org_id) as connection:
        await _insert(connection, letter)


async def _insert(connection: Connection, letter: events.DeadLetter) -> bool:
    return await insert_dead_letter(connection, letter, detail=printable(letter.detail), headers=_cut(letter.headers))
