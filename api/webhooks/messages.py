"""Webhook messages without an endpoint: read them in their order; the types that exist."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from core.infra.postgres.connection import Row
from core.storage.webhooks import messages
from schemas.webhooks import FILTERS, MESSAGE_TYPES, Filter, MessageType, filters_of

LOOK_S = 0.5
"""Pause between two looks while an answer waits for a message."""
MAX_WAIT_S = 15.0


class WebhookMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as an endpoint that asks for it gets it, before it is signed."""

    position: int
    """Its place in the order of the organisation's messages."""
    event_id: UUID
    """Id of the event."""
    event_type: MessageType
    """Type of the message."""
    project_id: UUID | None
    """Id of the project; null for a message about an endpoint."""
    created_at: dt.datetime
    body: str
    """Body of the message, byte for byte as it is signed."""


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages, oldest first."""

    items: list[WebhookMessage]
    next_after: int
    """Pass it as `after` to read on: no message is left out or comes twice."""


class ListMessages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to read on, and how long to wait for it."""

    after: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    """`next_after` of the previous page; 0: the oldest that is kept; absent: only what comes from now on."""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    events: Annotated[list[Filter], Meta(max_length=20)] | None = None
    """Only of these types: a type, all with a beginning (`export.*`), or all (`*`)."""
    wait_s: Annotated[float, Meta(ge=0, le=MAX_WAIT_S)] = 0.0
    """Seconds to wait where the next message has not come yet."""


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of message."""

    type: MessageType
    """Name of the type, and a filter for it."""
    description: str
    schema: dict[str, Any]
    """JSON Schema (2020-12) of the body."""
    example: dict[str, Any]
    """A body of this type."""


class EventTypeList(msgspec.Struct, frozen=True, kw_only=True):
    """Every type of message, and the filters that an endpoint may ask by."""

    items: list[EventType]
    filters: list[str]
    """Each value that `events` of an endpoint takes."""


async def list_messages(call: Call[None, ListMessages]) -> Reply:
    """Read an organisation's messages in their order, and wait for the next, as `clipstream listen`."""
    page = await _read(call)
    if call.query.after is None or page.items or not call.query.wait_s:
        return Reply(body=page)
    followers, name = call.context.followers, str(call.caller.actor)
    followers.require(name)
    end = asyncio.get_running_loop().time() + call.query.wait_s
    with followers.hold(name):
        while not page.items and (left_s := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(LOOK_S, left_s))
            page = await _read(call)
    return Reply(body=page)


async def _read(call: Call[None, ListMessages]) -> MessagePage:
    query = call.query
    async with call.rows() as rows:
        # First: what is listed afterwards reaches at least as far, also where a filter leaves the last ones out.
        last = await messages.read_last_position(rows, call.org_id)
        if query.after is None:
            return MessagePage(items=[], next_after=last)
        listed = await messages.list_message_rows(
            rows, call.org_id, after=query.after, event_types=_types(query.events), limit=query.limit
        )
    items = [_message(row) for row in listed]
    position = items[-1].position if items else query.after
    return MessagePage(items=items, next_after=position if len(items) == query.limit else max(position, last))


def _types(filters: list[Filter] | None) -> list[str] | None:
    if not filters:
        return None
    return [kind for kind in MESSAGE_TYPES if set(filters_of(kind)) & set(filters)]


def _message(row: Row) -> WebhookMessage:
    names = [name for name in WebhookMessage.__struct_fields__ if name != "body"]
    return WebhookMessage(**{name: row[name] for name in names}, body=row["payload"].decode())


async def list_event_types(call: Call[None, None]) -> Reply:
    """Every type of message with its meaning, a JSON Schema of its body and an example."""
    items = [EventType(**event_type) for event_type in call.context.event_types]
    return Reply(body=EventTypeList(items=items, filters=list(FILTERS)))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/webhooks/event-types",
        name="listEventTypes",
        tag="webhooks",
        permission="webhooks:read",
        summary="List the types of message, with schemas and examples",
        handler=list_event_types,
        response=EventTypeList,
    ),
    Operation(
        method="GET",
        path="/v1/webhooks/messages",
        name="listMessages",
        tag="webhooks",
        permission="webhooks:read",
        summary="Follow all messages without an endpoint",
        handler=list_messages,
        query=ListMessages,
        response=MessagePage,
    ),
)
