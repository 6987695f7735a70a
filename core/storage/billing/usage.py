"""Rows of the usage ledger: what was done, written in the transaction that did it, and never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from core.storage.notifications.outbox import insert_notification
from schemas.common import Value
from schemas.ids import result_id
from schemas.notifications import QUOTA_CHECK

UsageKind = Literal["source_ms", "export_ms", "exports", "stored_bytes", "freed_bytes"]
_INSERT = """
insert into usage_entries (org_id, entry_id, kind, quantity, project_id, at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_IS_TEST = """
select exists (select 1 from projects where org_id = $1 and project_id = $2 and test)
  or exists (select 1 from exports where org_id = $1 and export_id = $3 and test)
"""
_FREE = """
insert into usage_entries (org_id, entry_id, kind, quantity, project_id, at)
select $1, $2, 'freed_bytes', -sum(quantity), $2, $3 from usage_entries
where org_id = $1 and project_id = $2 and kind = 'stored_bytes' having sum(quantity) > 0
on conflict do nothing
"""
_SUM = """
select {group} as key, kind, sum(quantity)::bigint as quantity from usage_entries
where org_id = $1 and at >= $2 and at < $3
group by 1, 2 order by 1, 2
"""
_GROUPS = {"day": "(at at time zone 'UTC')::date::text", "project": "project_id::text", "kind": "kind"}
Group = Literal["day", "project", "kind"]


class Used(Value, frozen=True, kw_only=True):
    """What an organisation has used, with what is at work."""

    source_ms: int
    """Length of recordings of this month, completed or at work."""
    exports: int
    """Exports of this month, done or being made."""
    stored_bytes: int
    """Bytes that are kept."""
    running_projects: int
    """Projects at work."""


async def add_usage(
    connection: Connection,
    org_id: UUID,
    entry_id: UUID,
    kind: UsageKind,
    quantity: int,
    *,
    project_id: UUID,
    at: dt.datetime,
) -> None:
    """Add what a project or export used, once for an entry and kind; the relay then looks at the limits.

    What a test key made is never billed, and leaves no row.
    """
    if await connection.fetchval(_IS_TEST, org_id, project_id, entry_id):
        return
    tag = await connection.execute(_INSERT, org_id, entry_id, kind, quantity, project_id, at)
    if tag == "INSERT 0 1":
        check_id = result_id(entry_id, QUOTA_CHECK, kind)
        await insert_notification(connection, check_id, kind=QUOTA_CHECK, at=at, org_id=org_id)


async def add_source_usage(connection: Connection, project: Row, at: dt.datetime) -> None:
    """Add the length of a completed project's recording."""
    org_id, project_id = project["org_id"], project["project_id"]
    length_ms = project["duration_ms"] or 0
    await add_usage(connection, org_id, project_id, "source_ms", length_ms, project_id=project_id, at=at)


async def free_storage(connection: Connection, org_id: UUID, project_id: UUID, at: dt.datetime) -> None:
    """Give back the bytes of a project whose objects were removed."""
    await connection.execute(_FREE, org_id, project_id, at)


async def sum_usage(
    connection: Connection, org_id: UUID, since: dt.datetime, until: dt.datetime, group: Group
) -> Sequence[Row]:
    """Sums by key and kind, in the order of both: ``key`` is a day, a project's id or the kind."""
    rows: Sequence[Row] = await connection.fetch(_SUM.format(group=_GROUPS[group]), org_id, since, until)
    return rows


async def read_used(connection: Connection, org_id: UUID, since: dt.datetime, *, but: UUID | None = None) -> Used:
    """What was used since a month began; what is at work counts as used until it fails or is cancelled.

    ``but``: a project at work that is left out.
    """
    row = await connection.fetchrow(
        """select
             coalesce(sum(quantity) filter (where kind = 'source_ms' and at >= $2), 0)::bigint as source_ms,
             coalesce(sum(quantity) filter (where kind = 'exports' and at >= $2), 0)::bigint as exports,
             coalesce(sum(quantity) filter (where kind in ('stored_bytes', 'freed_bytes')), 0)::bigint as stored_bytes
           from usage_entries where org_id = $1""",
        org_id,
        since,
    )
    work = await connection.fetchrow(
        """select count(*)::int as projects,
             coalesce(sum(duration_ms) filter (where not test), 0)::bigint as source_ms
           from projects where org_id = $1 and state in ('queued', 'running') and project_id is distinct from $2""",
        org_id,
        but,
    )
    exports = await connection.fetchval(
        "select count(*) from exports where org_id = $1 and state in ('waiting', 'rendering') and not test", org_id
    )
    return Used(
        source_ms=row["source_ms"] + work["source_ms"],
        exports=row["exports"] + exports,
        stored_bytes=row["stored_bytes"],
        running_projects=work["projects"],
    )
