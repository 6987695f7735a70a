"""The relay's side of the outbox: which rows are due, sent, or set aside. Runs as the relay's role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from core.infra.postgres.connection import Connection, Row

_LOCK_ID = 0x636C6970
"""Advisory lock of shard 0 of the outbox."""
_DUE = """
select seq, org_id, topic, key, partition, headers, payload,
  extract(epoch from clock_timestamp() - coalesce(admitted_at, due_at))::float8 as waited_s from outbox
where published_at is null and not waits and due_at <= coalesce($2, now()) order by due_at, seq limit $1
"""
_BACKLOG = """
select count(*) as due, coalesce(extract(epoch from now() - min(due_at)), 0)::float8 as oldest_s from outbox
where published_at is null and not waits and due_at <= now()
"""
_ASIDE = "1 hour"
"""Pause before a row that cannot be sent is tried again: an operator may have changed the broker's limits."""


_SET_ASIDE = """
with aside as (
  update outbox set due_at = now() + $2::text::interval, waits = lane is not null
  where seq = any($1::bigint[]) returning org_id, input_id, for_stage)
delete from admissions a using aside
where a.org_id = aside.org_id and a.input_id = aside.input_id and aside.for_stage in ('', a.stage)
"""
"""Their places are for others meanwhile."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that may be sent and are not."""

    due: int
    oldest_s: float
    """How long the oldest row has been due; 0 where none is."""


async def try_lock_outbox(connection: Connection) -> bool:
    """Become the one relay for as long as the connection lasts; False where another one is."""
    locked: bool = await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK_ID)
    return locked


async def list_due_rows(connection: Connection, limit: int, now: dt.datetime | None = None) -> list[Row]:
    """Rows that are due, admitted and not sent, in the order in which they are sent.

    ``now`` is Postgres's own time if None.
    """
    rows: list[Row] = await connection.fetch(_DUE, limit, now)
    return rows


async def read_backlog(connection: Connection) -> Backlog:
    """The rows that are due and not sent; a row that waits for a place is none of them."""
    return Backlog(**await connection.fetchrow(_BACKLOG))


async def mark_sent(connection: Connection, seqs: Sequence[int]) -> None:
    """Write that Kafka acknowledged these rows."""
    await connection.execute("update outbox set published_at = now() where seq = any($1::bigint[])", list(seqs))


async def set_aside(connection: Connection, seqs: Sequence[int]) -> None:
    """Make rows that cannot be sent due much later, so that others do not wait behind them."""
    await connection.execute(_SET_ASIDE, list(seqs), _ASIDE)
