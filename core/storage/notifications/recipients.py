"""Rows of recipients: members with their preferences, and the browsers that take web push."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas.access.permissions import Role
from schemas.common import Value
from schemas.notifications import MailMode, PushMode

_MEMBERS = """
select u.user_id, u.email, u.locale, m.role, o.operator, o.name as organisation, c.mail, c.push
from memberships m join users u on u.user_id = m.user_id join orgs o on o.org_id = m.org_id
left join notification_preferences c on c.user_id = m.user_id and c.org_id = m.org_id and c.kind = $2
where m.org_id = $1 and u.disabled_at is null and u.email_verified_at is not null order by u.user_id
"""
_PERSON = """
select u.user_id, u.email, u.locale, null::text as role, false as operator, '' as organisation, c.mail, c.push
from users u left join notification_preferences c on c.user_id = u.user_id and c.org_id is null and c.kind = $2
where u.user_id = $1 and u.disabled_at is null
"""
_WRITE = """
insert into notification_preferences (user_id, org_id, kind, mail, push)
select $1, $2, $3, $4, $5
where $2::uuid is null or exists (select 1 from memberships where org_id = $2 and user_id = $1)
on conflict (user_id, coalesce(org_id, '00000000-0000-0000-0000-000000000000'), kind) do update
set mail = coalesce(excluded.mail, notification_preferences.mail),
  push = coalesce(excluded.push, notification_preferences.push)
returning true
"""
_REGISTER = """
insert into push_subscriptions (subscription_id, user_id, session_id, endpoint_hash, host, sealed, label)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (user_id, endpoint_hash) do update set session_id = excluded.session_id, sealed = excluded.sealed,
  label = excluded.label
returning subscription_id, host, label, created_at
"""
_LIST = """
select s.subscription_id, s.host, s.label, s.created_at from push_subscriptions s
join sessions on sessions.session_id = s.session_id and sessions.revoked_at is null and sessions.expires_at > now()
where s.user_id = $1 order by s.created_at, s.subscription_id
"""


class Recipient(Value, frozen=True, kw_only=True):
    """Somebody who may be told, with what they chose."""

    user_id: UUID
    email: str
    locale: str
    role: Role | None
    """In the organisation; None: it concerns their account."""
    operator: bool
    organisation: str
    mail: MailMode | None
    """None: what the catalogue says."""
    push: PushMode | None


class StoredChoice(Value, frozen=True, kw_only=True):
    """What a person chose for a kind; None: what the catalogue says."""

    kind: str
    mail: MailMode | None
    push: PushMode | None


class SubscriptionRecord(Value, frozen=True, kw_only=True):
    """A browser that takes web push."""

    subscription_id: UUID
    host: str
    label: str
    created_at: dt.datetime


async def list_members_to_tell(connection: Connection, org_id: UUID, kind: str) -> list[Recipient]:
    """Members with a confirmed address, and what they chose for a kind."""
    return [Recipient(**dict(row)) for row in await connection.fetch(_MEMBERS, org_id, kind)]


async def find_person_to_tell(connection: Connection, user_id: UUID, kind: str) -> list[Recipient]:
    """The person of an account, and what they chose for a kind; empty where the account is gone."""
    return [Recipient(**dict(row)) for row in await connection.fetch(_PERSON, user_id, kind)]


async def list_choices(connection: Connection, user_id: UUID, org_id: UUID | None) -> list[StoredChoice]:
    """What a person chose in an organisation, and for their account."""
    rows: list[Row] = await connection.fetch(
        """select kind, mail, push from notification_preferences
           where user_id = $1 and (org_id is null or org_id = $2)""",
        user_id,
        org_id,
    )
    return [StoredChoice(**dict(row)) for row in rows]


async def write_choice(
    connection: Connection,
    user_id: UUID,
    org_id: UUID | None,
    kind: str,
    *,
    mail: MailMode | None = None,
    push: PushMode | None = None,
) -> bool:
    """Write what a person chose, and leave what is None; False for who is no member."""
    return await connection.fetchval(_WRITE, user_id, org_id, kind, mail, push) is not None


async def register_subscription(
    connection: Connection,
    subscription_id: UUID,
    user_id: UUID,
    session_id: UUID,
    *,
    endpoint_hash: bytes,
    host: str,
    sealed: bytes,
    label: str,
) -> SubscriptionRecord:
    """Add a browser, or bind the same one to this session."""
    row = await connection.fetchrow(_REGISTER, subscription_id, user_id, session_id, endpoint_hash, host, sealed, label)
    return SubscriptionRecord(**dict(row))


async def lock_and_count_subscriptions(connection: Connection, user_id: UUID, but: bytes) -> int:
    """Number of a person's browsers but the one with this hash, until the transaction ends."""
    await connection.execute("select 1 from users where user_id = $1 for no key update", user_id)
    count: int = await connection.fetchval(
        "select count(*) from push_subscriptions where user_id = $1 and endpoint_hash <> $2", user_id, but
    )
    return count


async def list_subscriptions(connection: Connection, user_id: UUID) -> list[SubscriptionRecord]:
    """A person's browsers whose sessions are open, oldest first."""
    return [SubscriptionRecord(**dict(row)) for row in await connection.fetch(_LIST, user_id)]


async def delete_subscription(connection: Connection, user_id: UUID, subscription_id: UUID) -> bool:
    """Forget a person's browser; False without one."""
    tag: str = await connection.execute(
        "delete from push_subscriptions where user_id = $1 and subscription_id = $2", user_id, subscription_id
    )
    return tag.endswith(" 1")
