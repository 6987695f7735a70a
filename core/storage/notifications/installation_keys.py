"""Rows of the installation's own key pairs."""

from __future__ import annotations

from core.infra.postgres.connection import Connection, Row


async def insert_key(connection: Connection, name: str, public_key: str, sealed: bytes) -> None:
    """Add a key pair; the first one stays."""
    await connection.execute(
        "insert into installation_keys (name, public_key, sealed) values ($1, $2, $3) on conflict do nothing",
        name,
        public_key,
        sealed,
    )


async def find_key(connection: Connection, name: str) -> Row | None:
    """Public key and sealed private key of a name."""
    return await connection.fetchrow("select public_key, sealed from installation_keys where name = $1", name)
