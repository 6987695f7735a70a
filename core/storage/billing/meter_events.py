"""Rows of what is billed by use: by organisation, meter and hour, and how far their sending came.

Every entry of the ledger is billed: work of test keys writes none. ``_SUM_HOURS`` is the one statement that reads the
ledger for money.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from core.domain.billing.price_catalogue import MeterName
from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

MeterEventState = Literal["due", "sent", "held"]
_SUM_HOURS = """
select kind, date_trunc('hour', at, 'UTC') as hour, sum(quantity)::bigint as quantity, max(at) as last_at
from usage_entries where org_id = $1 and kind = any($2::text[]) and at >= $3 and at < $4
group by 1, 2 order by 2, 1
"""
_COUNTED = """
select meter, hour, sum(quantity)::bigint as quantity, max(part) as part from meter_events
where org_id = $1 and hour >= $2 group by 1, 2
"""
_DUE = """
select meter, hour, part, value, at, identifier, revision, amount, tries, first_tried_at, last_tried_at
from meter_events e where org_id = $1 and state = 'due' and next_try_at <= $2 and not exists (
  select 1 from meter_events b where b.org_id = e.org_id and b.meter = e.meter and b.hour = e.hour
    and b.part < e.part and b.state = 'due')
order by hour, meter
"""
"""A further part of an hour waits for the parts before it: a comparison must know what they were counted as."""
_BEGIN_TRY = """
update meter_events set tries = tries + 1, last_tried_at = $5, first_tried_at = coalesce(first_tried_at, $5)
where org_id = $1 and meter = $2 and hour = $3 and part = $4
"""
_END = """
update meter_events set state = $5, reason = $6 where org_id = $1 and meter = $2 and hour = $3 and part = $4
"""
_POSTPONE = """
update meter_events set next_try_at = $5, reason = $6, first_tried_at = $7
where org_id = $1 and meter = $2 and hour = $3 and part = $4
"""
_REVISE = """
update meter_events set identifier = $5, amount = $6, revision = revision + 1, first_tried_at = null,
  last_tried_at = null
where org_id = $1 and meter = $2 and hour = $3 and part = $4
"""
_SENT = """
select coalesce(sum(value) filter (where state = 'sent' and part <> $4), 0)::bigint as value,
  max(last_tried_at) as last_tried_at
