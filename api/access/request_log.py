"""The request log: the API calls of the organisation in the last 30 days."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.access.audit import ActorText
from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import FieldError
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Row
from core.storage.identity.request_log import RequestFilter, list_request_rows

Method = Literal["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]


class ListRequests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of the request log."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    actor: ActorText | None = None
    """Only requests of this actor: its kind and id with a colon between them."""
    method: Method | None = None
    """Only this method."""
    route: Annotated[str, Meta(max_length=100)] | None = None
    """Only this path, as the OpenAPI document writes it."""
    min_status: Annotated[int, Meta(ge=0, le=599)] | None = None
    """Only answers with this status or a higher one."""
    max_status: Annotated[int, Meta(ge=0, le=599)] | None = None
    """Only answers with this status or a lower one."""
    request_id: Annotated[str, Meta(max_length=64)] | None = None
    """Only the request with this id."""
    since: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Only from this time on."""
    until: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Only before this time."""


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the API, and how it was answered."""

    created_at: dt.datetime
    """Time at which it came."""
    method: str
    """Method of the request."""
    route: str
    """Its path, as the OpenAPI document writes it."""
    status: int
    """HTTP status of the answer; 0: the client went away before it."""
    problem: str | None
    """Code of the problem; null: there was none."""
    took_ms: float
    """Time until the answer was complete, in ms."""
    request_id: str
    actor: Actor
    """Who called."""
    key_id: UUID | None
    """The API key that the actor used; null: none."""
    address: str
    """Address that the request came from."""


class RequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, newest first. ``next_cursor`` is absent on the last page."""

    items: list[Requested]
    next_cursor: str | None = None


def _view(row: Row) -> Requested:
    fields: dict[str, Any] = {name: row[name] for name in Requested.__struct_fields__}
    derived = {
        "actor": parse_actor(row["actor"]),
        "problem": row["problem"] or None,
        "took_ms": round(row["took_ms"], 1),
    }
    return Requested(**fields | derived)


def range_errors(query: ListRequests) -> list[FieldError]:
    """Errors where a range holds nothing."""
    errors = []
    if query.since is not None and query.until is not None and query.since >= query.until:
        errors.append(FieldError(pointer="?until", detail="It must lie after `since`."))
    if query.min_status is not None and query.max_status is not None and query.min_status > query.max_status:
        errors.append(FieldError(pointer="?max_status", detail="It must be `min_status` or more."))
    return errors


async def list_requests(call: Call[None, ListRequests]) -> Reply:
    """Requests of the organisation, newest first."""
    query, ring = call.query, call.context.ring
    request_filter = RequestFilter(**{name: getattr(query, name) for name in RequestFilter.__struct_fields__})
    scope = f"requests/{call.org_id}/{msgspec.json.encode(request_filter).decode()}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        request_rows = await list_request_rows(
            rows, call.org_id, request_filter, after=place_of(after), limit=query.limit + 1
        )
    cursor = next_cursor(ring, scope, request_rows, query.limit, "entry_id")
    return Reply(body=RequestPage(items=[_view(row) for row in request_rows[: query.limit]], next_cursor=cursor))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/requests",
        name="listRequests",
        tag="audit",
        permission="audit:read",
        summary="List the API calls of the organisation, newest first",
        handler=list_requests,
        query=ListRequests,
        check=range_errors,
        response=RequestPage,
        problems=("cursor-invalid",),
    ),
)
