"""Rows of sessions and of their refresh tokens, seen by their person alone."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.notifications.devices import Device
from core.infra.postgres.connection import Connection, Row, set_person, set_place
from schemas.access.permissions import Role
from schemas.common import Value


class Session(Value, frozen=True, kw_only=True):
    """One sign-in."""

    session_id: UUID
    user_id: UUID
    org_id: UUID | None
    methods: tuple[str, ...]
    cookies: bool
    address: str
    user_agent: str
    created_at: dt.datetime
    last_used_at: dt.datetime
    idle_until: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None


class Standing(Value, frozen=True, kw_only=True):
    """What a session counts for now."""

    role: Role | None
    """The person's role in the organisation of the token; None: they belong to it no longer."""
    operator: bool
    plan: str | None
    """Plan of the organisation; None: the installation's."""
    stale: bool
    """Whether its last use was written more than a minute ago."""


class RefreshToken(Value, frozen=True, kw_only=True):
    """A refresh token as it is kept."""

    session_id: UUID
    user_id: UUID
    used_at: dt.datetime | None


_INSERT = """
insert into sessions (session_id, user_id, org_id, methods, cookies, address, user_agent, idle_until, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8, now() + $9)
"""
_SELECT = """
select session_id, user_id, org_id, methods, cookies, address, user_agent, created_at, last_used_at, idle_until,
  expires_at, revoked_at
from sessions where user_id = $1 and ($2::uuid is null or session_id = $2)
  and revoked_at is null and idle_until > now() and expires_at > now()
order by last_used_at desc, session_id
"""
_STANDING = """
select s.last_used_at < now() - interval '1 minute' as stale, m.role, coalesce(o.operator, false) as operator, o.plan
from sessions s join users u on u.user_id = s.user_id
left join memberships m on m.user_id = s.user_id and m.org_id = $3
left join orgs o on o.org_id = m.org_id
where s.session_id = $1 and s.user_id = $2 and s.revoked_at is null and s.idle_until > now() and s.expires_at > now()
  and u.disabled_at is null
"""


async def insert_session(
    connection: Connection,
    session_id: UUID,
    user_id: UUID,
    org_id: UUID | None,
    *,
    methods: list[str],
    cookies: bool,
    address: str,
    user_agent: str,
    idle: dt.timedelta,
    life: dt.timedelta,
) -> None:
    """Begin a session."""
    await connection.execute(_INSERT, session_id, user_id, org_id, methods, cookies, address, user_agent, idle, life)


async def list_sessions(connection: Connection, user_id: UUID, session_id: UUID | None = None) -> list[Session]:
    """A person's open sessions, used last first; or one of them."""
    return [
        Session(**(dict(row) | {"methods": tuple(row["methods"])}))
        for row in await connection.fetch(_SELECT, user_id, session_id)
    ]


async def list_earlier_devices(connection: Connection, user_id: UUID, but: UUID) -> list[Device]:
    """Where a person's latest sign-ins came from, ended sessions among them; but one."""
    rows = await connection.fetch(
        """select address, user_agent from sessions where user_id = $1 and session_id <> $2
           order by created_at desc limit 200""",
        user_id,
        but,
    )
    return [Device(**dict(row)) for row in rows]


async def read_standing(
    connection: Connection, session_id: UUID, user_id: UUID, org_id: UUID | None
) -> Standing | None:
    """What an open session counts for in an organisation; None where it has ended, or its person is gone."""
    row = await connection.fetchrow(_STANDING, session_id, user_id, org_id)
    return Standing(**dict(row)) if row is not None else None


async def note_session_use(connection: Connection, session_id: UUID) -> None:
    """Write that a session is used now, where that was not written within the last minute."""
    await connection.execute(
        "update sessions set last_used_at = now() where session_id = $1 and last_used_at < now() - interval '1 minute'",
        session_id,
    )


async def lock_session(connection: Connection, session_id: UUID, user_id: UUID) -> Session | None:
    """An open session that no other transaction changes until this one ends."""
    await connection.execute("select 1 from sessions where session_id = $1 for no key update", session_id)
    return next(iter(await list_sessions(connection, user_id, session_id)), None)


async def prolong_session(connection: Connection, session_id: UUID, org_id: UUID | None, idle: dt.timedelta) -> None:
    """A session was refreshed, for an organisation."""
    await connection.execute(
        """update sessions set org_id = $2, last_used_at = now(), idle_until = least(now() + $3, expires_at)
           where session_id = $1""",
        session_id,
        org_id,
        idle,
    )


async def revoke_sessions(
    connection: Connection, user_id: UUID, because: str, *, only: UUID | None = None, but: UUID | None = None
) -> int:
    """End a person's sessions: one, all, or all but one; returns their number."""
    tag = await connection.execute(
        """update sessions set revoked_at = now(), revoked_because = $2
           where user_id = $1 and revoked_at is null and ($3::uuid is null or session_id = $3)
             and ($4::uuid is null or session_id <> $4)""",
        user_id,
        because,
        only,
        but,
    )
    return int(str(tag).rpartition(" ")[2])


async def insert_refresh_token(connection: Connection, token_hash: bytes, session_id: UUID, user_id: UUID) -> None:
    """Add a session's next refresh token."""
    await connection.execute(
        "insert into refresh_tokens (hash, session_id, user_id) values ($1, $2, $3)", token_hash, session_id, user_id
    )


async def find_refresh_token(connection: Connection, token_hash: bytes) -> RefreshToken | None:
    """The token of a hash; the rest of the transaction sees its person's rows."""
    await set_place(connection, "token_hash", token_hash.hex())
    row = await connection.fetchrow(
        "select session_id, user_id, used_at from refresh_tokens where hash = $1", token_hash
    )
    if row is None:
        return None
    await set_person(connection, row["user_id"])
    return RefreshToken(**dict(row))


async def use_refresh_token(connection: Connection, token_hash: bytes) -> None:
    """Write that a refresh token was used; the first use stays."""
    await connection.execute(
        "update refresh_tokens set used_at = coalesce(used_at, clock_timestamp()) where hash = $1", token_hash
    )


async def may_be_shown_again(connection: Connection, session_id: UUID, token_hash: bytes, grace: dt.timedelta) -> bool:
    """Whether a used token was used just now, and none of its successors since."""
    row: Row = await connection.fetchrow(
        """select used_at > clock_timestamp() - $3::interval as just_now, exists (
             select 1 from refresh_tokens later where later.session_id = $1 and later.used_at is not null
               and later.issued_at >= refresh_tokens.used_at) as passed
           from refresh_tokens where hash = $2""",
        session_id,
        token_hash,
        grace,
    )
    return bool(row["just_now"]) and not row["passed"]
