"""What detect reads and writes of a clip that a person chose: its row, what was measured, the event for its exports."""

from __future__ import annotations

import msgspec

from core.errors import Rejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.storage.clips import read_requested_clip, write_facts
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
        clip = await read_requested_clip(connection, event.org_id, event.clip_id)
    if clip is None:
        raise Rejected("clip.unknown", f"There is no clip {event.clip_id}.")
    if clip.moments is None:
        return Requested(title=clip.title, project_title=clip.project_title, moment=None)
    found = msgspec.json.decode(await context.objects.get(clip.moments), type=MomentList)
    moment = next((one for one in found.moments if one.range == event.rendition.range), None)
    return Requested(
        title=clip.title,
        project_title=clip.project_title,
        moment=moment,
        scorer=found.scorer,
        weights=found.weights,
    )


async def store_facts(context: Context, event: events.ClipRequested, facts: ClipFacts, work: Work) -> ObjectRef:
    """Where the facts lie; their key is made of the request, so that a second try writes the same."""
    prefix = prefix_of(event, "moments", result_id(work.cause.input_id, "detect", str(event.clip_id)))
    return await context.objects.put(prefix, encode_document(facts), "application/json", ".json")


async def write_measured(
    connection: Connection, event: events.ClipRequested, facts: ClipFacts, ref: ObjectRef, cause: Cause
) -> None:
    """The clip's row and event, then its exports; a title that a person gave, also meanwhile, stays."""
    await write_facts(connection, event.org_id, event.clip_id, facts, ref)
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
