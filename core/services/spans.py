"""Progress of a project's spans: which are emitted next, and what the last one completes.

Each function runs in the caller's transaction, after ``project_lifecycle.lock_project``.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from core.domain.clock_format import format_clock
from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.storage.spans import SpanDocuments
from schemas import events
from schemas.common import ObjectRef

Part = Literal["heard", "seen"]


async def emit_next_spans(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause, window: int) -> None:
    """Emit the next spans, lowest ordinal first; at most ``window`` of the project are outstanding."""
    rows = await connection.fetch(
        """with outstanding as (
             select count(*) as n from spans where org_id = $1 and project_id = $2
               and planned_at is not null and (heard = 'waiting' or seen = 'waiting'))
           update spans set planned_at = $4 where org_id = $1 and project_id = $2 and ordinal in (
             select ordinal from spans where org_id = $1 and project_id = $2 and planned_at is null
             order by ordinal limit greatest(0, $3 - (select n from outstanding)::int))
           returning event""",
        org_id,
        project_id,
        window,
        cause.now,
    )
    for row in sorted(rows, key=lambda row: row["event"]["ordinal"]):
        span = msgspec.convert(row["event"], events.SpanPlanned)
        # Ids follow from the cause: whichever part makes room for a span, its event is the same one.
        fixed = msgspec.structs.replace(cause, input_id=project_id, source="spans")
        await put(connection, span, fixed, name=str(span.ordinal))


async def end_span(
    connection: Connection,
    event: events.SpanPlanned,
    part: Part,
    ref: ObjectRef | None,
    cause: Cause,
    *,
    window: int,
    cpu_ms: int = 0,
) -> None:
    """Record that a span was heard or seen (``ref``) or given up (None), and emit what that completes."""
    org_id, project_id = event.org_id, event.project_id
    update = {
        "heard": "update spans set heard = $4, heard_ref = $5 where org_id = $1 and project_id = $2 and ordinal = $3",
        "seen": "update spans set seen = $4, seen_ref = $5 where org_id = $1 and project_id = $2 and ordinal = $3",
    }[part]
    await connection.execute(update, org_id, project_id, event.ordinal, "done" if ref else "gave_up", ref)
    stage = "listen" if part == "heard" else "look"
    await project_lifecycle.end_part(connection, org_id, project_id, stage, cause, cpu_ms=cpu_ms, failed=ref is None)
    if ref is None:
        await project_lifecycle.add_warning(
            connection,
            org_id,
            project_id,
            f"{stage}: {format_clock(event.range.start_ms)} to {format_clock(event.range.end_ms)} was given up",
        )
    await emit_next_spans(connection, org_id, project_id, cause, window)
    waiting = await connection.fetchrow(
        """select count(*) filter (where heard = 'waiting') as heard, count(*) filter (where seen = 'waiting') as seen
           from spans where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
    )
    if part == "heard" and waiting["heard"] == 0:
        await _emit_heard(connection, org_id, project_id, cause)
    if part == "seen" and waiting["seen"] == 0:
        await emit_understood(connection, org_id, project_id, cause)


async def end_script_span(
    connection: Connection, org_id: UUID, project_id: UUID, documents: SpanDocuments, cause: Cause
) -> None:
    """Record the one span of a script: its words are known; ``listen`` and ``look`` are skipped."""
    await connection.execute(
        """update spans set planned_at = $3, heard = 'done', heard_ref = $4, seen = 'done', seen_ref = $5
           where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
        cause.now,
        documents.heard,
        documents.seen,
    )
    for stage in ("listen", "look"):
        await connection.execute(
            """update project_stages set state = 'skipped', percent = 100, parts_done = 1, parts_total = 1
               where org_id = $1 and project_id = $2 and stage = $3""",
            org_id,
            project_id,
            stage,
        )
        await project_lifecycle.publish_progress(connection, org_id, project_id, stage, cause)
    await _emit_heard(connection, org_id, project_id, cause)


async def _emit_heard(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> None:
    """Emit that the words of all spans are there."""
    # The id must not depend on the span that happened to end last.
    fixed = msgspec.structs.replace(cause, input_id=project_id, source="listen")
    completed = events.SpansHeard(org_id=org_id, project_id=project_id)
    await put(connection, completed, fixed, name=await _round_name(connection, org_id, project_id))


async def emit_understood(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> None:
    """Emit UnderstandingCompleted once both close and look have ended, naming what was given up."""
    rows = await connection.fetch(
        "select stage, state from project_stages where org_id = $1 and project_id = $2 and stage in ('close', 'look')",
        org_id,
        project_id,
    )
    states = {row["stage"]: row["state"] for row in rows}
    # The later of the two stages gets here again, and emits the event.
    if any(state not in ("done", "failed", "skipped") for state in states.values()):
        return
    unseen = await connection.fetchval(
        "select count(*) from spans where org_id = $1 and project_id = $2 and seen_ref is null", org_id, project_id
    )
    unheard = await connection.fetchval(
        "select count(*) from spans where org_id = $1 and project_id = $2 and heard_ref is null", org_id, project_id
    )
    missing = [
        name for name, gone in (("transcript", states["close"] == "failed" or unheard), ("pictures", unseen)) if gone
    ]
    fixed = msgspec.structs.replace(cause, input_id=project_id, source="understanding")
    understood = events.UnderstandingCompleted(org_id=org_id, project_id=project_id, missing=missing)
    await put(connection, understood, fixed, name=await _round_name(connection, org_id, project_id))


async def _round_name(connection: Connection, org_id: UUID, project_id: UUID) -> str:
    """The name of this round's events: those of a retried project are new work, not a repetition."""
    retries = await connection.fetchval(
        "select retries from projects where org_id = $1 and project_id = $2", org_id, project_id
    )
    return str(retries) if retries else ""
