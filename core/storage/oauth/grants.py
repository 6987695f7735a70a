"""Rows of grants to OAuth clients, with their codes and refresh tokens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.infra.postgres.connection import Connection, Row, set_org, set_place
from schemas.access.permissions import Role
from schemas.common import Value

_INSERT = """
insert into oauth_grants (org_id, grant_id, client_org_id, client_id, user_id, service_account_id, scopes, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8)
"""
_STANDING = """
select g.user_id, g.service_account_id, g.scopes, g.created_at, c.scopes as client_scopes, o.plan,
  coalesce(m.role, a.role) as role,
  coalesce(g.last_used_at < now() - interval '1 minute', true) as stale
from oauth_grants g
join oauth_clients c on c.client_id = g.client_id and c.deleted_at is null
join orgs o on o.org_id = g.org_id
left join memberships m on m.org_id = g.org_id and m.user_id = g.user_id
left join users u on u.user_id = g.user_id
left join service_accounts a on a.org_id = g.org_id and a.service_account_id = g.service_account_id
  and a.disabled_at is null
where g.org_id = $1 and g.grant_id = $2 and g.client_id = $3 and g.revoked_at is null and g.expires_at > now()
  and u.disabled_at is null
"""
_OF_PERSON = """
select org_id, grant_id, client_id, scopes, created_at, last_used_at, expires_at from oauth_grants
where user_id = $1 and revoked_at is null and expires_at > now() and ($2::uuid is null or grant_id = $2)
order by created_at desc, grant_id limit $3
"""

_CODE_PLACE = "select org_id, grant_id from oauth_codes where hash = $1"
_REFRESH_PLACE = "select org_id, grant_id from oauth_refresh_tokens where hash = $1"


class GrantStanding(Value, frozen=True, kw_only=True):
    """What a grant counts for now."""

    user_id: UUID | None
    service_account_id: UUID | None
    scopes: tuple[str, ...]
    """What was granted, as far as the client may still ask for it."""
    role: Role
    """Of the person, or of the service account."""
    plan: str | None
    """Plan of the organisation; None: the installation's."""
    created_at: dt.datetime
    stale: bool
    """Whether its last use was written more than a minute ago, or never."""


class CodeRecord(Value, frozen=True, kw_only=True):
    """An authorisation code as it is kept."""

    org_id: UUID
    grant_id: UUID
    client_id: UUID
    redirect_uri: str
    challenge: str
    counts: bool
    """Whether it was not used, and has not expired."""
    used: bool


class RefreshRecord(Value, frozen=True, kw_only=True):
    """A refresh token as it is kept."""

    org_id: UUID
    grant_id: UUID
    client_id: UUID
    used: bool


async def insert_grant(
    connection: Connection,
    org_id: UUID,
    grant_id: UUID,
    *,
    client: tuple[UUID, UUID],
    scopes: Sequence[str],
    life: dt.timedelta,
    user_id: UUID | None = None,
    service_account_id: UUID | None = None,
) -> None:
    """Let a client (its organisation and its id) call in an organisation."""
    await connection.execute(_INSERT, org_id, grant_id, *client, user_id, service_account_id, list(scopes), life)


async def read_grant_standing(
    connection: Connection, org_id: UUID, grant_id: UUID, client_id: UUID
) -> GrantStanding | None:
    """What a grant counts for; None where it has ended, or its client or its person is gone.

    The transaction is its organisation's.
    """
    await set_place(connection, "client", str(client_id))
    row = await connection.fetchrow(_STANDING, org_id, grant_id, client_id)
    if row is None or row["role"] is None:
        return None
    names = ("user_id", "service_account_id", "role", "plan", "created_at", "stale")
    scopes = tuple(scope for scope in row["scopes"] if scope in row["client_scopes"])
    return GrantStanding(scopes=scopes, **{name: row[name] for name in names})


async def note_grant_use(connection: Connection, org_id: UUID, grant_id: UUID) -> None:
    """Write that a grant is used now, where that was not written within the last minute."""
    await connection.execute(
        """update oauth_grants set last_used_at = now() where org_id = $1 and grant_id = $2
             and (last_used_at is null or last_used_at < now() - interval '1 minute')""",
        org_id,
        grant_id,
    )


async def lock_grant(connection: Connection, org_id: UUID, grant_id: UUID) -> None:
    """Let no other transaction redeem of a grant until this one ends."""
    await connection.execute(
        "select 1 from oauth_grants where org_id = $1 and grant_id = $2 for no key update", org_id, grant_id
    )


