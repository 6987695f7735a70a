"""Transitions of proxies that the API and transcode share: ask for one, end one, fail one."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from core.services.project_lifecycle import count_on_demand
from schemas import events
from schemas.documents.source import Playback, ProxyFile

LOST_AFTER = dt.timedelta(hours=24)
"""Time after which a request that nothing came of is made again."""
AGAIN_AFTER = dt.timedelta(hours=1)
"""Time after which a proxy that failed through no fault of the file is made again, if somebody asks."""
OF_THE_FILE = "media."
"""What the reasons begin with that are a file's own: another try would fail again."""
_REQUEST = """
insert into source_media (org_id, project_id, state, requested_at) values ($1, $2, 'waiting', $3)
on conflict (org_id, project_id) do update set state = 'waiting', requested_at = excluded.requested_at,
  failure_reason = null, failure_detail = null, finished_at = null
where source_media.state = 'unmade'
  or (source_media.state = 'waiting' and source_media.requested_at < $3 - $4::interval)
  or (source_media.state = 'failed' and source_media.finished_at < $3 - $5::interval
      and not starts_with(source_media.failure_reason, $6))
returning 1
"""
_END = """
update source_media set state = $3, playback = $4, proxy = $5, finished_at = $6, failure_reason = null,
  failure_detail = null
where org_id = $1 and project_id = $2
"""
_FAIL = """
update source_media set state = 'failed', failure_reason = $3, failure_detail = $4, finished_at = $5
where org_id = $1 and project_id = $2
"""
_REVIVE = """
update source_media set state = 'waiting', failure_reason = null, failure_detail = null, finished_at = null
where org_id = $1 and project_id = $2 and state = 'failed'
"""


async def request_proxy(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> bool:
    """Ask for the proxy of an ended project; False where it is there or waits, or would fail again."""
    is_requested = await connection.fetchval(
        _REQUEST, org_id, project_id, cause.now, LOST_AFTER, AGAIN_AFTER, OF_THE_FILE
    )
    if is_requested is None:
        return False
    await put(connection, events.ProxyRequested(org_id=org_id, project_id=project_id), cause, name=str(cause.now))
    return True


async def end_proxy(
    connection: Connection,
    request: events.ProxyRequested,
    playback: Playback,
    proxy: ProxyFile | None,
    cause: Cause,
    *,
    cpu_ms: int,
) -> None:
    """Write the finished proxy; None where the source itself plays smoothly."""
    owner = (request.org_id, request.project_id)
    await connection.execute(_END, *owner, "done" if proxy else "source", playback, proxy, cause.now)
    file = proxy.file if proxy else None
    await put(connection, events.ProxyCompleted(org_id=owner[0], project_id=owner[1], proxy=file), cause)
    await count_on_demand(connection, *owner, "transcode", cause, cpu_ms=cpu_ms)
    await plan_project_sweep(connection, *owner, GRACE)


async def fail_proxy(
    connection: Connection, request: events.ProxyRequested, reason: str, detail: str, cause: Cause
) -> None:
    """End a request without a proxy."""
    owner = (request.org_id, request.project_id)
    await connection.execute(_FAIL, *owner, reason, detail, cause.now)
    failed = events.ProxyFailed(org_id=owner[0], project_id=owner[1], reason=reason, detail=detail)
    await put(connection, failed, cause)
    await count_on_demand(connection, *owner, "transcode", cause, failed=True)


async def revive_proxy(connection: Connection, org_id: UUID, project_id: UUID) -> None:
    """Let a failed proxy wait again."""
    await connection.execute(_REVIVE, org_id, project_id)
