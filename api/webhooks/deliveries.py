"""The log of deliveries to a webhook endpoint: list, read, send again, and recover what was missed."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, require
from api.webhooks.endpoint_actions import require_enabled
from api.webhooks.endpoints import find_endpoint
from core.infra.postgres.connection import Row
from core.services.webhooks import recovery
from core.storage.webhooks import deliveries, messages
from core.storage.webhooks.deliveries import DeliveryState
from schemas.webhooks import MessageType

Moment = Annotated[dt.datetime, Meta(tz=True)]


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one endpoint."""

    delivery_id: UUID
    endpoint_id: UUID
    project_id: UUID | None
    """Id of the project; null for a message about an endpoint."""
    event_id: UUID
    """Id of the event, the same for all endpoints."""
    event_type: MessageType
    """Type of the message."""
    state: DeliveryState
    """`pending`: it is on its way, or waits for its next try."""
    attempt: int
    """Tries that were made since it became due, or was last replayed."""
    replays: int
    """How often it was replayed."""
    response_status: int | None
    """HTTP status of the last answer; null without one."""
    last_error: str | None
    """Why the last try failed; null where it succeeded, or before the first."""
    created_at: dt.datetime
    next_try_at: dt.datetime | None
    """When it is tried next; null: at once, or it has ended."""
    finished_at: dt.datetime | None
    """When it arrived or was given up; null before."""


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try, as it was made."""

    replays: int
    """Number of the replay that it belongs to; 0: none."""
    attempt: int
    """Number of the try in its replay, from 1."""
    at: dt.datetime
    """When its answer, or its failure, was noted."""
    url: str
    """URL that was called."""
    request_headers: dict[str, str]
    """Headers that were sent, without the signatures."""
    response_status: int | None
    """HTTP status of the answer; null without one."""
    response_body: str
    """First 2 KiB of the answer, as text; what is no text is replaced."""
    error: str | None
    """Why it failed; null where the message was taken."""
    latency_ms: int
    """Time until the answer was read, or until it failed, in ms."""
    next_try_at: dt.datetime | None
    """When the next try was due; null after the last."""


class DeliveryDetail(DeliverySummary, frozen=True, kw_only=True):
    """A delivery with its body and its tries."""

    body: str
    """Body of each try, byte for byte as it was signed."""
    attempts: list[DeliveryAttempt]
    """Tries that were made, oldest first."""


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, newest first."""

    items: list[DeliverySummary]
    next_cursor: str | None = None


class ListDeliveries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of a list of deliveries."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    state: DeliveryState | None = None
    """Only in this state."""
    event_type: MessageType | None = None
    """Only of this type."""
    since: Moment | None = None
    """Only those that became due at this moment or later."""
    until: Moment | None = None
    """Only those that became due before."""


class TimeWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time, of which at most 500 deliveries are taken at once."""

    since: Moment
    """Start of the time window; included."""
    until: Moment | None = None
    """End of the time window; not included. Null: now."""


class Redelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that are on their way again."""

    count: int
    """Number of deliveries."""
    has_more: bool
    """Whether there are more: ask once more."""


async def list_deliveries(call: Call[None, ListDeliveries]) -> Reply:
    """Deliveries to an endpoint, newest first, of the last 30 days."""
    query, ring, endpoint_id = call.query, call.context.ring, call.ids["endpoint_id"]
    filters = f"{query.state}/{query.event_type}/{query.since}/{query.until}"
    scope = f"deliveries/{call.org_id}/{endpoint_id}/{filters}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        await find_endpoint(rows, call)
        listed = await deliveries.list_delivery_rows(
            rows,
            call.org_id,
            endpoint_id,
            state=query.state,
            event_type=query.event_type,
            since=query.since,
            until=query.until,
            after=place_of(after),
            limit=query.limit + 1,
        )
    cursor = next_cursor(ring, scope, listed, query.limit, "delivery_id")
    items = [DeliverySummary(**_fields(row)) for row in listed[: query.limit]]
    return Reply(body=DeliveryPage(items=items, next_cursor=cursor))


async def get_delivery(call: Call[None, None]) -> Reply:
    """Read a delivery with its body and each of its tries."""
    async with call.rows() as rows:
        row = await _find_delivery(rows, call)
        attempts = await deliveries.list_attempts(rows, call.org_id, row["delivery_id"])
    body = DeliveryDetail(
        **_fields(row),
        body=row["payload"].decode(),
        attempts=[DeliveryAttempt(**msgspec.structs.asdict(attempt)) for attempt in attempts],
    )
    return Reply(body=body)


