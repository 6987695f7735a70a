"""What detect reads and writes of a clip that a person chose: its row, what was measured, the event for its exports."""

from __future__ import annotations

import msgspec

from core.errors import Rejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from schemas import events
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.documents.moments import ClipFacts, Moment, MomentList
from schemas.ids import result_id
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Work


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the clip before it is measured."""

    title: str
    """What the person calls it; empty where they left that open."""
    project_title: str
    moment: Moment | None
    """That has the same stretch."""
    scorer: str = ""
    weights: str = ""


async def read_requested(context: Context, event: events.ClipRequested) -> Requested:
    """The clip's title, and the moment that it is. Raises Rejected for a clip that is not there."""
    async with org_transaction(context.pool, event.org_id) as connection:
        row = await connection.fetchrow(
            """select c.title, p.title as project_title, m.object
               from clips c join projects p using (org_id, project_id)
               left join moments m using (org_id, project_id) where c.org_id = $1 and c.clip_id = $2""",
            event.org_id,
            event.clip_id,
        )
    if row is None:
        raise Rejected("clip.unknown", f"There is no clip {event.clip_id}.")
    told = {name: row[name] for name in ("title", "project_title")}
    if row["object"] is None:
        return Requested(moment=None, **told)
    found = msgspec.json.decode(await context.objects.get(project_lifecycle.ref_of(row["object"])), type=MomentList)
    moment = next((one for one in found.moments if one.range == event.rendition.range), None)
    return Requested(moment=moment, scorer=found.scorer, weights=found.weights, **told)


async def store_facts(context: Context, event: events.ClipRequested, facts: ClipFacts, work: Work) -> ObjectRef:
    """Where the facts lie; their key is made of the request, so that a second try writes the same."""
    prefix = prefix_of(event, "moments", result_id(work.cause.input_id, "detect", str(event.clip_id)))
    return await context.objects.put(prefix, encode_document(facts), "application/json", ".json")


async def write_measured(
    connection: Connection, event: events.ClipRequested, facts: ClipFacts, ref: ObjectRef, cause: Cause
) -> None:
    """The clip's row and event, then its exports; a title that a person gave, also meanwhile, stays."""
    await connection.execute(
        """update clips set title = case when title = '' then $3 else title end,
             found_title = case when found_title = '' then $3 else found_title end, score = $4, confidence = $5,
             reason = $6, signals = $7, hook = $8, description = $9, hashtags = $10, without_words = $11, facts = $12
           where org_id = $1 and clip_id = $2""",
        event.org_id,
        event.clip_id,
        facts.title,
        facts.score,
        facts.confidence,
        facts.reason,
        facts.signals,
        facts.hook,
        facts.description,
        facts.hashtags,
        facts.without_words or None,
        ref,
    )
    measured = events.ClipMeasured(
        org_id=event.org_id,
        project_id=event.project_id,
        clip_id=event.clip_id,
        range=event.rendition.range,
        facts=ref,
        score=facts.score,
        confidence=facts.confidence,
    )
    await put(connection, measured, cause, name=str(event.clip_id))
    await ask_for_exports(connection, event, cause)


async def ask_for_exports(connection: Connection, event: events.ClipRequested, cause: Cause) -> None:
    """Have the files made, whether the clip could be measured or not."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    await put(connection, events.ExportRequested(edit_version=1, **fields), cause, name=str(event.export_id))
