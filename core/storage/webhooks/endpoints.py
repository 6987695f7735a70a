"""Rows of webhook endpoints: their addresses, filters, secrets and circuits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.domain.webhooks.signatures import Signing
from core.infra.postgres.connection import Connection, Row
from schemas.common import Value
from schemas.webhooks import DisabledReason, filters_of

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7303))"
"""Two requests that register an endpoint at the same time count one after the other."""
_FIND = "select * from webhook_endpoints where org_id = $1 and endpoint_id = $2"
_FIND_LOCKED = "select * from webhook_endpoints where org_id = $1 and endpoint_id = $2 for key share"
_FIND_TO_CHANGE = "select * from webhook_endpoints where org_id = $1 and endpoint_id = $2 for no key update"
_INSERT = """
insert into webhook_endpoints (org_id, endpoint_id, url, description, events, signing, public_key, secret_encrypted)
values ($1, $2, $3, $4, $5, $6, $7, $8) returning *
"""
_UPDATE = """
update webhook_endpoints set url = coalesce($3, url), description = coalesce($4, description),
  events = coalesce($5::text[], events),
  paused_at = case when $6::boolean then coalesce(paused_at, $7) when $6 is null then paused_at end
where org_id = $1 and endpoint_id = $2 returning *
"""
"""A value that is null stays."""
_ENABLE = """
update webhook_endpoints set paused_at = null, disabled_at = null, disabled_reason = null, failures = 0,
  failing_since = null, pauses = 0, paused_until = null
where org_id = $1 and endpoint_id = $2 returning *
"""
_REPLACE_KEY = """
update webhook_endpoints set signing = $3, public_key = $4, secret_encrypted = $5
where org_id = $1 and endpoint_id = $2 returning *
"""
_KEEP_FORMER = """
insert into webhook_former_secrets
  (org_id, endpoint_id, secret_id, signing, public_key, secret_encrypted, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_SUBSCRIBERS = """
select endpoint_id from webhook_endpoints
where org_id = $1 and disabled_at is null and paused_at is null and events && $2::text[]
order by endpoint_id for key share
"""
_DISABLE = """
update webhook_endpoints set disabled_at = $3, disabled_reason = $4
where org_id = $1 and endpoint_id = $2 and disabled_at is null returning *
"""
_COUNT_FAILURE = """
update webhook_endpoints set failures = failures + 1, failing_since = coalesce(failing_since, $3),
  pauses = pauses + (failures + 1 >= $4 and coalesce(paused_until <= $3, true))::int,
  paused_until = case when failures + 1 >= $4 and coalesce(paused_until <= $3, true) then $5 else paused_until end
where org_id = $1 and endpoint_id = $2 returning paused_until, failing_since, failures
"""
"""A failure of a delivery that was under way when the pause began does not make it longer."""
_CLOSE_CIRCUIT = """
update webhook_endpoints set failures = 0, failing_since = null, pauses = 0, paused_until = null
where org_id = $1 and endpoint_id = $2 and failures > 0
"""
_END_PAUSE = "update webhook_endpoints set paused_until = null where org_id = $1 and endpoint_id = $2"


class Circuit(Value, frozen=True, kw_only=True):
    """How an endpoint fares after a try that failed."""

    paused_until: dt.datetime | None
    failing_since: dt.datetime
    failures: int
    """Tries in a row that failed."""


class SigningKey(Value, frozen=True, kw_only=True):
    """A secret of an endpoint; ``sealed`` opens by the key ring."""

    signing: Signing
    public_key: str | None
    sealed: bytes


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
    description: str,
    filters: Sequence[str],
    key: SigningKey,
) -> Row:
    """Add an endpoint and return its row."""
    return await connection.fetchrow(
        _INSERT, org_id, endpoint_id, url, description, list(filters), key.signing, key.public_key, key.sealed
    )


async def update_endpoint(
    connection: Connection,
    org_id: UUID,
    endpoint_id: UUID,
    *,
    url: str | None,
    description: str | None,
    filters: Sequence[str] | None,
    paused: bool | None,
    at: dt.datetime,
) -> Row | None:
    """Change what is not None and return the row; None where there is no such endpoint."""
    return await connection.fetchrow(_UPDATE, org_id, endpoint_id, url, description, filters, paused, at)


async def enable_endpoint(connection: Connection, org_id: UUID, endpoint_id: UUID) -> Row | None:
    """Let an endpoint take messages again, whatever had stopped it; None where there is no such endpoint."""
    return await connection.fetchrow(_ENABLE, org_id, endpoint_id)


