"""Rows of webhook messages: all that an organisation's endpoints could ask for, in one order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.infra.postgres.connection import Connection, Row

_NEXT_POSITION = """
insert into webhook_positions (org_id, position) values ($1, 1)
on conflict (org_id) do update set position = webhook_positions.position + 1 returning position
"""
"""Its row lock makes positions visible in their order: no reader passes one that is not committed yet."""
_INSERT = """
insert into webhook_messages (org_id, position, event_id, project_id, event_type, payload, created_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""
_LIST = """
select * from webhook_messages
where org_id = $1 and position > $2 and ($3::text[] is null or event_type = any($3)) order by position limit $4
"""
_OF_TIME = """
select m.* from webhook_messages m
where m.org_id = $1 and m.position > $2 and m.created_at >= $3 and ($4::timestamptz is null or m.created_at < $4)
  and m.event_type = any($5::text[])
  and not exists (select 1 from projects p where p.org_id = m.org_id and p.project_id = m.project_id
                  and p.state in ('cancelled', 'erased'))
order by m.position limit $6
"""
_LOCK_PROJECTS = """
select project_id from projects
where org_id = $1 and project_id = any($2::uuid[]) and state not in ('cancelled', 'erased')
order by project_id for share
"""
"""An erasure waits until what is made of its messages is committed, and removes it then."""


async def insert_message(
    connection: Connection,
    org_id: UUID,
    event_id: UUID,
    *,
    project_id: UUID | None,
    event_type: str,
    payload: bytes,
    at: dt.datetime,
) -> None:
    """Add a message; the same one again changes nothing."""
    position: int = await connection.fetchval(_NEXT_POSITION, org_id)
    await connection.execute(_INSERT, org_id, position, event_id, project_id, event_type, payload, at)


async def wait_for_writers(connection: Connection, org_id: UUID) -> None:
    """Wait until messages that are being written are committed; then end the transaction at once."""
    await connection.execute(_NEXT_POSITION, org_id)


async def read_last_position(connection: Connection, org_id: UUID) -> int:
    """Position of the newest message; 0 before the first."""
    position: int | None = await connection.fetchval("select position from webhook_positions where org_id = $1", org_id)
    return position or 0


async def list_message_rows(
    connection: Connection, org_id: UUID, *, after: int, event_types: Sequence[str] | None, limit: int
) -> list[Row]:
    """Messages behind a position, oldest first; of some types, or of all where None."""
    rows: list[Row] = await connection.fetch(_LIST, org_id, after, event_types, limit)
    return rows


async def list_rows_of_time(
    connection: Connection,
    org_id: UUID,
    *,
    after: int,
    since: dt.datetime,
    until: dt.datetime | None,
    event_types: Sequence[str],
    limit: int,
) -> list[Row]:
    """Messages of a time behind a position, oldest first, but of no cancelled or erased project."""
    rows: list[Row] = await connection.fetch(_OF_TIME, org_id, after, since, until, event_types, limit)
    return rows


async def lock_projects(connection: Connection, org_id: UUID, project_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the projects that may still be spoken of; they stay so until the transaction ends."""
    rows = await connection.fetch(_LOCK_PROJECTS, org_id, project_ids)
    return frozenset(row["project_id"] for row in rows)
