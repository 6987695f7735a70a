"""Rows of organisations: their API keys, producer keys and score weights."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import Value
from schemas.options.score_weights import WeightTable


class ApiKeyRecord(Value, frozen=True, kw_only=True):
    """A valid API key: whose it is and what it may do."""

    org_id: UUID
    key_id: UUID
    hash: bytes
    scopes: tuple[str, ...]


async def find_api_key(connection: Connection, key_hash: bytes) -> ApiKeyRecord | None:
    """Find the valid key of this hash. Row-level security shows this one row without an organisation."""
    await connection.execute("select set_config('app.key_hash', $1, true)", key_hash.hex())
    row = await connection.fetchrow(
        "select org_id, key_id, hash, scopes from api_keys where hash = $1 and revoked_at is null", key_hash
    )
    if row is None:
        return None
    return ApiKeyRecord(org_id=row["org_id"], key_id=row["key_id"], hash=row["hash"], scopes=tuple(row["scopes"]))


async def is_api_key_valid(connection: Connection, org_id: UUID, key_id: UUID) -> bool:
    """Whether the key exists and was not revoked."""
    valid: bool = await connection.fetchval(
        "select exists (select 1 from api_keys where org_id = $1 and key_id = $2 and revoked_at is null)",
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
    """Add an API key."""
    await connection.execute(
        "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, $4, $5)",
        org_id,
        key_id,
        key_hash,
        last4,
        list(scopes),
    )


async def ensure_operator_organisation(connection: Connection, org_id: UUID) -> None:
    """Add the organisation of a fresh installation, which also runs it, where it is missing."""
    await connection.execute(
        """insert into orgs (org_id, name, operator) values ($1, 'First organisation', true) on conflict do nothing""",
        org_id,
    )


async def read_organisation_name(connection: Connection, org_id: UUID) -> str:
    """The organisation's name; empty where it has none."""
    return str(await connection.fetchval("select name from orgs where org_id = $1", org_id) or "")


async def list_producer_keys(connection: Connection, org_id: UUID) -> list[str]:
    """Ids of the producer keys that are not revoked, oldest first."""
    rows = await connection.fetch(
        "select key_id from producer_keys where org_id = $1 and revoked_at is null order by created_at", org_id
    )
    return [row["key_id"] for row in rows]


async def read_first_producer_key(connection: Connection, org_id: UUID) -> str:
    """The id of a producer key of the organisation."""
    key_id: str = await connection.fetchval("select key_id from producer_keys where org_id = $1", org_id)
    return key_id


async def insert_producer_key(connection: Connection, org_id: UUID, key_id: str, secret_encrypted: bytes) -> None:
    """Add a producer key with its encrypted secret."""
    await connection.execute(
        "insert into producer_keys (org_id, key_id, secret_encrypted) values ($1, $2, $3)",
        org_id,
        key_id,
        secret_encrypted,
    )


async def lock_weights(connection: Connection, org_id: UUID) -> None:
    """Let one transaction at a time change the organisation's score weights."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 7312))", str(org_id))


async def read_weights_row(connection: Connection, org_id: UUID) -> Row | None:
    """The newest row of score weights: its ``weights`` are null where the installation's own count again."""
    return await connection.fetchrow(
        "select * from score_weights where org_id = $1 order by version desc limit 1", org_id
    )


async def read_own_weights(connection: Connection, org_id: UUID) -> WeightTable | None:
    """The organisation's own score weights; None where the installation's count."""
    row = await read_weights_row(connection, org_id)
    return msgspec.convert(row["weights"], WeightTable) if row is not None and row["weights"] else None


async def insert_weights(connection: Connection, org_id: UUID, weights: WeightTable | None, key_id: UUID) -> None:
    """Add the next version of the score weights; None goes back to the installation's own."""
    await connection.execute(
        """insert into score_weights (org_id, version, weights, key_id)
           select $1, coalesce(max(version), 0) + 1, $2, $3 from score_weights where org_id = $1""",
        org_id,
        weights,
        key_id,
    )
