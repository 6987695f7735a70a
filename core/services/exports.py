"""Transitions of exports that several stages share: read, lock, relabel, cancel and fail one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.domain.project_states import GONE_PROJECT_STATES, ExportState
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import Cause, next_version, put, put_project_event
from core.services import project_lifecycle
from core.services.export_groups import split_exports
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from core.storage import exports
from core.storage.clips import find_clip_row, lock_clip_id
from core.storage.notifications.happenings import tell_export_failed
from schemas import events
from schemas.common import ObjectRef
from schemas.metadata import decode_metadata
from schemas.stages import EXPORT_STAGES, remaining_export_stages

Request = events.ClipSelected | events.ExportRequested | events.RenderRequested
OWNER = ("org_id", "project_id", "clip_id", "export_id", "ordinal")


def owner_of(event: Request | events.ReplayRequested) -> dict[str, Any]:
    """Fields that say which export of which clip an event is about."""
    return {name: getattr(event, name) for name in OWNER}


async def read_export(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """Read an export with its project's source; None if there is no such export."""
    return await connection.fetchrow(
        """select e.*, p.source, p.source_index from exports e join projects p using (org_id, project_id)
           where e.org_id = $1 and e.export_id = $2""",
        org_id,
        export_id,
    )


async def find_pinned_transcript(
    connection: Connection, org_id: UUID, project_id: UUID, version: int | None
) -> ObjectRef | None:
    """Find the transcript version that an export was requested with; None if it has no transcript.

    Args:
        version: None in older events: the newest; 0: no transcript.

    Raises:
        InputRejected: The version no longer exists.
    """
    if version == 0:
        return None
    reference = await connection.fetchval(
        """select object from transcripts where org_id = $1 and project_id = $2 and ($3::int is null or version = $3)
           order by version desc limit 1""",
        org_id,
        project_id,
        version,
    )
    # Without a pinned version there may be no transcript at all: the clip is then made without captions.
    if reference is None and version is not None:
        raise InputRejected("transcript.unknown", f"There is no version {version} of the transcript any more.")
    return project_lifecycle.ref_of(reference) if reference else None


async def is_automatic(connection: Connection, org_id: UUID, export_id: UUID) -> bool:
    """Whether the export came with its clip. Only those count for the project's stages and end."""
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


def requested_exports(event: events.AnyEvent) -> list[UUID]:
    """Ids of the exports that an event requests; empty for other events."""
    return [request.export_id for request in split_exports(event)] if isinstance(event, Request) else []


async def find_exports_in(
    connection: Connection, org_id: UUID, export_ids: Sequence[UUID], states: Sequence[ExportState]
) -> set[UUID]:
    """Find those among some exports that are in one of the states."""
    rows = await connection.fetch(
        "select export_id from exports where org_id = $1 and export_id = any($2::uuid[]) and state = any($3::text[])",
        org_id,
        list(export_ids),
        list(states),
    )
    return {row["export_id"] for row in rows}


async def is_all_cancelled(connection: Connection, event: events.AnyEvent) -> bool:
    """Whether all exports that an event requests were cancelled.

    The answer is final only while the project is locked.
    """
    export_ids = requested_exports(event)
    # Two empty sets are equal: an event without exports would count as cancelled.
    if not export_ids or event.org_id is None:
        return False
    return await find_exports_in(connection, event.org_id, export_ids, ("cancelled",)) == set(export_ids)


async def cancel_export(connection: Connection, row: Row, cause: Cause) -> None:
    """Cancel an export that waits or is being rendered. The caller has locked the project.

    A worker that renders this export alone loses its lease.
    """
    owner = {name: row[name] for name in OWNER}
    await connection.execute(
        "update exports set state = 'cancelled', finished_at = $3 where org_id = $1 and export_id = $2",
        row["org_id"],
        row["export_id"],
        cause.now,
    )
    await put(connection, events.ExportCancelled(**owner), cause, name=str(row["export_id"]))
    if row["automatic"]:
        # One that is being rendered was framed, and counted there, already.
        for ended_stage in EXPORT_STAGES if row["state"] == "waiting" else remaining_export_stages("render"):
            await project_lifecycle.end_part(connection, row["org_id"], row["project_id"], ended_stage, cause)
        await project_lifecycle.settle_project(connection, row["org_id"], row["project_id"], cause)
    else:
        await plan_project_sweep(connection, row["org_id"], row["project_id"], GRACE)


