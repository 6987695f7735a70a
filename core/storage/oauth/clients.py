"""Rows of OAuth clients: programs that an organisation registered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row, set_place
from schemas.common import Value

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7365))"
_INSERT = """
insert into oauth_clients (org_id, client_id, name, homepage, confidential, redirect_uris, scopes, service_account_id,
                           secret_hash, secret_last4, created_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning *
"""
_LIST = """
select * from oauth_clients where org_id = $1 and deleted_at is null
  and ($2::timestamptz is null or (created_at, client_id) < ($2, $3::uuid))
order by created_at desc, client_id desc limit $4
"""
_CHANGE = """
update oauth_clients set name = $3, homepage = $4, redirect_uris = $5, scopes = $6, service_account_id = $7
where org_id = $1 and client_id = $2 returning *
"""
_ROTATE = """
update oauth_clients set former_hash = case when $5 > interval '0' then secret_hash end, former_until = now() + $5,
  secret_hash = $3, secret_last4 = $4
where org_id = $1 and client_id = $2 returning *
"""


class ClientRecord(Value, frozen=True, kw_only=True):
    """A client as the endpoints of OAuth see it."""

    org_id: UUID
    client_id: UUID
    name: str
    homepage: str
    confidential: bool
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    service_account_id: UUID | None
    secret_hashes: tuple[bytes, ...]
    """Of the secrets that count now, the newest first."""


async def find_client(connection: Connection, client_id: UUID) -> ClientRecord | None:
    """The client of an id, of whatever organisation; the rest of the transaction sees its row."""
    await set_place(connection, "client", str(client_id))
    row = await connection.fetchrow(
        """select *, former_until > now() as former_counts from oauth_clients
           where client_id = $1 and deleted_at is null""",
        client_id,
    )
    if row is None:
        return None
    hashes = (row["secret_hash"], row["former_hash"] if row["former_counts"] else None)
    names = ("org_id", "client_id", "name", "homepage", "confidential", "service_account_id")
    return ClientRecord(
        redirect_uris=tuple(row["redirect_uris"]),
        scopes=tuple(row["scopes"]),
        secret_hashes=tuple(bytes(secret) for secret in hashes if secret is not None),
        **{name: row[name] for name in names},
    )


async def lock_and_count_clients(connection: Connection, org_id: UUID) -> int:
    """Number of an organisation's clients; it holds until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval(
        "select count(*) from oauth_clients where org_id = $1 and deleted_at is null", org_id
    )
    return count


async def insert_client(
    connection: Connection,
    org_id: UUID,
    client_id: UUID,
    *,
    name: str,
    homepage: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    service_account_id: UUID | None,
    secret_hash: bytes | None,
    secret_last4: str | None,
    created_by: Actor,
) -> Row:
    """Add a client, confidential where it has a secret, and return its row."""
    return await connection.fetchrow(
        _INSERT,
        org_id,
        client_id,
        name,
        homepage,
        secret_hash is not None,
        list(redirect_uris),
        list(scopes),
        service_account_id,
        secret_hash,
        secret_last4,
        str(created_by),
    )


async def list_client_rows(
    connection: Connection, org_id: UUID, *, after: tuple[dt.datetime, UUID] | None, limit: int
) -> list[Row]:
    """Clients, newest first."""
    rows: list[Row] = await connection.fetch(_LIST, org_id, *(after or (None, None)), limit)
    return rows


async def find_client_row(connection: Connection, org_id: UUID, client_id: UUID) -> Row | None:
    """A client's row."""
    return await connection.fetchrow(
        "select * from oauth_clients where org_id = $1 and client_id = $2 and deleted_at is null", org_id, client_id
    )


async def lock_client_row(connection: Connection, org_id: UUID, client_id: UUID) -> Row | None:
    """A client's row, locked until the transaction ends."""
    return await connection.fetchrow(
        "select * from oauth_clients where org_id = $1 and client_id = $2 and deleted_at is null for update",
        org_id,
        client_id,
    )


async def change_client(
    connection: Connection,
    org_id: UUID,
    client_id: UUID,
    *,
    name: str,
    homepage: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    service_account_id: UUID | None,
) -> Row:
    """Write what may change of a client and return its row."""
    return await connection.fetchrow(
        _CHANGE, org_id, client_id, name, homepage, list(redirect_uris), list(scopes), service_account_id
    )


async def rotate_secret(
    connection: Connection,
    org_id: UUID,
    client_id: UUID,
    *,
    secret_hash: bytes,
    secret_last4: str,
    overlap: dt.timedelta,
) -> Row:
    """Give a client its next secret; the one before counts for ``overlap``, older ones no longer."""
    return await connection.fetchrow(_ROTATE, org_id, client_id, secret_hash, secret_last4, overlap)


async def delete_client(connection: Connection, org_id: UUID, client_id: UUID) -> bool:
    """Let a client and all that was granted to it count no longer; False where it does not exist."""
    deleted_id = await connection.fetchval(
        """update oauth_clients set deleted_at = now() where org_id = $1 and client_id = $2 and deleted_at is null
           returning client_id""",
        org_id,
        client_id,
    )
    return deleted_id is not None
