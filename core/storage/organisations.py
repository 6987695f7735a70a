"""Rows of organisations: their names, producer keys and score weights."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.options.score_weights import WeightTable


async def ensure_operator_organisation(connection: Connection, org_id: UUID) -> None:
    """Add the organisation of a fresh installation, which also runs it, where it is missing."""
    await connection.execute(
        """insert into orgs (org_id, name, operator) values ($1, 'First organisation', true) on conflict do nothing""",
        org_id,
    )


async def read_organisation_name(connection: Connection, org_id: UUID) -> str:
    """The organisation's name; empty where it has none."""
    return str(await connection.fetchval("select name from orgs where org_id = $1", org_id) or "")


async def find_owner_row(connection: Connection, org_id: UUID) -> Row | None:
    """The organisation as the owner of what belongs to none of its projects; None if missing."""
    return await connection.fetchrow("select org_id, 'active' as state from orgs where org_id = $1", org_id)


async def is_operator(connection: Connection, org_id: UUID) -> bool:
    """Whether the organisation runs the installation."""
    return bool(await connection.fetchval("select operator from orgs where org_id = $1", org_id))


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


async def insert_weights(connection: Connection, org_id: UUID, weights: WeightTable | None, actor: Actor) -> None:
    """Add the next version of the score weights; None goes back to the installation's own."""
    await connection.execute(
        """insert into score_weights (org_id, version, weights, actor)
           select $1, coalesce(max(version), 0) + 1, $2, $3 from score_weights where org_id = $1""",
        org_id,
        weights,
        str(actor),
    )
