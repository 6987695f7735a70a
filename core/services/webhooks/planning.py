"""Deliveries with their events: a message becomes one delivery for each endpoint that asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.storage.webhooks import deliveries, endpoints, messages
from schemas import codec, events
from schemas.ids import result_id

DueEvent = events.DeliveryDue | events.NoticeDue


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message before it is addressed. ``payload`` is the body that is signed and sent."""

    org_id: UUID
    event_id: UUID
    event_type: str
    payload: bytes
    project_id: UUID | None = None
    """None: it is about an endpoint."""


async def plan_deliveries(
    connection: Connection, message: OutgoingMessage, cause: Cause, *, without: Collection[UUID] = ()
) -> None:
    """Keep a message, and address it to every endpoint that asks for it; once, if called twice."""
    await messages.insert_message(
        connection,
        message.org_id,
        message.event_id,
        project_id=message.project_id,
        event_type=message.event_type,
        payload=message.payload,
        at=cause.now,
    )
    for endpoint_id in await endpoints.lock_subscribers(connection, message.org_id, message.event_type):
        if endpoint_id not in without:
            await address(connection, message, endpoint_id, cause)


async def address(connection: Connection, message: OutgoingMessage, endpoint_id: UUID, cause: Cause) -> UUID | None:
    """Add the delivery of a message to an endpoint, due at once.

    Returns:
        Its id; None where it was there: an endpoint has one delivery of a message.
    """
    delivery_id = delivery_id_of(message.event_id, endpoint_id)
    is_new = await deliveries.insert_delivery(
        connection,
        message.org_id,
        delivery_id,
        endpoint_id=endpoint_id,
        project_id=message.project_id,
        event_id=message.event_id,
        event_type=message.event_type,
        payload=message.payload,
        at=cause.now,
    )
    if not is_new:
        return None
    await put_due(connection, due_event(message.org_id, message.project_id, delivery_id), endpoint_id, cause)
    return delivery_id


def delivery_id_of(event_id: UUID, endpoint_id: UUID) -> UUID:
    """The delivery of a message to an endpoint: the id follows from both."""
    return result_id(event_id, "deliver", str(endpoint_id))


def due_event(
    org_id: UUID, project_id: UUID | None, delivery_id: UUID, *, attempt: int = 1, replays: int = 0
) -> DueEvent:
    """The event of a try; a delivery without a project has a kind of its own."""
    if project_id is None:
        return events.NoticeDue(org_id=org_id, delivery_id=delivery_id, attempt=attempt, replays=replays)
    return events.DeliveryDue(
        org_id=org_id, project_id=project_id, delivery_id=delivery_id, attempt=attempt, replays=replays
    )


async def put_due(
    connection: Connection, due: DueEvent, endpoint_id: UUID, cause: Cause, *, due_at: dt.datetime | None = None
) -> None:
    """Write the event of a try to the outbox, in the queue of its endpoint; once, if called twice."""
    number = f"{due.replays}/{due.attempt}" if due.replays else str(due.attempt)
    identity = result_id(due.delivery_id, codec.type_name(events.DeliveryDue), number)
    await put(connection, due, cause, event_id=identity, due_at=due_at, queue=endpoint_id)
