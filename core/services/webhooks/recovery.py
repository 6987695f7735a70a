"""Deliver again: one delivery, those that failed, and what an endpoint missed; and a test message.

The caller has locked the endpoint's row, so that it is there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import Cause
from core.services.webhooks.planning import OutgoingMessage, address, delivery_id_of, due_event, put_due
from core.storage.webhooks import deliveries, endpoints, messages
from schemas.webhooks import MESSAGE_TYPES, TEST, EndpointTested, encode_notice, filters_of

MAX_DELIVERIES = 500
"""Deliveries of one request: it holds a transaction for as long."""
BATCH_ROWS = 1000
"""Messages that are looked at together."""


class Redelivered(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that are on their way again, and whether there are more."""

    count: int
    has_more: bool


async def replay(connection: Connection, endpoint: Row, delivery_ids: Sequence[UUID], cause: Cause) -> int:
    """Send deliveries that have ended once more, as if they were new; returns how many."""
    owner = (endpoint["org_id"], endpoint["endpoint_id"])
    rows = await deliveries.begin_replays(connection, *owner, list(delivery_ids), cause.now)
    for row in rows:
        due = due_event(owner[0], row["project_id"], row["delivery_id"], replays=row["replays"])
        await put_due(connection, due, owner[1], cause)
    if rows:
        await endpoints.end_pause(connection, *owner)
    return len(rows)


async def replay_failed(
    connection: Connection, endpoint: Row, since: dt.datetime, until: dt.datetime | None, cause: Cause
) -> Redelivered:
    """Send what failed in a time once more, at most ``MAX_DELIVERIES``, in the order of their ends."""
    ids = await deliveries.list_failed_ids(
        connection, endpoint["org_id"], endpoint["endpoint_id"], since=since, until=until, limit=MAX_DELIVERIES + 1
    )
    count = await replay(connection, endpoint, ids[:MAX_DELIVERIES], cause)
    return Redelivered(count=count, has_more=len(ids) > MAX_DELIVERIES)


async def recover(
    connection: Connection, endpoint: Row, since: dt.datetime, until: dt.datetime | None, cause: Cause
) -> Redelivered:
    """Deliver messages of a time that the endpoint asks for and never got, the oldest first.

    None is left out where ``messages.wait_for_writers`` returned since the endpoint takes messages again: those that
    are written later are addressed to it.
    """
    org_id, endpoint_id = endpoint["org_id"], endpoint["endpoint_id"]
    missed = await _list_missed(connection, endpoint, since, until, MAX_DELIVERIES + 1)
    project_ids = sorted({row["project_id"] for row in missed if row["project_id"] is not None})
    living = await messages.lock_projects(connection, org_id, project_ids)
    count = 0
    for row in missed[:MAX_DELIVERIES]:
        if row["project_id"] is None or row["project_id"] in living:
            message = OutgoingMessage(**{name: row[name] for name in OutgoingMessage.__struct_fields__})
            count += await address(connection, message, endpoint_id, cause) is not None
    return Redelivered(count=count, has_more=len(missed) > MAX_DELIVERIES)


async def _list_missed(
    connection: Connection, endpoint: Row, since: dt.datetime, until: dt.datetime | None, limit: int
) -> list[Row]:
    """Messages of a time that the endpoint asks for and has no delivery of, oldest first."""
    org_id, endpoint_id = endpoint["org_id"], endpoint["endpoint_id"]
    event_types = [kind for kind in MESSAGE_TYPES if set(filters_of(kind)) & set(endpoint["events"])]
    missed: list[Row] = []
    after = 0
    while len(missed) < limit:
        rows = await messages.list_rows_of_time(
            connection, org_id, after=after, since=since, until=until, event_types=event_types, limit=BATCH_ROWS
        )
        ids = [delivery_id_of(row["event_id"], endpoint_id) for row in rows]
        existing = await deliveries.find_existing_ids(connection, org_id, ids)
        missed += [row for row, delivery_id in zip(rows, ids, strict=True) if delivery_id not in existing]
        if len(rows) < BATCH_ROWS:
            break
        after = rows[-1]["position"]
    return missed[:limit]


async def send_test(connection: Connection, endpoint: Row, event_id: UUID, cause: Cause) -> UUID:
    """Deliver a test message to the endpoint, whatever it asks for; returns the delivery's id."""
    payload = encode_notice(EndpointTested(endpoint_id=endpoint["endpoint_id"]), event_id=event_id, at=cause.now)
    message = OutgoingMessage(org_id=endpoint["org_id"], event_id=event_id, event_type=TEST, payload=payload)
    delivery_id = await address(connection, message, endpoint["endpoint_id"], cause)
    assert delivery_id is not None, "the event's id is new"
    await endpoints.end_pause(connection, endpoint["org_id"], endpoint["endpoint_id"])
    return delivery_id