async def list_endpoint_rows(connection: Connection, org_id: UUID) -> list[Row]:
    """All endpoints of an organisation, oldest first."""
    rows: list[Row] = await connection.fetch(
        "select * from webhook_endpoints where org_id = $1 order by created_at, endpoint_id", org_id
    )
    return rows


async def find_endpoint_row(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, locked: bool = False
) -> Row | None:
    """One endpoint, or None; ``locked``: it is there until the transaction ends."""
    return await connection.fetchrow(_FIND_LOCKED if locked else _FIND, org_id, endpoint_id)


async def lock_endpoint_row(connection: Connection, org_id: UUID, endpoint_id: UUID) -> Row | None:
    """One endpoint, or None; it is locked until the transaction ends."""
    return await connection.fetchrow(_FIND_TO_CHANGE, org_id, endpoint_id)


async def delete_endpoint(connection: Connection, org_id: UUID, endpoint_id: UUID) -> bool:
    """Remove an endpoint with its deliveries; False if it does not exist."""
    gone = await connection.fetchval(
        "delete from webhook_endpoints where org_id = $1 and endpoint_id = $2 returning 1", org_id, endpoint_id
    )
    return gone is not None


async def replace_secret(
    connection: Connection, endpoint: Row, key: SigningKey, *, former_id: UUID, former_until: dt.datetime
) -> Row:
    """Give an endpoint another secret; the one before signs too until ``former_until``. Returns the row."""
    owner = (endpoint["org_id"], endpoint["endpoint_id"])
    await connection.execute(
        _KEEP_FORMER,
        *owner,
        former_id,
        endpoint["signing"],
        endpoint["public_key"],
        endpoint["secret_encrypted"],
        former_until,
    )
    return await connection.fetchrow(_REPLACE_KEY, *owner, key.signing, key.public_key, key.sealed)


async def end_former_secrets(connection: Connection, org_id: UUID, endpoint_id: UUID, at: dt.datetime) -> None:
    """Remove former secrets that expire before ``at``."""
    await connection.execute(
        "delete from webhook_former_secrets where org_id = $1 and endpoint_id = $2 and expires_at <= $3",
        org_id,
        endpoint_id,
        at,
    )


async def list_former_secret_rows(connection: Connection, org_id: UUID, at: dt.datetime) -> Mapping[UUID, list[Row]]:
    """Former secrets of all endpoints that still sign at a moment, the newest first, by endpoint."""
    rows = await connection.fetch(
        """select * from webhook_former_secrets where org_id = $1 and expires_at > $2
           order by expires_at desc, secret_id""",
        org_id,
        at,
    )
    by_endpoint: dict[UUID, list[Any]] = {}
    for row in rows:
        by_endpoint.setdefault(row["endpoint_id"], []).append(row)
    return by_endpoint


async def lock_subscribers(connection: Connection, org_id: UUID, event_type: str) -> list[UUID]:
    """Endpoints that ask for a type of message and take some, kept until the transaction ends.

    Without the lock an endpoint deleted in between would fail the insert of all deliveries.
    """
    rows = await connection.fetch(_SUBSCRIBERS, org_id, filters_of(event_type))
    return [row["endpoint_id"] for row in rows]


async def disable_endpoint(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, reason: DisabledReason, at: dt.datetime
) -> Row | None:
    """Stop deliveries to an endpoint; None where that was done already."""
    return await connection.fetchrow(_DISABLE, org_id, endpoint_id, at, reason)


async def count_failure(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, at: dt.datetime, most: int, pause_end: dt.datetime
) -> Circuit | None:
    """Count a try that failed; ``most`` in a row pause the endpoint. None where it was removed."""
    row = await connection.fetchrow(_COUNT_FAILURE, org_id, endpoint_id, at, most, pause_end)
    return Circuit(**dict(row)) if row is not None else None


async def close_circuit(connection: Connection, org_id: UUID, endpoint_id: UUID) -> None:
    """Forget the failures of an endpoint that took a delivery."""
    await connection.execute(_CLOSE_CIRCUIT, org_id, endpoint_id)


async def end_pause(connection: Connection, org_id: UUID, endpoint_id: UUID) -> None:
    """Let deliveries go to a failing endpoint at once: somebody asked for them."""
    await connection.execute(_END_PAUSE, org_id, endpoint_id)
