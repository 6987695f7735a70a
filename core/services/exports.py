"""The rows of exports, as frame and render share them: read one, end one. Never encodes anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.errors import Rejected
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.services.export_groups import apart
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from schemas import events
from schemas.common import ObjectRef
from schemas.stages import EXPORT_STAGES, remaining_export_stages

Request = events.ClipSelected | events.ExportRequested | events.RenderRequested
OWNER = ("org_id", "project_id", "clip_id", "export_id", "ordinal")


def owner_of(event: Request | events.ReplayRequested) -> dict[str, Any]:
    """Which export of which clip an event is about, as another event of it says so."""
    return {name: getattr(event, name) for name in OWNER}


async def read_export(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """An export with its project's source."""
    return await connection.fetchrow(
        """select e.*, p.source, p.source_index from exports e join projects p using (org_id, project_id)
           where e.org_id = $1 and e.export_id = $2""",
        org_id,
        export_id,
    )


async def pinned_transcript(
    connection: Connection, org_id: UUID, project_id: UUID, version: int | None
) -> ObjectRef | None:
    """The transcript that an export was asked for with; None where there was none.

    Without a version (older events) the newest. Raises Rejected where the version is gone.
    """
    if version == 0:
        return None
    found = await connection.fetchval(
        """select object from transcripts where org_id = $1 and project_id = $2 and ($3::int is null or version = $3)
           order by version desc limit 1""",
        org_id,
        project_id,
        version,
    )
    if found is None and version is not None:
        raise Rejected("transcript.unknown", f"There is no version {version} of the transcript any more.")
    return project_lifecycle.ref_of(found) if found else None


async def is_automatic(connection: Connection, org_id: UUID, export_id: UUID) -> bool:
    """Whether the export came with its clip; only those count for the project's stages and end."""
    return bool(
        await connection.fetchval(
            "select automatic from exports where org_id = $1 and export_id = $2", org_id, export_id
        )
    )


async def is_done(connection: Connection, org_id: UUID, export_id: UUID) -> bool:
    """Whether the export has its files."""
    state = await connection.fetchval(
        "select state from exports where org_id = $1 and export_id = $2", org_id, export_id
    )
    return bool(state == "done")


def exports_of(event: events.AnyEvent) -> list[UUID]:
    """The exports that an event asks to be framed or made; none where it asks for something else."""
    return [one.export_id for one in apart(event)] if isinstance(event, Request) else []


async def cancelled_among(connection: Connection, org_id: UUID, export_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these exports that somebody has cancelled."""
    found = await connection.fetch(
        "select export_id from exports where org_id = $1 and export_id = any($2::uuid[]) and state = 'cancelled'",
        org_id,
        list(export_ids),
    )
    return {row["export_id"] for row in found}


async def is_unwanted(connection: Connection, event: events.AnyEvent) -> bool:
    """Whether each export that an event asks for was cancelled. Whoever asks holds the project, or asks again."""
    wanted = exports_of(event)
    if not wanted or event.org_id is None:
        return False
    return await cancelled_among(connection, event.org_id, wanted) == set(wanted)


async def cancel_export(connection: Connection, row: Row, cause: Cause) -> None:
    """End an export that waits or is being made; whoever works on it alone loses the lease. The project is locked."""
    owner = {name: row[name] for name in OWNER}
    await connection.execute(
        "update exports set state = 'cancelled', finished_at = $3 where org_id = $1 and export_id = $2",
        row["org_id"],
        row["export_id"],
        cause.now,
    )
    await put(connection, events.ExportCancelled(**owner), cause, name=str(row["export_id"]))
    if row["automatic"]:
        for ended in EXPORT_STAGES if row["state"] == "waiting" else remaining_export_stages("render"):
            await project_lifecycle.end_part(connection, row["org_id"], row["project_id"], ended, cause)
        await project_lifecycle.settle(connection, row["org_id"], row["project_id"], cause)
    else:
        await plan_project_sweep(connection, row["org_id"], row["project_id"], GRACE)


async def count_unfinished(connection: Connection, request: events.RenderRequested) -> int:
    """How many exports of the project are still to be made, or being made, beside those of the request."""
    return int(
        await connection.fetchval(
            """select count(*) from exports where org_id = $1 and project_id = $2 and export_id <> all($3::uuid[])
               and state in ('waiting', 'rendering')""",
            request.org_id,
            request.project_id,
            [one.export_id for one in apart(request)],
        )
    )


async def fail_export(
    connection: Connection, request: Request, stage: str, reason: str, detail: str, cause: Cause
) -> None:
    """End an export without a file; where it was automatic, count it and see whether that ends the project.

    One that was cancelled has ended already, and is told and counted as that.
    """
    failing = await connection.fetchval(
        """update exports set state = 'failed', failure_reason = $3, failure_detail = $4, finished_at = $5
           where org_id = $1 and export_id = $2 and state <> 'cancelled' returning 1""",
        request.org_id,
        request.export_id,
        reason,
        detail,
        cause.now,
    )
    if not failing:
        return
    failed = events.ExportFailed(reason=reason, detail=detail, **owner_of(request))
    await put(connection, failed, cause, name=str(request.export_id))
    if await is_automatic(connection, request.org_id, request.export_id):
        for ended in remaining_export_stages(stage):
            await project_lifecycle.end_part(connection, request.org_id, request.project_id, ended, cause, failed=True)
        await project_lifecycle.settle(connection, request.org_id, request.project_id, cause)
    else:
        await plan_project_sweep(connection, request.org_id, request.project_id, GRACE)
