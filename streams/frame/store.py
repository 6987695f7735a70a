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
    """The stored documents of a clip, and what they are of."""

    tracks: ObjectRef
    plans: Mapping[Aspect, ObjectRef]
    broken: Mapping[Aspect, Exception] = {}
    """Errors of aspects without a plan."""
    edit: ObjectRef | None
    source: ObjectRef
    index: ObjectRef


async def store_plans(connection: Connection, asked: Sequence[ExportTrigger], stored: StoredPlans, work: Work) -> None:
    """Write the rows of the exports of one request, and the event that has them rendered."""
    gone = await find_exports_in(
        connection, asked[0].org_id, [one.export_id for one in asked], ("rendering", "done", "cancelled")
    )
    asked = [one for one in asked if one.export_id not in gone]
    for one in asked:
        if one.rendition.aspect in stored.broken:
            await fail_export(
                connection, one, "frame", *failure_reason(stored.broken[one.rendition.aspect]), work.cause
            )
    asked = [one for one in asked if one.rendition.aspect in stored.plans]
    if not asked:
        return
    for one in asked:
        plan = stored.plans[one.rendition.aspect]
        await start_rendering(connection, one.org_id, one.export_id, plan=plan, edit=stored.edit)
    request = join_requests([render_request(one, stored) for one in asked])
    await put(connection, request, work.cause, name=str(request.export_id))
    cpu_ms = work.cpu_ms  # all of them are framed from one look
    for one in asked:
        if await is_automatic(connection, one.org_id, one.export_id):
            await project_lifecycle.end_part(connection, one.org_id, one.project_id, "frame", work.cause, cpu_ms=cpu_ms)
            cpu_ms = 0


def render_request(asked: ExportTrigger, stored: StoredPlans) -> events.RenderRequested:
    """Build the render request of one export."""
    return events.RenderRequested(
        **owner_of(asked),
        rendition=asked.rendition,
        plan=stored.plans[asked.rendition.aspect],
        source=stored.source,
        index=stored.index,
        edit=stored.edit,
    )
