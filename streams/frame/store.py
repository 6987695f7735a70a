"""Stores the plans of exports: their rows, and one RenderRequested for all of them.

An aspect without a plan fails alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import put
from core.services import project_lifecycle
from core.services.export_groups import join_requests
from core.services.exports import fail_export, find_exports_in, is_automatic, owner_of
from core.storage.exports import start_rendering
from schemas import events
from schemas.common import Aspect, ObjectRef
from streams.runtime.dead_letters import failure_reason
from streams.runtime.stage import Work

ExportTrigger = events.ClipSelected | events.ExportRequested


class StoredPlans(msgspec.Struct, frozen=True, kw_only=True):
    """The stored documents of a clip, and the source and index that they belong to."""

    tracks: ObjectRef
    plans: Mapping[Aspect, ObjectRef]
    broken: Mapping[Aspect, Exception] = {}
    """Errors of aspects without a plan."""
    edit: ObjectRef | None
    source: ObjectRef
    index: ObjectRef


async def store_plans(
    connection: Connection, requests: Sequence[ExportTrigger], stored: StoredPlans, work: Work
) -> None:
    """Write the rows of the exports of one request, and the event that has them rendered."""
    framed = await find_exports_in(
        connection, requests[0].org_id, [request.export_id for request in requests], ("rendering", "done", "cancelled")
    )
    requests = [request for request in requests if request.export_id not in framed]
    for request in requests:
        if request.rendition.aspect in stored.broken:
            await fail_export(
                connection, request, "frame", *failure_reason(stored.broken[request.rendition.aspect]), work.cause
            )
    requests = [request for request in requests if request.rendition.aspect in stored.plans]
    if not requests:
        return
    for request in requests:
        plan = stored.plans[request.rendition.aspect]
        await start_rendering(connection, request.org_id, request.export_id, plan=plan, edit=stored.edit)
    render = join_requests([render_request(request, stored) for request in requests])
    await put(connection, render, work.cause, name=str(render.export_id))
    cpu_ms = work.cpu_ms  # all of them are framed from one look
    for request in requests:
        if await is_automatic(connection, request.org_id, request.export_id):
            await project_lifecycle.end_part(
                connection, request.org_id, request.project_id, "frame", work.cause, cpu_ms=cpu_ms
            )
            cpu_ms = 0


def render_request(request: ExportTrigger, stored: StoredPlans) -> events.RenderRequested:
    """Build the render request of one export."""
    return events.RenderRequested(
        **owner_of(request),
        rendition=request.rendition,
        plan=stored.plans[request.rendition.aspect],
        source=stored.source,
        index=stored.index,
        edit=stored.edit,
    )