from meter_events where org_id = $1 and meter = $2 and hour = $3
"""


class LedgerHour(Value, frozen=True, kw_only=True):
    """Sum of one kind of entries of the ledger in one hour."""

    kind: str
    hour: dt.datetime
    quantity: int
    last_at: dt.datetime
    """Time of the last entry."""


class MeterEvent(Value, frozen=True, kw_only=True):
    """A row that is due."""

    meter: MeterName
    hour: dt.datetime
    part: int
    value: int
    """Minutes or files that it stands for."""
    at: dt.datetime
    identifier: str
    revision: int
    amount: int
    """What is sent under the identifier."""
    tries: int
    first_tried_at: dt.datetime | None
    """First try of the identifier that may have been accepted."""
    last_tried_at: dt.datetime | None


class MeterBacklog(Value, frozen=True, kw_only=True):
    """Rows of all organisations that were not sent."""

    due: int
    oldest_at: dt.datetime | None
    """Time of the oldest use that is due."""
    held: int
    """Rows that are too old to be sent."""


async def list_uncounted(connection: Connection, closed: dt.datetime) -> Sequence[UUID]:
    """Organisations with hours before ``closed`` that are not counted."""
    rows = await connection.fetch(
        """select org_id from billing_accounts
           where metered_from < $1 and (counted_until is null or counted_until < $1)""",
        closed,
    )
    return [row["org_id"] for row in rows]


async def lock_counting(connection: Connection, org_id: UUID) -> tuple[dt.datetime, dt.datetime | None, int]:
    """When metering began, until when hours are counted, and the carried ms; for this transaction alone."""
    row = await connection.fetchrow(
        "select metered_from, counted_until, carried_ms from billing_accounts where org_id = $1 for update", org_id
    )
    return row["metered_from"], row["counted_until"], row["carried_ms"]


async def write_counting(connection: Connection, org_id: UUID, until: dt.datetime, carried_ms: int) -> None:
    """Note until when hours are counted, and the ms that are carried on."""
    await connection.execute(
        "update billing_accounts set counted_until = $2, carried_ms = $3 where org_id = $1", org_id, until, carried_ms
    )


async def sum_hours(
    connection: Connection, org_id: UUID, kinds: Sequence[str], since: dt.datetime, until: dt.datetime
) -> Sequence[LedgerHour]:
    """Sums of the ledger by hour and kind."""
    rows = await connection.fetch(_SUM_HOURS, org_id, kinds, since, until)
    return [LedgerHour(**dict(row)) for row in rows]


async def list_counted(
    connection: Connection, org_id: UUID, since: dt.datetime
) -> dict[tuple[str, dt.datetime], tuple[int, int]]:
    """(Meter, hour) → quantity that is counted, and the last part."""
    rows = await connection.fetch(_COUNTED, org_id, since)
    return {(row["meter"], row["hour"]): (row["quantity"], row["part"]) for row in rows}


async def add_meter_event(
    connection: Connection,
    org_id: UUID,
    meter: MeterName,
    hour: dt.datetime,
    part: int,
    *,
    quantity: int,
    value: int,
    at: dt.datetime,
    identifier: str,
    now: dt.datetime,
) -> None:
    """Add a row; one without value has nothing to send."""
    await connection.execute(
        """insert into meter_events (org_id, meter, hour, part, quantity, value, at, identifier, amount, state,
             next_try_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $6, $9, $10)""",
        org_id,
        meter,
        hour,
        part,
        quantity,
        value,
        at,
        identifier,
        "due" if value else "sent",
        now,
    )


async def list_senders(connection: Connection, now: dt.datetime, limit: int) -> Sequence[UUID]:
    """Organisations with rows that are due, those that waited longest first."""
    rows = await connection.fetch(
        """select org_id from meter_events where state = 'due' and next_try_at <= $1
           group by org_id order by min(next_try_at) limit $2""",
        now,
        limit,
    )
    return [row["org_id"] for row in rows]


async def list_due(connection: Connection, org_id: UUID, now: dt.datetime) -> Sequence[MeterEvent]:
    """Rows of an organisation that are due, the oldest hours first."""
    rows: Sequence[Row] = await connection.fetch(_DUE, org_id, now)
    return [MeterEvent(**dict(row)) for row in rows]


async def begin_try(connection: Connection, org_id: UUID, event: MeterEvent, now: dt.datetime) -> None:
    """Note a try before it is made: a process that dies in it leaves a row that may have been accepted."""
    await connection.execute(
        _BEGIN_TRY,
        *_key(org_id, event),
        now,
    )


async def end_meter_event(
    connection: Connection, org_id: UUID, event: MeterEvent, state: MeterEventState, reason: str = ""
) -> None:
    """Note that a row is sent, or is too old to be."""
    await connection.execute(
        _END,
        *_key(org_id, event),
        state,
        reason,
    )


async def postpone(
    connection: Connection,
    org_id: UUID,
    event: MeterEvent,
    until: dt.datetime,
    reason: str,
    *,
    first_tried_at: dt.datetime | None,
) -> None:
    """Try a row again later. ``first_tried_at``: of a try that may have been accepted; None: none was."""
    await connection.execute(
        _POSTPONE,
        *_key(org_id, event),
        until,
        reason,
        first_tried_at,
    )


async def revise(connection: Connection, org_id: UUID, event: MeterEvent, identifier: str, amount: int) -> None:
    """Send what was missing under a new identifier."""
    await connection.execute(
        _REVISE,
        *_key(org_id, event),
        identifier,
        amount,
    )


async def sum_sent(connection: Connection, org_id: UUID, event: MeterEvent) -> tuple[int, dt.datetime | None]:
    """Value of the other rows of the hour that were sent, and when the hour was last sent anything."""
    row = await connection.fetchrow(
        _SENT,
        *_key(org_id, event),
    )
    return row["value"], row["last_tried_at"]


async def read_backlog(connection: Connection) -> MeterBacklog:
    """What was not sent, of all organisations."""
    row = await connection.fetchrow(
        """select count(*) filter (where state = 'due')::int as due, min(at) filter (where state = 'due') as oldest_at,
             count(*) filter (where state = 'held')::int as held
           from meter_events where state in ('due', 'held')"""
    )
    return MeterBacklog(due=row["due"], oldest_at=row["oldest_at"], held=row["held"])


def _key(org_id: UUID, event: MeterEvent) -> tuple[UUID, str, dt.datetime, int]:
    return org_id, event.meter, event.hour, event.part
