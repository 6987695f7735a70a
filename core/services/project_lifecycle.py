"""The state machine of projects: starts, counts and ends stages, and then the project.

Each function runs in the caller's transaction, after ``lock_project``, so that two parts which end at the same time
see each other. A part that is given up runs the same function as a part that is done. The table of states is in
core.domain.project_states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from core.domain.project_states import ProjectState
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import Cause, next_version, put_project_event
from core.services.orphan_cleanup import ERASED_ROUNDS, GRACE, plan_project_sweep
from core.storage.billing.usage import add_source_usage
from core.storage.notifications.happenings import tell_project_end
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.moments import NearMoment
from schemas.metadata import encode_metadata
from schemas.options.script_text import card_options
from schemas.stages import AWAITED, PROJECT_STAGES, stage_position

_CREATE = """
with stages as (insert into project_stages (org_id, project_id, stage)
  select $1::uuid, $2::uuid, unnest($8::text[]) on conflict do nothing)
insert into projects (org_id, project_id, title, object_key, source_url, options, metadata, tags, test, page_rights)
values ($1, $2, $3, $4, $5, $6, $7, $9, $10, $11) on conflict do nothing returning project_id
"""
_COMPLETE_UPLOAD = """
update uploads set state = 'complete' where org_id = $1 and object_key = $2 and state = 'open' and multipart_id is null
"""
"""A multipart upload that was not completed is no object yet: it stays open and takes more parts."""
_REOPEN_UPLOAD = """
update uploads set state = 'open' where org_id = $1 and object_key = $2 and state = 'complete' and multipart_id is null
"""
_COUNT_ON_DEMAND = """
insert into project_stages (org_id, project_id, stage, state, percent, parts_done, parts_total, cpu_ms, finished_at)
values ($1, $2, $3, $4, 100, 1, 1, $5, $6)
on conflict (org_id, project_id, stage) do update set state = excluded.state,
  parts_done = project_stages.parts_done + 1, parts_total = project_stages.parts_total + 1,
  cpu_ms = project_stages.cpu_ms + excluded.cpu_ms, finished_at = excluded.finished_at
"""
_END_STAGES = """
update project_stages set state = case state when 'running' then 'failed' else 'skipped' end,
  finished_at = case state when 'running' then $3::timestamptz end
where org_id = $1 and project_id = $2 and state in ('running', 'waiting') returning stage
"""
_CANCEL_EXPORTS = """
update exports set state = 'cancelled', finished_at = $3
where org_id = $1 and project_id = $2 and state in ('waiting', 'rendering')
"""
"""No event for each export: ProjectCancelled covers them."""


async def lock_project(connection: Connection, org_id: UUID, project_id: UUID) -> Row | None:
    """Lock the project's row until the transaction ends; None if there is no such project."""
    sql = "select * from projects where org_id = $1 and project_id = $2 for update"
    return await connection.fetchrow(sql, org_id, project_id)


async def create_project(
    connection: Connection, event: events.UploadReceived, tags: Sequence[str] = (), *, test: bool = False
) -> bool:
    """Write the project of an upload with all its stages waiting; False if it exists already.

    Its upload is complete from then on, also if a producer on Kafka named it. ``test``: a test key made the project.
    """
    row = await connection.fetchval(
        _CREATE,
        event.org_id,
        event.project_id,
        event.title,
        event.object_key,
        event.source_url,
        card_options(event.script_text, event.options),
        encode_metadata(event.metadata),
        PROJECT_STAGES,
        list(tags),
        test,
        event.page_rights,
    )
    if row is not None and event.object_key is not None:
        await connection.execute(_COMPLETE_UPLOAD, event.org_id, event.object_key)
    return row is not None


async def reopen_upload(connection: Connection, event: events.UploadReceived) -> None:
    """Open an upload again: a producer named its object before it arrived."""
    await connection.execute(_REOPEN_UPLOAD, event.org_id, event.object_key)


async def start_stage(connection: Connection, org_id: UUID, project_id: UUID, stage: str, cause: Cause) -> None:
    """Mark a stage as running when its first part is claimed, and publish that."""
    started = await connection.fetchval(
        """update project_stages set state = 'running', started_at = $4
           where org_id = $1 and project_id = $2 and stage = $3 and state = 'waiting' returning stage""",
        org_id,
        project_id,
        stage,
        cause.now,
    )
    # Only the first claim finds the stage waiting; the later ones change and publish nothing.
    if started:
        await connection.execute(
            "update projects set state = 'running', started_at = coalesce(started_at, $3) "
            "where org_id = $1 and project_id = $2 and state = 'queued'",
            org_id,
            project_id,
            cause.now,
        )
        await publish_progress(connection, org_id, project_id, stage, cause)


async def expect_parts(connection: Connection, org_id: UUID, project_id: UUID, stage: str, total: int) -> None:
    """Write how many parts a stage has."""
    await connection.execute(
        "update project_stages set parts_total = $4 where org_id = $1 and project_id = $2 and stage = $3",
        org_id,
        project_id,
        stage,
        total,
    )


