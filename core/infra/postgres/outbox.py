"""Write events to the outbox, in the transaction that makes them true. The relay sends them to Kafka."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas import codec, events
from schemas.ids import result_id
from schemas.lanes import LANE_OF, attempt_input_id
from schemas.topics import route

_INSERT = """
insert into outbox
  (org_id, event_id, project_id, topic, key, partition, headers, payload, due_at, lane, queue, input_id, waits)
values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, now()), $10::text, $11, $12, $10::text is not null)
on conflict do nothing
"""
LANED_TYPES, LANES_OF_TYPES = zip(*((codec.type_name(kind), lane.name) for kind, lane in LANE_OF.items()), strict=True)
"""CloudEvents types and their lanes, for statements that send an event again."""
_NEXT_VERSION = """
update projects set version = version + 1 where org_id = $1 and project_id = $2 returning version
"""
_PROJECT_EVENT = """
insert into project_events (org_id, project_id, version, event_id, type, body, at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The cause of an event: the input that its own id derives from, source, time and trace."""

    input_id: UUID
    source: str
    now: dt.datetime
    traceparent: str | None = None


async def put(
    connection: Connection,
    event: events.AnyEvent,
    cause: Cause,
    *,
    name: str = "",
    event_id: UUID | None = None,
    due_at: dt.datetime | None = None,
    headers: Mapping[str, str] | None = None,
    queue: UUID | None = None,
) -> UUID:
    """Write one event to the outbox and return its id; writing the same again changes nothing.

    The id is derived from ``cause.input_id``, the source, the event's class and ``name``, so that a second run of
    the same work writes the same row. An event of a lane waits there in its ``queue``, its organisation's if None,
    until the relay admits it (core.infra.postgres.admission).
    """
    topic, key, partition = route(event)
    kind = type(event).__name__
    identity = event_id or result_id(cause.input_id, cause.source, f"{kind}/{name}")
    envelope = codec.Envelope(
        id=identity,
        source=f"/clipstream/{cause.source}",
        type=codec.type_name(type(event)),
        time=cause.now,
        traceparent=cause.traceparent,
        extra=dict(headers or {}),
    )
    lane = LANE_OF.get(type(event))
    await connection.execute(
        _INSERT,
        event.org_id,
        identity,
        event.project_id,
        topic.name,
        str(key),
        partition,
        codec.encode_headers(envelope),
        codec.encode(event),
        due_at,
        lane.name if lane else None,
        (queue or event.org_id) if lane else None,
        attempt_input_id(event, identity) if lane else None,
    )
    return identity


async def put_received(
    connection: Connection, event: events.UploadReceived, event_id: UUID, headers: Mapping[str, str], payload: bytes
) -> None:
    """Write an upload that came straight to Kafka to the outbox, with its own bytes, once.

    A producer chooses ``event_id``, so the row has the id of its project's attempts.
    """
    topic, key, partition = route(event)
    lane, input_id = LANE_OF[type(event)], attempt_input_id(event, event_id)
    await connection.execute(
        _INSERT,
        event.org_id,
        input_id,
        event.project_id,
        topic.name,
        str(key),
        partition,
        headers,
        payload,
        None,
        lane.name,
        event.org_id,
        input_id,
    )


async def next_version(connection: Connection, org_id: UUID, project_id: UUID) -> int:
    """The version of the project's next event. Its row lock orders the project's events."""
    version: int = await connection.fetchval(_NEXT_VERSION, org_id, project_id)
    return version


VersionedEvent = (
    events.ProjectProgressed
    | events.ProjectCompleted
    | events.ProjectFailed
    | events.ProjectRetried
    | events.ProjectCancelled
    | events.ProjectErased
    | events.ProjectExpiring
    | events.ClipEdited
    | events.ProjectUpdated
    | events.ClipUpdated
    | events.ExportUpdated
)


async def put_project_event(connection: Connection, event: VersionedEvent, cause: Cause) -> UUID:
    """Write an event of ``projects.v1`` to the outbox and to the project's list of events.

    The list serves SSE with Last-Event-ID.
    """
    identity = result_id(event.project_id, "project", str(event.version))
    await put(connection, event, cause, event_id=identity)
    await connection.execute(
        _PROJECT_EVENT,
        event.org_id,
        event.project_id,
        event.version,
        identity,
        codec.type_name(type(event)),
        event,
        cause.now,
    )
    return identity
