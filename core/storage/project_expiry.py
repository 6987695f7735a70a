"""Rows of ended projects by their expiry. When a project expires is core.domain.project_expiry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from core.infra.postgres.connection import Connection
from schemas.common import Value


class ExpiringProject(Value, frozen=True, kw_only=True):
    """A project about which something is to be done."""

    org_id: UUID
    project_id: UUID


_LIST = """
with kept as (
  select o.org_id, make_interval(secs => plans.days * 86400) as lasts from orgs o
  join unnest($1::text[], $2::float8[]) as plans (plan, days)
    on plans.plan = case when o.plan = any($1) then o.plan else $3 end),
due as (
  select p.org_id, p.project_id, p.finished_at from kept join projects p on p.org_id = kept.org_id
  where p.state in ('completed', 'failed', 'cancelled') and p.finished_at <= $4::timestamptz + $5::interval - kept.lasts
    and (p.announced_expiry is null
         or p.announced_expiry <= $4::timestamptz and p.finished_at <= $4::timestamptz - kept.lasts)),
withdrawn as (
  select p.org_id, p.project_id, p.finished_at from projects p join kept on kept.org_id = p.org_id
  where p.state in ('completed', 'failed', 'cancelled') and p.announced_expiry is not null
    and (kept.lasts is null or p.finished_at > $4::timestamptz + $5::interval - kept.lasts))
select org_id, project_id from (select * from due union all select * from withdrawn) as listed
order by finished_at, project_id limit $6
"""
"""Intervals in seconds: days of an interval follow the session's time zone."""


async def list_expiring_projects(
    connection: Connection,
    days_of_plans: Mapping[str, float | None],
    default_plan: str,
    *,
    now: dt.datetime,
    notice: dt.timedelta,
    limit: int,
) -> Sequence[ExpiringProject]:
    """Projects whose end, or the notice of it, is due, or was taken back; the oldest first.

    Of all organisations: the role must see them. ``days_of_plans``: by plan, None where projects are kept without end.
    """
    rows = await connection.fetch(
        _LIST,
        list(days_of_plans),
        list(days_of_plans.values()),
        default_plan,
        now,
        notice,
        limit,
    )
    return [ExpiringProject(**dict(row)) for row in rows]


async def write_announced_expiry(
    connection: Connection, org_id: UUID, project_id: UUID, expires_at: dt.datetime | None
) -> None:
    """Write the date that a notice named; None takes it back."""
    await connection.execute(
        "update projects set announced_expiry = $3 where org_id = $1 and project_id = $2",
        org_id,
        project_id,
        expires_at,
    )
