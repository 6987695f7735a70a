"""Rows of what needs somebody's attention: what failed lately, and endpoints that were disabled."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import Value

_FAILED = """
(select project_id, null::uuid as export_id, null::uuid as clip_id, title, failure_detail as detail,
   finished_at as since
 from projects where org_id = $1 and state = 'failed' and finished_at > $2 order by finished_at desc limit $3)
union all
(select e.project_id, e.export_id, e.clip_id, coalesce(nullif(e.title, ''), c.title), e.failure_detail, e.finished_at
 from exports e join clips c using (org_id, clip_id)
   join projects p on (p.org_id, p.project_id) = (e.org_id, e.project_id)
 where e.org_id = $1 and e.state = 'failed' and e.finished_at > $2 and p.state not in ('failed', 'erased')
 order by e.finished_at desc limit $3)
"""
_DISABLED = """
select endpoint_id, url, disabled_at as since, disabled_reason as reason from webhook_endpoints
where org_id = $1 and disabled_at is not null order by disabled_at desc limit $2
"""


class FailedWork(Value, frozen=True, kw_only=True):
    """A project, or an export of one that did not fail itself, that has no result."""

    project_id: UUID
    export_id: UUID | None
    """None: the project itself failed."""
    clip_id: UUID | None
    title: str
    detail: str | None
    since: dt.datetime


class DisabledEndpoint(Value, frozen=True, kw_only=True):
    """A webhook endpoint that gets nothing any more."""

    endpoint_id: UUID
    url: str
    since: dt.datetime
    reason: str | None


async def list_failed_work(connection: Connection, org_id: UUID, after: dt.datetime, *, limit: int) -> list[FailedWork]:
    """Projects and exports that failed after a time, at most ``limit`` of each, the newest first."""
    rows = await connection.fetch(_FAILED, org_id, after, limit)
    return [msgspec.convert(dict(row), FailedWork) for row in rows]


async def list_disabled_endpoints(connection: Connection, org_id: UUID, *, limit: int) -> list[DisabledEndpoint]:
    """Webhook endpoints that were disabled, the newest first."""
    rows = await connection.fetch(_DISABLED, org_id, limit)
    return [msgspec.convert(dict(row), DisabledEndpoint) for row in rows]
