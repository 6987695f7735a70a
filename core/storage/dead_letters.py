"""Rows of dead letters: messages that could not be worked on, with their bytes and the reason."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Collection, Mapping
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas import codec
from schemas.events import DeadLetter
from schemas.lanes import LANE_OF, attempt_input_id
from schemas.topics import BY_NAME

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
update attempts set state = 'free', tries = 0, starved = 0, lease_until = null, finished_at = null,
  waiting_since = null, last_error = 'replayed by an operator'
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
  (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload, lane, queue, input_id,
   waits)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text, $12, $13, $11::text is not null and not exists (
  select 1 from admissions p where p.org_id = $1 and p.input_id = $13 and p.stage = $3)) on conflict do nothing
"""
"""A letter that waits to be sent already is not sent twice; where its event has its place still, it does not wait."""


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


async def requeue(
    connection: Connection,
    letter: Row,
    emission: int,
    at: dt.datetime,
    *,
    without_headers: Collection[str] = (),
    queue: UUID | None = None,
) -> None:
    """Put the same bytes into the outbox for the same place, and mark the letter as replayed.

    An event of a lane waits there in its ``queue``, its organisation's if None. Bytes without a proven owner do not.
    """
    lane, input_id = _lane_of(letter)
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
        {name: value for name, value in letter["headers"].items() if name not in without_headers},
        letter["payload"],
        lane,
        (queue or letter["org_id"]) if lane else None,
        input_id,
    )
    await connection.execute("update dead_letters set replayed_at = $2 where dead_id = $1", letter["dead_id"], at)


def _lane_of(letter: Row) -> tuple[str | None, UUID | None]:
    """The lane that a letter's message takes to its stage, and the input id of its attempt there."""
    if letter["org_id"] is None:
        return None, None
    try:
        envelope, event = codec.decode(BY_NAME[letter["topic"]], letter["headers"], letter["payload"])
    except (codec.DecodeError, KeyError):
        return None, None
    lane = LANE_OF.get(type(event))
    if lane is None or letter["stage"] not in lane.stages:  # a sink's letter: the stages have done their part
        return None, None
    return lane.name, attempt_input_id(event, envelope.id)
