"""Postgres: pools, and the one way to open a transaction on an organisation's rows. Never sets the org outside one.

``set_config(…, true)`` lasts for the transaction only; outside of one it would be lost in silence, which is why no
function here hands out a bare connection for tenant tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from streams.errors import Unavailable

Connection: TypeAlias = Any
"""An asyncpg connection (the library ships no types)."""
Pool: TypeAlias = Any
Row: TypeAlias = Any

DOWN = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What passes when the transaction is run again later: gone, starting, full, a standby, or it lost a deadlock."""


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def prepare_connection(connection: Connection) -> None:
    """Make jsonb columns travel as Python values (structs on the way in, plain values on the way out)."""
    await connection.set_type_codec("jsonb", encoder=_encode_json, decoder=msgspec.json.decode, schema="pg_catalog")


async def create_pool(dsn: str, *, size: int = 8, name: str = "clipstream") -> Pool:
    """A pool of connections; raises Unavailable when Postgres does not answer."""
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=prepare_connection,
            command_timeout=30,
            timeout=5,
            server_settings={
                "application_name": name,
                "timezone": "UTC",
                # a process that is paused in mid-transaction must not keep its locks: others take over
                "idle_in_transaction_session_timeout": "10000",
            },
        )
    except DOWN as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from error


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction without an org: for the relay's tables, and for looking up a key. Raises Unavailable."""
    try:
        async with pool.acquire(timeout=10) as connection:
            async with connection.transaction():
                yield connection
    except DOWN as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from error


async def set_org(connection: Connection, org_id: UUID) -> None:
    """Wall the rest of the current transaction to one organisation."""
    await connection.execute("select set_config('app.org', $1, true)", str(org_id))


@asynccontextmanager
async def org_transaction(pool: Pool, org_id: UUID) -> AsyncIterator[Connection]:
    """A transaction that sees and writes only the rows of ``org_id``. Raises Unavailable."""
    async with transaction(pool) as connection:
        await set_org(connection, org_id)
        yield connection