async def prolong_grant(
    connection: Connection, org_id: UUID, grant_id: UUID, *, idle: dt.timedelta, life: dt.timedelta
) -> None:
    """A grant was used for new tokens: it goes on for ``idle``, and ends ``life`` after it was given."""
    await connection.execute(
        """update oauth_grants set expires_at = least(now() + $3, created_at + $4)
           where org_id = $1 and grant_id = $2""",
        org_id,
        grant_id,
        idle,
        life,
    )


async def revoke_grant(connection: Connection, org_id: UUID, grant_id: UUID, because: str) -> bool:
    """End a grant with all its tokens; False where it has ended already."""
    revoked_id = await connection.fetchval(
        """update oauth_grants set revoked_at = now(), revoked_because = $3
           where org_id = $1 and grant_id = $2 and revoked_at is null returning grant_id""",
        org_id,
        grant_id,
        because,
    )
    return revoked_id is not None


async def revoke_grants_of(connection: Connection, org_id: UUID, user_id: UUID, because: str) -> None:
    """End what a person granted in an organisation."""
    await connection.execute(
        """update oauth_grants set revoked_at = now(), revoked_because = $3
           where org_id = $1 and user_id = $2 and revoked_at is null""",
        org_id,
        user_id,
        because,
    )


async def list_grants_of(
    connection: Connection, user_id: UUID, *, grant_id: UUID | None = None, limit: int = 200
) -> list[Row]:
    """What a person granted and what counts, newest first; or one of them."""
    rows: list[Row] = await connection.fetch(_OF_PERSON, user_id, grant_id, limit)
    return rows


async def insert_code(
    connection: Connection,
    org_id: UUID,
    code_hash: bytes,
    grant_id: UUID,
    *,
    redirect_uri: str,
    challenge: str,
    life: dt.timedelta,
) -> None:
    """Add the code of a grant."""
    await connection.execute(
        """insert into oauth_codes (org_id, hash, grant_id, redirect_uri, challenge, expires_at)
           values ($1, $2, $3, $4, $5, now() + $6)""",
        org_id,
        code_hash,
        grant_id,
        redirect_uri,
        challenge,
        life,
    )


async def lock_code(connection: Connection, code_hash: bytes) -> CodeRecord | None:
    """The code of a hash, with its grant locked; the rest of the transaction sees its organisation's rows."""
    place = await _enter_place(connection, _CODE_PLACE, code_hash)
    if place is None:
        return None
    row = await connection.fetchrow(
        """select c.org_id, c.grant_id, g.client_id, c.redirect_uri, c.challenge, c.used_at is not null as used,
             c.used_at is null and c.expires_at > now() as counts
           from oauth_codes c join oauth_grants g on g.org_id = c.org_id and g.grant_id = c.grant_id
           where c.org_id = $1 and c.hash = $2""",
        place,
        code_hash,
    )
    return CodeRecord(**dict(row)) if row is not None else None


async def lock_refresh_token(connection: Connection, token_hash: bytes) -> RefreshRecord | None:
    """The refresh token of a hash, with its grant locked; the rest sees its organisation's rows."""
    place = await _enter_place(connection, _REFRESH_PLACE, token_hash)
    if place is None:
        return None
    row = await connection.fetchrow(
        """select t.org_id, t.grant_id, g.client_id, t.used_at is not null as used
           from oauth_refresh_tokens t join oauth_grants g on g.org_id = t.org_id and g.grant_id = t.grant_id
           where t.org_id = $1 and t.hash = $2""",
        place,
        token_hash,
    )
    return RefreshRecord(**dict(row)) if row is not None else None


async def _enter_place(connection: Connection, statement: str, token_hash: bytes) -> UUID | None:
    """The organisation of a hash: its rows are seen from now on, and its grant is locked."""
    await set_place(connection, "token_hash", token_hash.hex())
    row = await connection.fetchrow(statement, token_hash)
    if row is None:
        return None
    org_id: UUID = row["org_id"]
    await set_org(connection, org_id)
    await lock_grant(connection, org_id, row["grant_id"])
    return org_id


async def use_code(connection: Connection, org_id: UUID, code_hash: bytes) -> None:
    """Write that a code was shown; the first time stays."""
    await connection.execute(
        "update oauth_codes set used_at = coalesce(used_at, now()) where org_id = $1 and hash = $2", org_id, code_hash
    )


async def insert_refresh_token(connection: Connection, org_id: UUID, token_hash: bytes, grant_id: UUID) -> None:
    """Add a grant's next refresh token."""
    await connection.execute(
        "insert into oauth_refresh_tokens (org_id, hash, grant_id) values ($1, $2, $3)", org_id, token_hash, grant_id
    )


async def use_refresh_token(connection: Connection, org_id: UUID, token_hash: bytes) -> None:
    """Write that a refresh token was used."""
    await connection.execute(
        "update oauth_refresh_tokens set used_at = now() where org_id = $1 and hash = $2", org_id, token_hash
    )
