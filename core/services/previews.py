"""Transitions of previews that frame and preview share: plan, finish and fail one, forget old ones."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from core.services.project_lifecycle import count_on_demand
from schemas import events
from schemas.common import ObjectRef

MAX_KEPT_PREVIEWS = 50
"""Finished previews kept of a clip; the oldest are deleted beyond it."""
Request = events.PreviewRequested | events.PreviewPlanned
_DELETE_SURPLUS = """
delete from previews where org_id = $1 and clip_id = $2 and state <> 'waiting' and preview_id in (
  select preview_id from previews where org_id = $1 and clip_id = $2 order by created_at desc, preview_id offset $3)
"""


async def plan_preview(connection: Connection, request: events.PreviewRequested, plan: ObjectRef, cause: Cause) -> None:
    """Write the framing plan of a preview and request its picture."""
    await connection.execute(
        "update previews set plan = $3 where org_id = $1 and preview_id = $2", request.org_id, request.preview_id, plan
    )
    planned = events.PreviewPlanned(plan=plan, **msgspec.structs.asdict(request))
    await put(connection, planned, cause, name=str(request.preview_id))


async def end_preview(
    connection: Connection, request: events.PreviewPlanned, picture: ObjectRef, cause: Cause, *, cpu_ms: int
) -> None:
    """Write the finished picture and delete the clip's surplus previews."""
    await connection.execute(
        "update previews set state = 'done', picture = $3, finished_at = $4 where org_id = $1 and preview_id = $2",
        request.org_id,
        request.preview_id,
        picture,
        cause.now,
    )
    done = events.PreviewCompleted(picture=picture, **_preview_ids(request))
    await put(connection, done, cause, name=str(request.preview_id))
    await count_on_demand(connection, request.org_id, request.project_id, "preview", cause, cpu_ms=cpu_ms)
    await _delete_surplus(connection, request)


async def fail_preview(connection: Connection, request: Request, reason: str, detail: str, cause: Cause) -> None:
    """End a preview without a picture."""
    await connection.execute(
        """update previews set state = 'failed', failure_reason = $3, failure_detail = $4, finished_at = $5
           where org_id = $1 and preview_id = $2""",
        request.org_id,
        request.preview_id,
        reason,
        detail,
        cause.now,
    )
    failed = events.PreviewFailed(reason=reason, detail=detail, **_preview_ids(request))
    await put(connection, failed, cause, name=str(request.preview_id))
    await count_on_demand(connection, request.org_id, request.project_id, "preview", cause, failed=True)
    await _delete_surplus(connection, request)


async def _delete_surplus(connection: Connection, request: Request) -> None:
    await connection.execute(_DELETE_SURPLUS, request.org_id, request.clip_id, MAX_KEPT_PREVIEWS)
    await plan_project_sweep(connection, request.org_id, request.project_id, GRACE)


def _preview_ids(request: Request) -> dict[str, UUID]:
    names = ("org_id", "project_id", "clip_id", "preview_id")
    return {name: getattr(request, name) for name in names}
