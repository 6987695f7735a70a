"""Retry: takes a failed project, or failed exports, up where they failed, and keeps what is done.

Each function runs in the caller's transaction, after ``lock_project``. The attempts that were given up still hold
their events: they become claimable again, their events are sent again, and the rows that said "failed" wait again.
The choice is in core.domain.retry_plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.domain.retry_plan import FailedAttempt, RetryPlan, plan_retry
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import LANED_TYPES, LANES_OF_TYPES, Cause, next_version, put_project_event
from core.services.export_groups import split_exports
from core.services.project_lifecycle import publish_progress
from core.services.upload_signatures import SIGNED_HEADERS
from schemas import codec, events
from schemas.stages import PROJECT_STAGES, remaining_export_stages
from schemas.topics import BY_NAME

_MACHINE_VERSION = 1
"""Version of the transcript that the project waits for; later ones are corrections."""
_EXPORT_REQUESTS = events.ClipSelected | events.ExportRequested | events.RenderRequested
_GIVEN_UP = """
select input_id, stage, state, topic, headers, payload from attempts
where org_id = $1 and project_id = $2 and stage = any($3::text[])
  and (state = 'gave_up' or (state = 'done' and stage in ('frame', 'render') and exists (
    select 1 from exports e where e.org_id = $1 and e.project_id = $2 and e.state = 'failed')))
order by finished_at desc nulls last
"""
_FREE = """
update attempts set state = 'free', tries = 0, starved = 0, lease_until = null, finished_at = null,
  waiting_since = null, last_error = 'retried by its owner'
where org_id = $1 and input_id = $2 and stage = $3 returning fence
"""
_SEND_AGAIN = """
insert into outbox (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload,
  lane, queue, input_id, waits)
select org_id, (headers->>'ce_id')::uuid, stage, fence, project_id, topic, key, partition, headers - $4::text[],
       payload, lane, org_id, input_id, lane is not null
from attempts left join unnest($5::text[], $6::text[]) as lane_of (type, lane) on lane_of.type = headers->>'ce_type'
where org_id = $1 and input_id = $2 and stage = $3
on conflict do nothing
"""
"""It waits for a place like an event that is sent for the first time."""
_SET_ASIDE = """
update attempts set state = 'cancelled', last_error = 'its project was retried from an earlier stage'
where org_id = $1 and project_id = $2 and stage = any($3::text[]) and state in ('free', 'gave_up')
"""
_WAIT_AGAIN = """
update exports set state = 'waiting', failure_reason = null, failure_detail = null, finished_at = null,
  retries = retries + 1
where org_id = $1 and export_id = any($2::uuid[]) and state = 'failed' returning automatic
"""
_RENDER_AGAIN = """
update exports set state = 'rendering', failure_reason = null, failure_detail = null, finished_at = null,
  retries = retries + 1
where org_id = $1 and export_id = any($2::uuid[]) and state = 'failed' returning automatic
"""
_QUEUE = """
update projects set state = 'queued', failure_reason = null, failure_detail = null, finished_at = null,
  retries = retries + 1
where org_id = $1 and project_id = $2 and state = 'failed'
"""
_RUN = """
update projects set state = 'running', failure_reason = null, failure_detail = null, finished_at = null,
  retries = retries + 1
where org_id = $1 and project_id = $2 and state = 'failed'
"""
_UNCOUNT = """
update project_stages set parts_done = greatest(0, parts_done - $4), finished_at = null,
  percent = 100 * greatest(0, parts_done - $4) / greatest(parts_total, 1),
  state = case when parts_done > $4 then 'running' else 'waiting' end
where org_id = $1 and project_id = $2 and stage = $3
"""
_REOPEN_STAGES = """
update project_stages set finished_at = null, state = case when parts_done > 0 then 'running' else 'waiting' end
where org_id = $1 and project_id = $2 and state in ('failed', 'skipped')
  and (parts_total = 0 or parts_done < parts_total)