async def end_part(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    stage: str,
    cause: Cause,
    *,
    cpu_ms: int = 0,
    failed: bool = False,
    grow: bool = False,
) -> None:
    """Count one part of a stage as ended; the last one ends the stage.

    ``grow`` adds the part to the total first.
    """
    await connection.execute(
        """update project_stages set
             parts_total = greatest(parts_total + $6, parts_done + 1, 1), parts_done = parts_done + 1,
             cpu_ms = cpu_ms + $4, started_at = coalesce(started_at, $5),
             percent = least(100, 100 * (parts_done + 1) / greatest(parts_total + $6, parts_done + 1, 1)),
             state = case when parts_done + 1 < parts_total + $6 then 'running' when $7 then 'failed' else 'done' end,
             finished_at = case when parts_done + 1 < parts_total + $6 then null else $5 end
           where org_id = $1 and project_id = $2 and stage = $3""",
        org_id,
        project_id,
        stage,
        cpu_ms,
        cause.now,
        1 if grow else 0,
        failed,
    )
    await publish_progress(connection, org_id, project_id, stage, cause)


async def publish_progress(connection: Connection, org_id: UUID, project_id: UUID, stage: str, cause: Cause) -> None:
    """Publish how far a stage is."""
    row = await connection.fetchrow(
        """select s.*, p.duration_ms from project_stages s join projects p using (org_id, project_id)
           where s.org_id = $1 and s.project_id = $2 and s.stage = $3""",
        org_id,
        project_id,
        stage,
    )
    elapsed = int((cause.now - row["started_at"]).total_seconds() * 1000) if row["started_at"] else None
    event = events.ProjectProgressed(
        org_id=org_id,
        project_id=project_id,
        version=await next_version(connection, org_id, project_id),
        stage=row["stage"],
        state=row["state"],
        percent=row["percent"],
        # Two workers wrote the two times: where their clocks differ, the end may lie before the start.
        elapsed_ms=max(0, elapsed) if elapsed is not None else None,
        cpu_ms=row["cpu_ms"],
        media_ms=row["duration_ms"],
    )
    await put_project_event(connection, event, cause)


