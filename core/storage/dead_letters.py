"""Rows of dead letters: messages that could not be worked on, with their bytes and the reason."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas.events import DeadLetter

_INSERT = """
insert into dead_letters
  (dead_id, org_id, project_id, topic, partition, "offset", stage, reason, detail, headers, payload)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 where not exists (
  select 1 from projects where org_id = $2 and project_id = $3 and state = 'erased')
on conflict do nothing
"""
"""A letter about an erased project that comes late (by ``dead.v1``) is not kept."""
_LIST = """
select * from dead_letters
where ($1::text is null or stage = $1) and ($2::uuid is null or project_id = $2)
  and ($3::timestamptz is null or (created_at, dead_id) < ($3, $4::uuid))
order by created_at desc, dead_id desc limit $5
"""
_FREE_ATTEMPT = """
update attempts set state = 'free', tries = 0, lease_until = null, finished_at = null, waiting_since = null,
  last_error = 'replayed by an operator'
where org_id = $1 and stage = $2 and state in ('gave_up', 'free') and payload = $3
  and headers ->> 'ce_id' is not distinct from $4 returning fence
"""
_FIND_ATTEMPT = """
select input_id from attempts
where org_id = $1 and stage = $2 and state = 'gave_up' and payload = $3
  and headers ->> 'ce_id' is not distinct from $4
"""
_REQUEUE = """
insert into outbox
  (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
"""
"""A letter that waits to be sent already is not sent twice."""


async def insert_dead_letter(
    connection: Connection, letter: DeadLetter, *, detail: str, headers: Mapping[str, str]
) -> bool:
    """Write a letter, its texts as Postgres takes them; False where it is there already."""
    tag: str = await connection.execute(
        _INSERT,
        letter.dead_id,
        letter.org_id,
        letter.project_id,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.stage,
        letter.reason,
        detail,
        headers,
        base64.b64decode(letter.payload_base64),
    )
    return tag.endswith(" 1")


async def show_unowned(connection: Connection) -> None:
    """Show the operators' organisation the letters without an owner too, until the transaction ends."""
    await connection.execute("select set_config('app.admin', 'yes', true)")


async def find_dead_letter_row(connection: Connection, dead_id: UUID) -> Row | None:
    """One letter, or None."""
    return await connection.fetchrow("select * from dead_letters where dead_id = $1", dead_id)


async def list_dead_letter_rows(
    connection: Connection,
    *,
    stage: str | None,
    project_id: UUID | None,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Letters, newest first; ``after`` is creation time and id of the last one seen."""
    rows: list[Row] = await connection.fetch(_LIST, stage, project_id, *(after or (None, None)), limit)
    return rows


async def find_given_up_input(connection: Connection, letter: Row) -> UUID | None:
    """Input id of the given-up attempt at a letter's message, or None."""
    input_id: UUID | None = await connection.fetchval(
        _FIND_ATTEMPT, letter["org_id"], letter["stage"], letter["payload"], letter["headers"].get("ce_id")
    )
    return input_id


async def free_attempt(connection: Connection, letter: Row) -> int | None:
    """Make the given-up attempt at a letter's message claimable again.

    Returns:
        Its fence; None where the message never had an attempt.
    """
    fence: int | None = await connection.fetchval(
        _FREE_ATTEMPT, letter["org_id"], letter["stage"], letter["payload"], letter["headers"].get("ce_id")
    )
    return fence


async def requeue(connection: Connection, letter: Row, emission: int, at: dt.datetime) -> None:
    """Put the same bytes into the outbox for the same place, and mark the letter as replayed."""
    await connection.execute(
        _REQUEUE,
        letter["org_id"],
        letter["dead_id"],
        letter["stage"],
        emission,
        letter["project_id"],
        letter["topic"],
        str(letter["project_id"] or letter["dead_id"]),
        letter["partition"],
        letter["headers"],
        letter["payload"],
    )
    await connection.execute("update dead_letters set replayed_at = $2 where dead_id = $1", letter["dead_id"], at)
