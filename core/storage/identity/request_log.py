"""Rows of the request log: the API calls of an organisation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

_INSERT = """
insert into request_log (org_id, entry_id, created_at, method, route, status, problem, took_ms, request_id, actor,
                         key_id, address)
select $1::uuid, gen_random_uuid(), *
from unnest($2::timestamptz[], $3::text[], $4::text[], $5::int[], $6::text[], $7::float[], $8::text[], $9::text[],
            $10::uuid[], $11::text[])
"""
_LIST = """
select * from request_log where org_id = $1
  and ($2::text is null or actor = $2) and ($3::text is null or method = $3) and ($4::text is null or route = $4)
  and ($5::int is null or status >= $5) and ($6::int is null or status <= $6)
  and ($7::text is null or request_id = $7)
  and ($8::timestamptz is null or created_at >= $8) and ($9::timestamptz is null or created_at < $9)
  and ($10::timestamptz is null or (created_at, entry_id) < ($10, $11::uuid))
order by created_at desc, entry_id desc limit $12
"""


class LoggedRequest(Value, frozen=True, kw_only=True):
    """One request that was answered."""

    org_id: UUID
    created_at: dt.datetime
    """When it came."""
    method: str
    route: str
    """The template of its path."""
    status: int
    problem: str
    """Code of the problem; empty without request."""
    took_ms: float
    """Until the answer was complete."""
    request_id: str
    actor: Actor
    key_id: UUID | None
    address: str


class RequestFilter(Value, frozen=True, kw_only=True):
    """Requests to list; None: any."""

    actor: str | None = None
    method: str | None = None
    route: str | None = None
    min_status: int | None = None
    max_status: int | None = None
    request_id: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


async def insert_requests(connection: Connection, org_id: UUID, logged: Sequence[LoggedRequest]) -> None:
    """Add requests of one organisation."""
    await connection.execute(
        _INSERT,
        org_id,
        [request.created_at for request in logged],
        [request.method for request in logged],
        [request.route for request in logged],
        [request.status for request in logged],
        [request.problem for request in logged],
        [request.took_ms for request in logged],
        [request.request_id for request in logged],
        [str(request.actor) for request in logged],
        [request.key_id for request in logged],
        [request.address for request in logged],
    )


async def list_request_rows(
    connection: Connection,
    org_id: UUID,
    request_filter: RequestFilter,
    *,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Requests, newest first."""
    place = after or (None, None)
    rows: list[Row] = await connection.fetch(
        _LIST,
        org_id,
        request_filter.actor,
        request_filter.method,
        request_filter.route,
        request_filter.min_status,
        request_filter.max_status,
        request_filter.request_id,
        request_filter.since,
        request_filter.until,
        *place,
        limit,
    )
    return rows
