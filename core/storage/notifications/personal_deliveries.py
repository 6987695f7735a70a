"""Rows of what one person gets: web pushes with their tries, and lines of the daily mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

_ADD_LINE = """
insert into notification_deliveries (delivery_id, notification_id, user_id, org_id, due_at)
values ($1, $2, $3, $4, $5) on conflict do nothing
"""
_ADD_PUSHES = """
insert into notification_deliveries (delivery_id, notification_id, user_id, org_id, subscription_id, host, due_at)
select gen_random_uuid(), $1, $2, $3, s.subscription_id, s.host, now() from push_subscriptions s
join sessions on sessions.session_id = s.session_id and sessions.revoked_at is null and sessions.expires_at > now()
where s.user_id = $2
"""
_TAKE_PUSHES = """
update notification_deliveries set tries = tries + 1, due_at = now() + make_interval(secs => $2)
where delivery_id = any(array(
  select delivery_id from notification_deliveries
  where state = 'due' and due_at <= now() and subscription_id is not null and not host = any($3::text[])
  order by due_at limit $1 for update skip locked))
returning delivery_id, notification_id, subscription_id, host, tries, created_at
"""
_SUBSCRIPTIONS = """
select s.subscription_id, s.sealed, o.revoked_at is null and o.expires_at > now() as open
from push_subscriptions s join sessions o on o.session_id = s.session_id where s.subscription_id = any($1)
"""
_TAKE_DIGEST = """
select user_id, org_id from notification_deliveries
where state = 'due' and subscription_id is null and due_at <= now() order by due_at limit 1 for update skip locked
"""
_END_LINES = """
with ended as (update notification_deliveries set state = 'sent'
  where user_id = $1 and org_id is not distinct from $2 and state = 'due' and subscription_id is null
    and due_at <= now()
  returning notification_id)
select n.notification_id, n.project_id from ended join notifications n using (notification_id)
order by n.at, n.notification_id
"""


class DuePush(Value, frozen=True, kw_only=True):
    """A web push that is taken for one try."""

    delivery_id: UUID
    notification_id: UUID
    subscription_id: UUID
    tries: int
    created_at: dt.datetime
    host: str
    sealed: bytes
    open: bool
    """Whether the session of its browser is."""


async def add_digest_line(
    connection: Connection,
    delivery_id: UUID,
    notification_id: UUID,
    user_id: UUID,
    org_id: UUID | None,
    due_at: dt.datetime,
) -> None:
    """Add a notification to a person's daily mail."""
    await connection.execute(_ADD_LINE, delivery_id, notification_id, user_id, org_id, due_at)


async def add_pushes(connection: Connection, notification_id: UUID, user_id: UUID, org_id: UUID | None) -> None:
    """Add a push for each browser of a person whose session is open."""
    await connection.execute(_ADD_PUSHES, notification_id, user_id, org_id)


async def take_due_pushes(connection: Connection, limit: int, lease_s: float, resting: Sequence[str]) -> list[DuePush]:
    """Take pushes that are due, but for resting hosts; each is due again after ``lease_s``, until it ends."""
    push_rows: list[Row] = await connection.fetch(_TAKE_PUSHES, limit, lease_s, list(resting))
    rows = await connection.fetch(_SUBSCRIPTIONS, [row["subscription_id"] for row in push_rows])
    subscriptions = {row["subscription_id"]: dict(row) for row in rows}
    # one that is missing was removed meanwhile, and its pushes with it
    return [
        DuePush(**(dict(row) | subscriptions[row["subscription_id"]]))
        for row in push_rows
        if row["subscription_id"] in subscriptions
    ]


async def end_push(
    connection: Connection, delivery_id: UUID, state: Literal["sent", "failed"], error: str | None = None
) -> None:
    """Write how a push ended."""
    await connection.execute(
        "update notification_deliveries set state = $2, last_error = $3 where delivery_id = $1 and state = 'due'",
        delivery_id,
        state,
        error,
    )


async def postpone_push(connection: Connection, delivery_id: UUID, due_at: dt.datetime, error: str) -> None:
    """Let a push be tried again then."""
    await connection.execute(
        "update notification_deliveries set due_at = $2, last_error = $3 where delivery_id = $1 and state = 'due'",
        delivery_id,
        due_at,
        error,
    )


async def forget_subscription(connection: Connection, subscription_id: UUID) -> None:
    """Delete a browser with all that is due to it."""
    await connection.execute("delete from push_subscriptions where subscription_id = $1", subscription_id)


async def take_due_digest(connection: Connection) -> Row | None:
    """Person and organisation of a daily mail that is due; one of its lines is locked."""
    return await connection.fetchrow(_TAKE_DIGEST)


async def end_digest_lines(connection: Connection, user_id: UUID, org_id: UUID | None) -> tuple[list[UUID], list[UUID]]:
    """End the lines of a daily mail; returns their notifications, oldest first, and their projects."""
    rows = await connection.fetch(_END_LINES, user_id, org_id)
    projects = {row["project_id"] for row in rows} - {None}
    return [row["notification_id"] for row in rows], sorted(projects)


async def count_due(connection: Connection) -> dict[str, int]:
    """Numbers of notifications that wait to be planned, and of pushes that are due."""
    row = await connection.fetchrow(
        """select (select count(*) from notifications where planned_at is null) as planned,
             (select count(*) from notification_deliveries
              where state = 'due' and subscription_id is not null and due_at <= now()) as push"""
    )
    return {"unplanned": row["planned"], "push": row["push"]}
