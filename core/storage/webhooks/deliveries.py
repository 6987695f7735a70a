"""Rows of deliveries of webhooks, and of the tries that were made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from core.storage.webhooks.endpoints import SigningKey
from schemas.common import Value

DeliveryState = Literal["pending", "delivered", "failed"]
_INSERT = """
insert into deliveries (org_id, delivery_id, endpoint_id, project_id, event_id, event_type, payload, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning 1
"""
_READ = """
select d.state, d.payload, d.project_id, d.event_type, d.replays, coalesce(d.opened_at, d.created_at) as opened_at,
  w.endpoint_id, w.url, w.signing, w.public_key, w.secret_encrypted as sealed, w.disabled_at, w.paused_at,
  w.paused_until, w.pauses
from deliveries d join webhook_endpoints w using (org_id, endpoint_id)
where d.org_id = $1 and d.delivery_id = $2
"""
_FORMER = """
select signing, public_key, secret_encrypted as sealed from webhook_former_secrets
where org_id = $1 and endpoint_id = $2 and expires_at > $3 order by expires_at desc, secret_id
"""
_RECORD = """
update deliveries set state = $3, attempt = $4, response_status = $5, last_error = $6, next_try_at = $8,
  finished_at = case when $3 = 'pending' then null else $7::timestamptz end
where org_id = $1 and delivery_id = $2 and state = 'pending' and replays = $9 returning 1
"""
_POSTPONE = """
update deliveries set next_try_at = $4
where org_id = $1 and delivery_id = $2 and state = 'pending' and replays = $3
"""
_LOG = """
insert into delivery_attempts (org_id, delivery_id, replays, attempt, at, url, request_headers, response_status,
  response_body, error, latency_ms, next_try_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing
"""
_REVIVE = """
with reopened as (
  update deliveries set state = 'pending', finished_at = null
  where org_id = $1 and delivery_id = $2 and state = 'failed' returning endpoint_id)
update webhook_endpoints set paused_until = null where org_id = $1 and endpoint_id in (select endpoint_id from reopened)
returning endpoint_id
"""
_REPLAY = """
update deliveries set state = 'pending', replays = replays + 1, attempt = 0, opened_at = $4, finished_at = null,
  next_try_at = null
where org_id = $1 and endpoint_id = $2 and delivery_id = any($3::uuid[]) and state <> 'pending'
  and not exists (
    select 1 from projects p where p.org_id = deliveries.org_id and p.project_id = deliveries.project_id
      and p.state in ('cancelled', 'erased'))
returning delivery_id, project_id, replays
"""
_FAILED = """
select delivery_id from deliveries
where org_id = $1 and endpoint_id = $2 and state = 'failed' and finished_at >= $3
  and ($4::timestamptz is null or finished_at < $4)
  and not exists (
    select 1 from projects p where p.org_id = deliveries.org_id and p.project_id = deliveries.project_id
      and p.state in ('cancelled', 'erased'))
order by finished_at, delivery_id limit $5
"""
_LIST = """
select * from deliveries
where org_id = $1 and endpoint_id = $2 and ($3::text is null or state = $3)
  and ($4::text is null or event_type = $4) and ($5::timestamptz is null or created_at >= $5)
  and ($6::timestamptz is null or created_at < $6)
  and ($7::timestamptz is null or (created_at, delivery_id) < ($7, $8::uuid))
order by created_at desc, delivery_id desc limit $9
"""


class DeliveryRecord(Value, frozen=True, kw_only=True):
    """A delivery and its receiver."""

    state: DeliveryState
    payload: bytes
    project_id: UUID | None
    event_type: str
    replays: int
    """Replays so far."""
    opened_at: dt.datetime
    """When it became due, or was last replayed."""
    endpoint_id: UUID
    url: str
    keys: tuple[SigningKey, ...]
    """Secrets that sign, the newest first."""
    disabled_at: dt.datetime | None
    paused_at: dt.datetime | None
    """Since when a person lets it rest."""
    paused_until: dt.datetime | None
    """Until when nothing is sent to the receiver, which fails."""
    pauses: int
    """How often it was paused since it last took a delivery."""


class AttemptRecord(Value, frozen=True, kw_only=True):
    """One try that was made."""

    replays: int
    attempt: int
    """Number of the try, from 1."""
    at: dt.datetime
    url: str
    request_headers: Mapping[str, str]
    """Without signatures."""
    response_status: int | None
    response_body: str
    error: str | None
    """None: the message was taken."""
    latency_ms: int
    next_try_at: dt.datetime | None


async def insert_delivery(
    connection: Connection,
    org_id: UUID,
    delivery_id: UUID,
    *,
    endpoint_id: UUID,
    project_id: UUID | None,
    event_id: UUID,
    event_type: str,
    payload: bytes,
    at: dt.datetime,
) -> bool:
    """Add a delivery; False where it is there already."""
    values = (org_id, delivery_id, endpoint_id, project_id, event_id, event_type, payload, at)
    return await connection.fetchval(_INSERT, *values) is not None


async def read_delivery(
    connection: Connection, org_id: UUID, delivery_id: UUID, at: dt.datetime
) -> DeliveryRecord | None:
    """A delivery with its receiver, and the secrets that sign at a moment; None where either is gone."""
    row = await connection.fetchrow(_READ, org_id, delivery_id)
    if row is None:
        return None
    former = await connection.fetch(_FORMER, org_id, row["endpoint_id"], at)
    keys = [{name: key[name] for name in SigningKey.__struct_fields__} for key in (row, *former)]
    return msgspec.convert({**dict(row), "keys": keys}, DeliveryRecord)


async def record_try(
    connection: Connection,
    org_id: UUID,
    delivery_id: UUID,
    *,
    state: DeliveryState,
    replays: int,
    attempt: int,
    status: int | None,
    error: str | None,
    at: dt.datetime,
    next_try_at: dt.datetime | None,
) -> bool:
    """Write how a try of a pending delivery went; False where it had ended, or was replayed, already.

    ``status`` is None where the receiver gave no answer.
    """
    values = (org_id, delivery_id, state, attempt, status, error, at, next_try_at, replays)
    return await connection.fetchval(_RECORD, *values) is not None


async def postpone(
    connection: Connection, org_id: UUID, delivery_id: UUID, replays: int, next_try_at: dt.datetime
) -> None:
    """Note when a pending delivery is looked at again."""
    await connection.execute(_POSTPONE, org_id, delivery_id, replays, next_try_at)


async def insert_attempt(connection: Connection, org_id: UUID, delivery_id: UUID, attempt: AttemptRecord) -> None:
    """Add a try to the log; one with the same number is not written again."""
    await connection.execute(
        _LOG,
        org_id,
        delivery_id,
        attempt.replays,
        attempt.attempt,
        attempt.at,
        attempt.url,
        dict(attempt.request_headers),
        attempt.response_status,
        attempt.response_body,
        attempt.error,
        attempt.latency_ms,
        attempt.next_try_at,
    )


async def revive_delivery(connection: Connection, org_id: UUID, delivery_id: UUID) -> UUID | None:
    """Let a delivery whose try became a dead letter go on, at once also where its endpoint is paused.

    Returns:
        Its endpoint; None where there is no such delivery.
    """
    endpoint_id: UUID | None = await connection.fetchval(_REVIVE, org_id, delivery_id)
    return endpoint_id


async def begin_replays(
    connection: Connection, org_id: UUID, endpoint_id: UUID, delivery_ids: list[UUID], at: dt.datetime
) -> list[Row]:
    """Begin a replay of deliveries that have ended; gives id, project and number of replays of each.

    Those of projects that are cancelled or erased are left out.
    """
    rows: list[Row] = await connection.fetch(_REPLAY, org_id, endpoint_id, delivery_ids, at)
    return rows


async def list_failed_ids(
    connection: Connection,
    org_id: UUID,
    endpoint_id: UUID,
    *,
    since: dt.datetime,
    until: dt.datetime | None,
    limit: int,
) -> list[UUID]:
    """Deliveries that failed in a time and can be replayed, in the order of their ends."""
    rows = await connection.fetch(_FAILED, org_id, endpoint_id, since, until, limit)
    return [row["delivery_id"] for row in rows]


async def list_delivery_rows(
    connection: Connection,
    org_id: UUID,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    event_type: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Deliveries to an endpoint, newest first; ``after`` is creation time and id of the last one seen."""
    place = after or (None, None)
    rows: list[Row] = await connection.fetch(_LIST, org_id, endpoint_id, state, event_type, since, until, *place, limit)
    return rows


async def find_delivery_row(connection: Connection, org_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> Row | None:
    """One delivery of an endpoint, or None."""
    return await connection.fetchrow(
        "select * from deliveries where org_id = $1 and endpoint_id = $2 and delivery_id = $3",
        org_id,
        endpoint_id,
        delivery_id,
    )


async def find_existing_ids(connection: Connection, org_id: UUID, delivery_ids: list[UUID]) -> frozenset[UUID]:
    """Those of the deliveries that are there."""
    rows = await connection.fetch(
        "select delivery_id from deliveries where org_id = $1 and delivery_id = any($2::uuid[])", org_id, delivery_ids
    )
    return frozenset(row["delivery_id"] for row in rows)


async def list_attempts(connection: Connection, org_id: UUID, delivery_id: UUID) -> list[AttemptRecord]:
    """The tries of a delivery, oldest first."""
    rows = await connection.fetch(
        "select * from delivery_attempts where org_id = $1 and delivery_id = $2 order by replays, attempt",
        org_id,
        delivery_id,
    )
    return [msgspec.convert(dict(row), AttemptRecord) for row in rows]
