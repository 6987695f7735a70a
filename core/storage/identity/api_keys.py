"""Rows of API keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.access.permissions import Role
from schemas.common import Value

_ENTER = "select set_config('app.org', org_id::text, true) from api_keys where hash = $1"
_FIND = """
select k.org_id, k.key_id, k.hash, k.scopes, k.test, k.expires_at, k.allowed_addresses, k.service_account_id,
  a.role as service_role, a.disabled_at, k.last_used_at, o.operator, o.plan
from api_keys k
join orgs o on o.org_id = k.org_id
left join service_accounts a on a.org_id = k.org_id and a.service_account_id = k.service_account_id
where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
"""
_NOTE_USE = """
update api_keys set last_used_at = now()
where org_id = $1 and key_id = $2 and (last_used_at is null or last_used_at < now() - interval '1 minute')
"""
_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7307))"
_LIST = """
select * from api_keys where org_id = $1
  and ($2::text is null or $2 = case when revoked_at is not null then 'revoked'
                                     when expires_at <= now() then 'expired' else 'active' end)
  and ($3::uuid is null or service_account_id = $3)
  and ($4::timestamptz is null or (created_at, key_id) < ($4, $5::uuid))
order by created_at desc, key_id desc limit $6
"""
_INSERT = """
insert into api_keys (org_id, key_id, hash, last4, scopes, name, test, expires_at, allowed_addresses, created_by,
                      service_account_id, replaces)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning *
"""


class ApiKeyRecord(Value, frozen=True, kw_only=True):
    """A valid API key: whose it is and what it may do."""

    org_id: UUID
    key_id: UUID
    hash: bytes
    scopes: tuple[str, ...]
    test: bool = False
    """Its work is drafts with a watermark, and is not billed."""
    expires_at: dt.datetime | None = None
    allowed_addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that it may be used from; empty: from anywhere."""
    service_account_id: UUID | None = None
    service_role: Role | None = None
    """Role of its service account; None where the account is disabled, or the key has none."""
    last_used_at: dt.datetime | None = None
    """A use of the last minute or so; None: never used."""
    operator: bool = False
    """Whether its organisation runs the installation."""
    plan: str | None = None
    """Plan of its organisation; None: the installation's."""


async def find_api_key(connection: Connection, key_hash: bytes) -> ApiKeyRecord | None:
    """Find the valid key of this hash.

    Row-level security shows this one row without an organisation; the rest is read inside of the key's own.
    """
    await connection.execute("select set_config('app.key_hash', $1, true)", key_hash.hex())
    if await connection.fetchrow(_ENTER, key_hash) is None:
        return None
    row = await connection.fetchrow(_FIND, key_hash)
    if row is None or (row["service_account_id"] is not None and row["disabled_at"] is not None):
        return None
    names = ("org_id", "key_id", "hash", "test", "expires_at", "service_account_id", "last_used_at")
    return ApiKeyRecord(
        scopes=tuple(row["scopes"]),
        allowed_addresses=tuple(row["allowed_addresses"]),
        service_role=row["service_role"],
        operator=row["operator"],
        plan=row["plan"],
        **{name: row[name] for name in names},
    )


async def note_use(connection: Connection, key: ApiKeyRecord) -> None:
    """Write that a key is used now, where that was not written within the last minute."""
    await connection.execute(_NOTE_USE, key.org_id, key.key_id)


async def is_api_key_valid(connection: Connection, org_id: UUID, key_id: UUID) -> bool:
    """Whether the key exists, was not revoked and has not expired."""
    valid: bool = await connection.fetchval(
        """select exists (select 1 from api_keys where org_id = $1 and key_id = $2 and revoked_at is null
                            and (expires_at is null or expires_at > now()))""",
        org_id,
        key_id,
    )
    return valid


async def has_api_key(connection: Connection, org_id: UUID) -> bool:
    """Whether the organisation ever had an API key."""
    return await connection.fetchval("select 1 from api_keys where org_id = $1", org_id) is not None


async def read_key_last4(connection: Connection, org_id: UUID, key_id: UUID) -> str:
    """The last four characters of a key; empty where there is no such key."""
    last4 = await connection.fetchval("select last4 from api_keys where org_id = $1 and key_id = $2", org_id, key_id)
    return str(last4 or "")


async def insert_api_key(
    connection: Connection, org_id: UUID, key_id: UUID, *, key_hash: bytes, last4: str, scopes: Sequence[str]
) -> None:
    """Add the first API key of an installation, which no caller asked for."""
    await connection.execute(
        "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, $4, $5)",
        org_id,
        key_id,
        key_hash,
        last4,
        list(scopes),
    )


class NewApiKey(Value, frozen=True, kw_only=True):
    """A key that a caller asked for, without the key itself."""

    key_id: UUID
    hash: bytes
    last4: str
    scopes: list[str]
    name: str
    test: bool
    expires_at: dt.datetime | None
    allowed_addresses: list[IPv4Network | IPv6Network]
    created_by: Actor
    service_account_id: UUID | None
    replaces: UUID | None = None
    """The key that it was rotated from."""


async def lock_and_count_keys(connection: Connection, org_id: UUID) -> int:
    """Number of keys that are in use; it holds until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval(
        """select count(*) from api_keys where org_id = $1 and revoked_at is null
             and (expires_at is null or expires_at > now())""",
        org_id,
    )
    return count


async def insert_requested_key(connection: Connection, org_id: UUID, key: NewApiKey) -> Row:
    """Add a key that a caller asked for and return its row."""
    return await connection.fetchrow(
        _INSERT,
        org_id,
        key.key_id,
        key.hash,
        key.last4,
        key.scopes,
        key.name,
        key.test,
        key.expires_at,
        key.allowed_addresses,
        str(key.created_by),
        key.service_account_id,
        key.replaces,
    )


async def list_key_rows(
    connection: Connection,
    org_id: UUID,
    *,
    state: str | None,
    service_account_id: UUID | None,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Keys, newest first, those that are in no more use included."""
    place = after or (None, None)
    rows: list[Row] = await connection.fetch(_LIST, org_id, state, service_account_id, *place, limit)
    return rows


async def find_key_row(connection: Connection, org_id: UUID, key_id: UUID) -> Row | None:
    """A key's row, whatever its state."""
    return await connection.fetchrow("select * from api_keys where org_id = $1 and key_id = $2", org_id, key_id)


async def lock_key_row(connection: Connection, org_id: UUID, key_id: UUID) -> Row | None:
    """A key's row, locked until the transaction ends."""
    return await connection.fetchrow(
        "select * from api_keys where org_id = $1 and key_id = $2 for update", org_id, key_id
    )


async def change_key(
    connection: Connection,
    org_id: UUID,
    key_id: UUID,
    *,
    name: str,
    expires_at: dt.datetime | None,
    allowed_addresses: Sequence[IPv4Network | IPv6Network],
) -> Row:
    """Write what may change of a key and return its row."""
    return await connection.fetchrow(
        """update api_keys set name = $3, expires_at = $4, allowed_addresses = $5
           where org_id = $1 and key_id = $2 returning *""",
        org_id,
        key_id,
        name,
        expires_at,
        list(allowed_addresses),
    )


async def revoke_key(connection: Connection, org_id: UUID, key_id: UUID) -> bool:
    """Revoke a key; once more changes nothing. False where there is no such key."""
    revoked_id = await connection.fetchval(
        """update api_keys set revoked_at = coalesce(revoked_at, now()) where org_id = $1 and key_id = $2
           returning key_id""",
        org_id,
        key_id,
    )
    return revoked_id is not None