async def count_unfinished(connection: Connection, request: events.RenderRequested) -> int:
    """Count the project's other exports that wait or are being rendered."""
    return int(
        await connection.fetchval(
            """select count(*) from exports where org_id = $1 and project_id = $2 and export_id <> all($3::uuid[])
               and state in ('waiting', 'rendering')""",
            request.org_id,
            request.project_id,
            [export_request.export_id for export_request in split_exports(request)],
        )
    )


async def fail_export(
    connection: Connection, request: Request, stage: str, reason: str, detail: str, cause: Cause
) -> None:
    """End an export without a file; an automatic one also counts for the project's stages and end.

    An export that was cancelled stays cancelled.
    """
    row = await connection.fetchrow(
        """update exports set state = 'failed', failure_reason = $3, failure_detail = $4, finished_at = $5
           where org_id = $1 and export_id = $2 and state <> 'cancelled' returning retries, test""",
        request.org_id,
        request.export_id,
        reason,
        detail,
        cause.now,
    )
    if row is None:
        return
    retries = row["retries"]
    failed = events.ExportFailed(reason=reason, detail=detail, **owner_of(request))
    name = f"{request.export_id}/{retries}" if retries else str(request.export_id)
    event_id = await put(connection, failed, cause, name=name)
    if await is_automatic(connection, request.org_id, request.export_id):
        for ended_stage in remaining_export_stages(stage):
            await project_lifecycle.end_part(
                connection, request.org_id, request.project_id, ended_stage, cause, failed=True
            )
        await project_lifecycle.settle_project(connection, request.org_id, request.project_id, cause)
    else:
        if not row["test"]:
            await tell_export_failed(connection, failed, event_id, cause.now)
        await plan_project_sweep(connection, request.org_id, request.project_id, GRACE)


def changed_label_parts(row: Row, title: str, metadata: str) -> list[events.LabelPart]:
    """The parts of title and metadata that differ; the order of names in metadata does not count."""
    parts: list[events.LabelPart] = []
    if title != row["title"]:
        parts.append("title")
    if decode_metadata(metadata) != decode_metadata(row["metadata"]):
        parts.append("metadata")
    return parts


async def relabel_export(connection: Connection, row: Row, *, title: str, metadata: str, cause: Cause) -> Row:
    """The export with this title and metadata (compact JSON); a difference makes an event."""
    changed = changed_label_parts(row, title, metadata)
    if not changed:
        return row
    new = await exports.relabel_export(connection, row["org_id"], row["export_id"], title=title, metadata=metadata)
    event = events.ExportUpdated(
        **{name: row[name] for name in OWNER},
        version=await next_version(connection, row["org_id"], row["project_id"]),
        revision=row["revision"] + 1,
        changed=changed,
    )
    await put_project_event(connection, event, cause)
    return new


async def lock_clip(connection: Connection, org_id: UUID, clip_id: UUID) -> Row | None:
    """A clip, locked with its project until the transaction ends; None also where its project is gone."""
    clip = await find_clip_row(connection, org_id, clip_id)
    if clip is None:
        return None
    await lock_clip_id(connection, clip["clip_id"])
    project = await project_lifecycle.lock_project(connection, org_id, clip["project_id"])
    return None if project is None or project["state"] in GONE_PROJECT_STATES else clip


async def lock_export(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """An export whose project is locked until the transaction ends; None also where that was erased."""
    export = await exports.find_export_row(connection, org_id, export_id)
    if export is None:
        return None
    project = await project_lifecycle.lock_project(connection, org_id, export["project_id"])
    if project is None or project["state"] == "erased":
        return None
    # read again: the export may have ended while the lock was awaited
    return await exports.find_export_row(connection, org_id, export_id)