async def settle_project(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> None:
    """Complete or fail the project once its awaited stages and all automatic exports have ended."""
    if not await _stages_ended(connection, org_id, project_id):
        return
    row = await connection.fetchrow(
        """select count(*) filter (where state in ('waiting', 'rendering')) as open,
                  count(*) filter (where state = 'done') as done, count(*) as all,
                  count(*) filter (where state = 'cancelled') as cancelled,
                  count(*) filter (where state = 'failed') as failed, count(distinct clip_id) as clips,
                  count(distinct clip_id) filter (where state = 'done') as made,
                  min(failure_detail) as detail
           from exports where org_id = $1 and project_id = $2 and automatic""",
        org_id,
        project_id,
    )
    # The export that ends last settles the project.
    if row["open"]:
        return
    # Exports that were all cancelled, or a project without any, are no failure: the project completes below.
    if row["failed"] and not row["done"]:
        detail = f"No clip could be made. The first one failed with: {row['detail']}"
        await fail_project(connection, org_id, project_id, "clips.all_failed", detail, cause)
        return
    # With one aspect a clip is one file, and the sentence can speak of clips.
    noun = "clips" if row["clips"] == row["all"] else "files of clips"
    for number, state in ((row["failed"], "failed"), (row["cancelled"], "cancelled")):
        if number:
            verb = state if state == "failed" else "were cancelled" if number > 1 else "was cancelled"
            await add_warning(connection, org_id, project_id, f"{number} of {row['all']} {noun} {verb}")
    await complete_project(connection, org_id, project_id, int(row["made"]), cause)


async def _stages_ended(connection: Connection, org_id: UUID, project_id: UUID) -> bool:
    """Whether the awaited stages have ended, so that no more exports and no more intelligence can come.

    A project of an older version has no row for study and does not wait for it.
    """
    still: int = await connection.fetchval(
        """select count(*) from project_stages where org_id = $1 and project_id = $2
           and stage = any($3::text[]) and state in ('waiting', 'running')""",
        org_id,
        project_id,
        list(AWAITED),
    )
    return still == 0


async def ensure_stage(connection: Connection, org_id: UUID, project_id: UUID, stage: events.Stage) -> None:
    """Add the row of a stage to a project of an older version that did not have the stage."""
    await connection.execute(
        "insert into project_stages (org_id, project_id, stage) values ($1, $2, $3) on conflict do nothing",
        org_id,
        project_id,
        stage,
    )


async def add_cost(connection: Connection, org_id: UUID, project_id: UUID, stage: events.Stage, cpu_ms: int) -> None:
    """Add processor time to a stage that has ended; its state stays."""
    await connection.execute(
        "update project_stages set cpu_ms = cpu_ms + $4 where org_id = $1 and project_id = $2 and stage = $3",
        org_id,
        project_id,
        stage,
        cpu_ms,
    )


async def count_on_demand(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    stage: events.Stage,
    cause: Cause,
    *,
    cpu_ms: int = 0,
    failed: bool = False,
) -> None:
    """Count one piece of requested work.

    Its stage appears with the first piece and never moves the project. No progress is published: the wall time from the
    first request to the last has no meaning.
    """
    state = "failed" if failed else "done"
    await connection.execute(_COUNT_ON_DEMAND, org_id, project_id, stage, state, cpu_ms, cause.now)


async def complete_project(connection: Connection, org_id: UUID, project_id: UUID, clips: int, cause: Cause) -> None:
    """End the project as completed, with the reason if nothing was found."""
    row = await _end_project(connection, org_id, project_id, "completed", cause)
    if row is None:
        return
    await add_source_usage(connection, row, cause.now)
    event = events.ProjectCompleted(
        org_id=org_id,
        project_id=project_id,
        version=await next_version(connection, org_id, project_id),
        clip_count=clips,
        warnings=list(row["warnings"]),
        nothing_found_reason=row["nothing_found_reason"],
        nearest=await _nearest(connection, org_id, project_id),
    )
    await put_project_event(connection, event, cause)
    if not row["test"]:
        await tell_project_end(connection, event, cause.now)


async def _nearest(connection: Connection, org_id: UUID, project_id: UUID) -> list[NearMoment]:
    """The best moments of a project without clips, without their titles: those are the customer's words."""
    stored = await connection.fetchval(
        "select nearest from moments where org_id = $1 and project_id = $2", org_id, project_id
    )
    return [msgspec.structs.replace(moment, title="") for moment in msgspec.convert(stored or [], list[NearMoment])]


async def fail_project(
    connection: Connection, org_id: UUID, project_id: UUID, reason: str, detail: str, cause: Cause
) -> None:
    """End the project as failed, with a reason for people."""
    row = await _end_project(connection, org_id, project_id, "failed", cause)
    if row is None:
        return
    await connection.execute(
        "update projects set failure_reason = $3, failure_detail = $4 where org_id = $1 and project_id = $2",
        org_id,
        project_id,
        reason,
        detail,
    )
    version = await next_version(connection, org_id, project_id)
    event = events.ProjectFailed(org_id=org_id, project_id=project_id, version=version, reason=reason, detail=detail)
    await put_project_event(connection, event, cause)
    if not row["test"]:
        await tell_project_end(connection, event, cause.now)


async def _end_project(
    connection: Connection, org_id: UUID, project_id: UUID, state: ProjectState, cause: Cause
) -> Row | None:
    row = await connection.fetchrow(
        """update projects set state = $3, finished_at = $4
           where org_id = $1 and project_id = $2 and state in ('queued', 'running') returning *""",
        org_id,
        project_id,
        state,
        cause.now,
    )
    if row is not None:
        await plan_project_sweep(connection, org_id, project_id, GRACE)
        await _end_stages(connection, org_id, project_id, cause)
    return row


async def _end_stages(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> None:
    """Fail running stages, skip waiting ones, and publish both before the project's own end."""
    rows = await connection.fetch(_END_STAGES, org_id, project_id, cause.now)
    for stage in sorted((row["stage"] for row in rows), key=stage_position):
        await publish_progress(connection, org_id, project_id, stage, cause)


async def cancel_project(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> bool:
    """End an active project as cancelled; False if it does not exist or has ended.

    Workers on it lose their leases, so none of their work is committed. Finished results stay.
    """
    if await _end_project(connection, org_id, project_id, "cancelled", cause) is None:
        return False
    await connection.execute(_CANCEL_EXPORTS, org_id, project_id, cause.now)
    version = await next_version(connection, org_id, project_id)
    cancelled = events.ProjectCancelled(org_id=org_id, project_id=project_id, version=version)
    await put_project_event(connection, cancelled, cause)
    return True


async def erase_project(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> bool:
    """Cancel the project if it is active, then mark it as erased; False if there is nothing to erase."""
    row = await lock_project(connection, org_id, project_id)
    if row is None or row["state"] == "erased":
        return False
    await cancel_project(connection, org_id, project_id, cause)
    await connection.execute(
        "update projects set state = 'erased', erased_at = $3 where org_id = $1 and project_id = $2",
        org_id,
        project_id,
        cause.now,
    )
    await plan_project_sweep(connection, org_id, project_id, ERASED_ROUNDS[0])
    version = await next_version(connection, org_id, project_id)
    await put_project_event(
        connection, events.ProjectErased(org_id=org_id, project_id=project_id, version=version), cause
    )
    return True


async def add_warning(connection: Connection, org_id: UUID, project_id: UUID, sentence: str) -> None:
    """Add a sentence to the project's warnings, once."""
    await connection.execute(
        """update projects set warnings = array_append(warnings, $3)
           where org_id = $1 and project_id = $2 and not warnings @> array[$3::text]""",
        org_id,
        project_id,
        sentence,
    )


def ref_of(value: Any) -> ObjectRef:
    """Decode an ObjectRef from a jsonb column."""
    return msgspec.convert(value, ObjectRef)
