"""Rows, facts and events of a clip that a person requested."""

from __future__ import annotations

import msgspec

from core.errors import InputRejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.storage.clips import read_requested_clip, write_facts
from schemas import events
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.documents.moments import ClipFacts, Moment, MomentList
from schemas.ids import result_id
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Work


class ClipRequestInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs to the facts of a requested clip: its titles, and its moment if there is one."""

    title: str
    """The person's title; empty where they left that open."""
    project_title: str
    moment: Moment | None
    """The moment of the same range, if there is one."""
    scorer: str = ""
    weights: str = ""


async def read_requested(context: StageContext, event: events.ClipRequested) -> ClipRequestInputs:
    """Read the clip's title, and the moment that it is. Raises InputRejected for an unknown clip."""
    async with org_transaction(context.pool, event.org_id) as connection:
        clip = await read_requested_clip(connection, event.org_id, event.clip_id)
    if clip is None:
        raise InputRejected("clip.unknown", f"There is no clip {event.clip_id}.")
    if clip.moments is None:
        return ClipRequestInputs(title=clip.title, project_title=clip.project_title, moment=None)
    moment_list = msgspec.json.decode(await context.objects.get(clip.moments), type=MomentList)
    moment = next((moment for moment in moment_list.moments if moment.range == event.rendition.range), None)
    return ClipRequestInputs(
        title=clip.title,
        project_title=clip.project_title,
        moment=moment,
        scorer=moment_list.scorer,
        weights=moment_list.weights,
    )


async def store_facts(context: StageContext, event: events.ClipRequested, facts: ClipFacts, work: Work) -> ObjectRef:
    """Store the facts; the key is derived from the request, so that a retry writes the same object."""
    prefix = prefix_of(event, "moments", result_id(work.cause.input_id, "detect", str(event.clip_id)))
    return await context.objects.put(prefix, encode_document(facts), "application/json", ".json")


async def commit_measured(
    connection: Connection, event: events.ClipRequested, facts: ClipFacts, ref: ObjectRef, cause: Cause
) -> None:
    """Commit the clip's facts and its exports. A title that a person gave, even meanwhile, stays."""
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
    await request_exports(connection, event, cause)


async def request_exports(connection: Connection, event: events.ClipRequested, cause: Cause) -> None:
    """Request the clip's exports, measured or not."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    await put(connection, events.ExportRequested(edit_version=1, **fields), cause, name=str(event.export_id))
