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


_COUNT_FAILURE = """
update webhook_endpoints set failures = failures + 1, failing_since = coalesce(failing_since, $3),
  pauses = pauses + (failures + 1 >= $4 and coalesce(paused_until <= $3, true))::int,
  paused_until = case when failures + 1 >= $4 and coalesce(paused_until <= $3, true) then $5 else paused_until end
where org_id = $1 and endpoint_id = $2 returning paused_until
"""
"""A failure of a delivery that was under way when the pause began does not make it longer."""
_CLOSE_CIRCUIT = """
update webhook_endpoints set failures = 0, failing_since = null, pauses = 0, paused_until = null
where org_id = $1 and endpoint_id = $2 and failures > 0
"""
_REOPEN = """
with reopened as (
  update deliveries set state = 'pending', finished_at = null
  where org_id = $1 and delivery_id = $2 and state = 'failed' returning endpoint_id)
update webhook_endpoints set paused_until = null where org_id = $1 and endpoint_id in (select endpoint_id from reopened)
returning endpoint_id
"""


class DeliveryRecord(Value, frozen=True, kw_only=True):
    """A delivery and its receiver."""

    state: str
    payload: bytes
    url: str
    secret_encrypted: bytes
    disabled_at: dt.datetime | None
    """When the receiver said that it is gone."""
    endpoint_id: UUID
    created_at: dt.datetime
    paused_until: dt.datetime | None
    """Until when nothing is sent to the receiver, which fails."""
    pauses: int
    """How often it was paused since it last took a delivery."""


async def lock_and_count_endpoints(connection: Connection, org_id: UUID) -> int:
    """Number of endpoints of the organisation; it holds until the transaction ends."""
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
        """select d.state, d.payload, d.created_at, w.endpoint_id, w.url, w.secret_encrypted, w.disabled_at,
                  w.paused_until, w.pauses
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


async def count_failure(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, at: dt.datetime, most: int, pause_end: dt.datetime
) -> dt.datetime | None:
    """Count a try that failed; ``most`` in a row pause the endpoint. Returns the end of its pause."""
    paused_until: dt.datetime | None = await connection.fetchval(
        _COUNT_FAILURE, org_id, endpoint_id, at, most, pause_end
    )
    return paused_until


async def close_circuit(connection: Connection, org_id: UUID, endpoint_id: UUID) -> None:
    """Forget the failures of an endpoint that took a delivery."""
    await connection.execute(_CLOSE_CIRCUIT, org_id, endpoint_id)


async def reopen_delivery(connection: Connection, org_id: UUID, delivery_id: UUID) -> UUID | None:
    """Let a delivery that was given up be sent again, at once also where its endpoint is paused.

    Returns:
        Its endpoint; None where there is no such delivery.
    """
    endpoint_id: UUID | None = await connection.fetchval(_REOPEN, org_id, delivery_id)
    return endpoint_id
