"""Rows of webhook endpoints and of the deliveries to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7303))"
"""Two requests that register an endpoint at the same time count one after the other."""
_RECORD = """
update deliveries set state = $3, attempt = $4, response_status = $5, last_error = $6,
  finished_at = case when $3 = 'pending' then null else $7::timestamptz end
where org_id = $1 and delivery_id = $2 and state = 'pending'
"""


class DeliveryRecord(Value, frozen=True, kw_only=True):
    """A delivery and its receiver."""

    state: str
    payload: bytes
    url: str
    secret_encrypted: bytes
    disabled_at: dt.datetime | None
    """When the receiver said that it is gone."""


async def lock_and_count_endpoints(connection: Connection, org_id: UUID) -> int:
    """How many endpoints the organisation has; the number holds until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval("select count(*) from webhook_endpoints where org_id = $1", org_id)
    return count


async def insert_endpoint(
    connection: Connection,
    org_id: UUID,
    endpoint_id: UUID,
    *,
    url: str,
    event_types: Sequence[str],
    secret_encrypted: bytes,
) -> Row:
    """Add an endpoint and return its row."""
    return await connection.fetchrow(
        """insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted)
           values ($1, $2, $3, $4, $5) returning *""",
        org_id,
        endpoint_id,
        url,
        list(event_types),
        secret_encrypted,
    )


async def list_endpoint_rows(connection: Connection, org_id: UUID) -> list[Row]:
    """All endpoints of an organisation, oldest first."""
    rows: list[Row] = await connection.fetch(
        "select * from webhook_endpoints where org_id = $1 order by created_at, endpoint_id", org_id
    )
    return rows


async def find_endpoint_row(connection: Connection, org_id: UUID, endpoint_id: UUID) -> Row | None:
    """One endpoint, or None."""
    return await connection.fetchrow(
        "select * from webhook_endpoints where org_id = $1 and endpoint_id = $2", org_id, endpoint_id
    )


async def delete_endpoint(connection: Connection, org_id: UUID, endpoint_id: UUID) -> bool:
    """Remove an endpoint with its deliveries; False if it does not exist."""
    gone = await connection.fetchval(
        "delete from webhook_endpoints where org_id = $1 and endpoint_id = $2 returning 1", org_id, endpoint_id
    )
    return gone is not None


async def lock_subscribers(connection: Connection, org_id: UUID, event_type: str) -> list[UUID]:
    """Endpoints that subscribe to a type of event, kept until the transaction ends.

    Without the lock an endpoint deleted in between would fail the insert of all deliveries.
    """
    rows = await connection.fetch(
        """select endpoint_id from webhook_endpoints
           where org_id = $1 and disabled_at is null and $2 = any(events) order by endpoint_id for key share""",
        org_id,
        event_type,
    )
    return [row["endpoint_id"] for row in rows]


async def insert_delivery(
    connection: Connection,
    org_id: UUID,
    delivery_id: UUID,
    *,
    endpoint_id: UUID,
    project_id: UUID,
    event_id: UUID,
    event_type: str,
    payload: bytes,
) -> None:
    """Add a delivery; the same one again changes nothing."""
    await connection.execute(
        """insert into deliveries (org_id, delivery_id, endpoint_id, project_id, event_id, event_type, payload)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing""",
        org_id,
        delivery_id,
        endpoint_id,
        project_id,
        event_id,
        event_type,
        payload,
    )


async def read_delivery(connection: Connection, org_id: UUID, delivery_id: UUID) -> DeliveryRecord | None:
    """A delivery with its receiver; None where either is gone."""
    row = await connection.fetchrow(
        """select d.state, d.payload, w.url, w.secret_encrypted, w.disabled_at
           from deliveries d join webhook_endpoints w using (org_id, endpoint_id)
           where d.org_id = $1 and d.delivery_id = $2""",
        org_id,
        delivery_id,
    )
    return msgspec.convert(dict(row), DeliveryRecord) if row is not None else None


async def record_try(
    connection: Connection,
    org_id: UUID,
    delivery_id: UUID,
    *,
    state: str,
    attempt: int,
    status: int | None,
    error: str | None,
    at: dt.datetime,
) -> None:
    """Write how a try of a pending delivery went; ``status`` is None where the receiver gave no answer."""
    await connection.execute(_RECORD, org_id, delivery_id, state, attempt, status, error, at)


async def disable_endpoint(connection: Connection, org_id: UUID, delivery_id: UUID, at: dt.datetime) -> None:
    """Stop deliveries to the receiver of this delivery: it said that it is gone."""
    await connection.execute(
        """update webhook_endpoints w set disabled_at = $3 from deliveries d
           where d.org_id = $1 and d.delivery_id = $2 and w.org_id = d.org_id and w.endpoint_id = d.endpoint_id""",
        org_id,
        delivery_id,
        at,
    )
