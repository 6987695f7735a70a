"""Rows of notifications: written with what they tell of, planned once by the relay's process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from core.infra.postgres.connection import Connection, Row

_INSERT = """
insert into notifications (notification_id, org_id, user_id, kind, project_id, subject_id, details, at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
"""
_TAKE = """
select notification_id, org_id, user_id, kind, project_id, subject_id, details, at from notifications
where planned_at is null order by created_at for update skip locked limit 1
"""
_FACTS = """
select n.kind, n.org_id, n.project_id, n.subject_id, n.details, n.at, o.name as organisation, p.title,
  p.state as project_state, p.failure_detail, p.nothing_found_reason, e.url, k.name as key_name, k.last4,
  k.expires_at, k.revoked_at, x.failure_detail as export_detail,
  u.name as person_name, u.email as person_email
from notifications n left join orgs o on o.org_id = n.org_id
left join projects p on p.org_id = n.org_id and p.project_id = n.project_id
left join webhook_endpoints e on e.org_id = n.org_id and e.endpoint_id = n.subject_id
left join api_keys k on k.org_id = n.org_id and k.key_id = n.subject_id
left join exports x on x.org_id = n.org_id and x.export_id = n.subject_id
left join users u on u.user_id = n.subject_id
where n.notification_id = $1
"""
_EXPIRING_KEYS = """
select org_id, key_id, expires_at from api_keys
where revoked_at is null and expires_at > $1 and expires_at <= $2
"""


async def insert_notification(
    connection: Connection,
    notification_id: UUID,
    *,
    kind: str,
    at: dt.datetime,
    org_id: UUID | None = None,
    user_id: UUID | None = None,
    project_id: UUID | None = None,
    subject_id: UUID | None = None,
    details: Mapping[str, str | int] | None = None,
) -> None:
    """Add what happened to an organisation or to a person's account, once; the relay plans whom it tells."""
    await connection.execute(_INSERT, notification_id, org_id, user_id, kind, project_id, subject_id, details or {}, at)


async def take_due_notification(connection: Connection) -> Row | None:
    """Lock the oldest notification that is neither planned nor locked; None without one."""
    return await connection.fetchrow(_TAKE)


async def mark_planned(connection: Connection, notification_id: UUID) -> None:
    """Write that the receivers of a notification were chosen."""
    await connection.execute("update notifications set planned_at = now() where notification_id = $1", notification_id)


async def read_fact_row(connection: Connection, notification_id: UUID) -> Row | None:
    """What a notification is about, as its rows are now."""
    return await connection.fetchrow(_FACTS, notification_id)


async def list_expiring_keys(connection: Connection, now: dt.datetime, until: dt.datetime) -> list[Row]:
    """Keys of every organisation that expire until then."""
    rows: list[Row] = await connection.fetch(_EXPIRING_KEYS, now, until)
    return rows