"""
_RESET_STAGES = """
update project_stages set state = 'waiting', parts_done = 0, percent = 0, finished_at = null
where org_id = $1 and project_id = $2 and stage = any($3::text[])
"""
_HEAR_AGAIN = """
update spans set heard = 'waiting' where org_id = $1 and project_id = $2 and ordinal = any($3::int[])
"""
_SEE_AGAIN = """
update spans set seen = 'waiting' where org_id = $1 and project_id = $2 and ordinal = any($3::int[])
"""
_DROP_WARNINGS = """
update projects set warnings = array(
  select sentence from unnest(warnings) with ordinality as w(sentence, place)
  where sentence !~ $3 order by place)
where org_id = $1 and project_id = $2
"""
_OUTDATED = {
    "listen": "^listen: .* was given up$",
    "look": "^look: .* was given up$",
    "close": "^transcript: ",
    "study": "^intelligence: ",
    "frame": "^[0-9]+ of [0-9]+ (clips|files of clips) failed$",
    "render": "^[0-9]+ of [0-9]+ (clips|files of clips) failed$",
}
"""Sentences about what a retried stage had lost; it writes them again where it loses it again."""


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """The stages and exports that a retry took up."""

    stages: list[events.Stage]
    export_ids: list[UUID]


async def retry_project(
    connection: Connection,
    project: Row,
    cause: Cause,
    *,
    stage: events.Stage | None = None,
    export_id: UUID | None = None,
) -> Retried:
    """Take up what failed of a locked project, or of one stage or export of it."""
    attempts = await read_failed_attempts(connection, project)
    plan = plan_retry(
        attempts,
        project_state=project["state"],
        has_clips=await _has_clips(connection, project),
        failed_exports=await _list_failed_exports(connection, project),
        stage=stage,
        export_id=export_id,
    )
    await _revive(connection, project, plan, cause)
    for attempt in plan.attempts:
        await _send_again(connection, project["org_id"], attempt)
    return Retried(stages=list(plan.stages), export_ids=sorted(plan.exports))


async def revive_attempt(connection: Connection, project: Row, input_id: UUID, stage: str, cause: Cause) -> None:
    """Let what one given-up attempt belongs to wait again; the caller sends its event."""
    attempts = [
        attempt
        for attempt in await read_failed_attempts(connection, project)
        if attempt.input_id == input_id and attempt.stage == stage
    ]
    plan = plan_retry(
        attempts,
        project_state=project["state"],
        has_clips=await _has_clips(connection, project),
        failed_exports=await _list_failed_exports(connection, project),
    )
    await _revive(connection, project, plan, cause)


async def revive_preview(connection: Connection, org_id: UUID, preview_id: UUID) -> None:
    """Let a failed preview wait again."""
    await connection.execute(
        """update previews set state = 'waiting', failure_reason = null, failure_detail = null, finished_at = null
           where org_id = $1 and preview_id = $2 and state = 'failed'""",
        org_id,
        preview_id,
    )


async def read_failed_attempts(connection: Connection, project: Row) -> list[FailedAttempt]:
    """Attempts of a project at whose events something failed, the latest first."""
    rows = await connection.fetch(_GIVEN_UP, project["org_id"], project["project_id"], list(PROJECT_STAGES))
    return [_read_attempt(row) for row in rows]


def _read_attempt(row: Row) -> FailedAttempt:
    _, event = codec.decode(BY_NAME[row["topic"]], row["headers"], row["payload"])
    exports = [request.export_id for request in split_exports(event)] if isinstance(event, _EXPORT_REQUESTS) else []
    return FailedAttempt(
        input_id=row["input_id"],
        stage=row["stage"],
        given_up=row["state"] == "gave_up",
        on_demand=isinstance(event, events.ClipRequested | events.PreviewRequested | events.ReplayRequested)
        or (isinstance(event, events.TranscriptCompleted) and event.version > _MACHINE_VERSION),
        exports=tuple(exports),
        ordinal=event.ordinal if isinstance(event, events.SpanPlanned) else None,
    )


async def _has_clips(connection: Connection, project: Row) -> bool:
    key = project["org_id"], project["project_id"]
    return bool(
        await connection.fetchval("select exists (select 1 from clips where org_id = $1 and project_id = $2)", *key)
    )


async def _list_failed_exports(connection: Connection, project: Row) -> set[UUID]:
    rows = await connection.fetch(
        "select export_id from exports where org_id = $1 and project_id = $2 and state = 'failed'",
        project["org_id"],
        project["project_id"],
    )
    return {row["export_id"] for row in rows}


async def _revive(connection: Connection, project: Row, plan: RetryPlan, cause: Cause) -> None:
    """Let the rows of a plan wait again: project, stages, spans, exports, attempts."""
    key = project["org_id"], project["project_id"]
    if not plan.attempts:
        return
    if plan.moves_project:
        await connection.execute(_QUEUE if "ingest" in plan.stages else _RUN, *key)
        await connection.execute(_REOPEN_STAGES, *key)
        await _publish_retry(connection, key, plan, cause)
    await connection.execute(_SET_ASIDE, *key, list(plan.outdated_stages))
    for attempt in plan.attempts:
        await connection.fetchval(_FREE, project["org_id"], attempt.input_id, attempt.stage)
    await _revive_spans(connection, key, plan)
    await _revive_exports(connection, key, plan)
    for single in ("close", "study"):
        if single in plan.stages:
            await connection.execute(_UNCOUNT, *key, single, 1)
    await connection.execute(_RESET_STAGES, *key, list(plan.outdated_stages))
    for pattern in sorted({_OUTDATED[stage] for stage in plan.stages if stage in _OUTDATED}):
        await connection.execute(_DROP_WARNINGS, *key, pattern)
    for stage in plan.stages:
        await publish_progress(connection, *key, stage, cause)


async def _publish_retry(connection: Connection, key: tuple[UUID, UUID], plan: RetryPlan, cause: Cause) -> None:
    org_id, project_id = key
    version = await next_version(connection, org_id, project_id)
    retried = events.ProjectRetried(org_id=org_id, project_id=project_id, version=version, stages=list(plan.stages))
    await put_project_event(connection, retried, cause)


async def _revive_spans(connection: Connection, key: tuple[UUID, UUID], plan: RetryPlan) -> None:
    for stage, statement in (("listen", _HEAR_AGAIN), ("look", _SEE_AGAIN)):
        ordinals = [attempt.ordinal for attempt in plan.attempts if attempt.stage == stage]
        if ordinals:
            await connection.execute(statement, *key, ordinals)
            await connection.execute(_UNCOUNT, *key, stage, len(ordinals))


async def _revive_exports(connection: Connection, key: tuple[UUID, UUID], plan: RetryPlan) -> None:
    for stage, statement in (("frame", _WAIT_AGAIN), ("render", _RENDER_AGAIN)):
        ids: Sequence[UUID] = sorted(plan.exports_of(stage))
        rows = await connection.fetch(statement, key[0], ids)
        if automatic := sum(row["automatic"] for row in rows):
            for counted in remaining_export_stages(stage):
                await connection.execute(_UNCOUNT, *key, counted, automatic)


async def _send_again(connection: Connection, org_id: UUID, attempt: FailedAttempt) -> None:
    """Put the attempt's event into the outbox again.

    An upload loses its old signature: the relay signs what it sends, and a producer's may be too old by now. The
    first one was verified before the attempt began.
    """
    key = org_id, attempt.input_id, attempt.stage
    await connection.execute(_SEND_AGAIN, *key, list(SIGNED_HEADERS), LANED_TYPES, LANES_OF_TYPES)