async def replay_delivery(call: Call[None, None]) -> Reply:
    """Send a delivery that has ended once more, with its id, its body and all ten tries."""
    async with call.rows() as rows:
        endpoint = await find_endpoint(rows, call, locked=True)
        require_enabled(endpoint)
        row = await _find_delivery(rows, call)
        if row["state"] == "pending":
            raise ApiProblem("not-replayable", "The delivery is still on its way.")
        if not await recovery.replay(rows, endpoint, [row["delivery_id"]], call.cause(row["delivery_id"])):
            raise ApiProblem("not-replayable", "Its project was cancelled, or the delivery was replayed meanwhile.")
        return Reply(body=DeliverySummary(**_fields(await _find_delivery(rows, call))))


async def replay_failed(call: Call[TimeWindow, None]) -> Reply:
    """Send once more what failed in a time, at most 500 deliveries at once, the first failure first."""
    async with call.rows() as rows:
        endpoint = await find_endpoint(rows, call, locked=True)
        require_enabled(endpoint)
        cause = call.cause(endpoint["endpoint_id"])
        outcome = await recovery.replay_failed(rows, endpoint, call.body.since, call.body.until, cause)
    return Reply(body=Redelivery(count=outcome.count, has_more=outcome.has_more))


async def prepare_recovery(call: Call[TimeWindow, None]) -> None:
    """Wait until each message that did not find the endpoint enabled is there to be recovered."""
    async with call.rows() as rows:
        require_enabled(await find_endpoint(rows, call))
    async with call.rows() as rows:
        await messages.wait_for_writers(rows, call.org_id)


async def recover_deliveries(call: Call[TimeWindow, None], _ready: None) -> Reply:
    """Deliver messages of a time that an endpoint asks for and never got, at most 500 at once.

    They became due while it was paused or disabled, did not ask for them, or did not exist. What failed is replayed
    instead.
    """
    async with call.rows() as rows:
        endpoint = await find_endpoint(rows, call, locked=True)
        require_enabled(endpoint)
        cause = call.cause(endpoint["endpoint_id"])
        outcome = await recovery.recover(rows, endpoint, call.body.since, call.body.until, cause)
    return Reply(body=Redelivery(count=outcome.count, has_more=outcome.has_more))


async def _find_delivery(rows: Any, call: Call[Any, Any]) -> Row:
    row = await deliveries.find_delivery_row(rows, call.org_id, call.ids["endpoint_id"], call.ids["delivery_id"])
    return require(row, "delivery")


def _fields(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in DeliverySummary.__struct_fields__}


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/webhooks/endpoints/{endpoint_id}/deliveries",
        name="listDeliveries",
        tag="webhooks",
        permission="webhooks:read",
        summary="List deliveries to a receiver",
        handler=list_deliveries,
        query=ListDeliveries,
        response=DeliveryPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/webhooks/endpoints/{endpoint_id}/deliveries/{delivery_id}",
        name="getDelivery",
        tag="webhooks",
        permission="webhooks:read",
        summary="Read a delivery with its tries",
        handler=get_delivery,
        response=DeliveryDetail,
    ),
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints/{endpoint_id}/deliveries/{delivery_id}/replay",
        name="replayDelivery",
        tag="webhooks",
        permission="webhooks:write",
        status=202,
        summary="Send a delivery once more",
        handler=replay_delivery,
        response=DeliverySummary,
        problems=("endpoint-not-enabled", "not-replayable"),
    ),
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints/{endpoint_id}/replay",
        name="replayFailedDeliveries",
        tag="webhooks",
        permission="webhooks:write",
        status=202,
        summary="Send what failed once more",
        handler=replay_failed,
        request=TimeWindow,
        response=Redelivery,
        problems=("endpoint-not-enabled",),
    ),
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints/{endpoint_id}/recover",
        name="recoverDeliveries",
        tag="webhooks",
        permission="webhooks:write",
        status=202,
        summary="Deliver what a receiver missed",
        handler=TwoPhaseHandler(prepare=prepare_recovery, commit=recover_deliveries),
        request=TimeWindow,
        response=Redelivery,
        problems=("endpoint-not-enabled",),
    ),
)
