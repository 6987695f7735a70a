"""Postgres: pools, and the one way to open a transaction on an organisation's rows. Never sets the org outside one.

``set_config(…, true)`` lasts for the transaction only; outside of one it would be lost in silence, which is why no
function here hands out a bare connection for tenant tables. A transaction costs two round trips beside its own
statements, the wall included.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from core.errors import Unavailable

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


async def _leave(_connection: Connection) -> None:
    """Before a connection's next user: nothing, as all that we do in one ends with its transaction.

    asyncpg rolls back what is open. Its default also unlocks, unlistens and resets, by a round trip of its own.
    """


async def create_pool(dsn: str, *, size: int = 8, name: str = "clipstream") -> Pool:
    """A pool of connections; raises Unavailable when Postgres does not answer."""
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=prepare_connection,
            reset=_leave,
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
    async with _begun(pool, "begin") as connection:
        yield connection


@asynccontextmanager
async def org_transaction(pool: Pool, org_id: UUID) -> AsyncIterator[Connection]:
    """A transaction that sees and writes only the rows of ``org_id``. Raises Unavailable."""
    async with _begun(pool, f"begin; {walled(org_id)}") as connection:
        yield connection


async def ping(connection: Connection) -> None:
    """Ask the server for nothing, to see that it answers."""
    await connection.fetchval("select 1")


async def set_org(connection: Connection, org_id: UUID) -> None:
    """Wall the rest of the current transaction to one organisation."""
    await connection.execute(walled(org_id))


def walled(org_id: UUID) -> str:
    """The statement of the wall. Nothing but the 36 characters of a UUID ever gets in: TypeError for any other type."""
    if not isinstance(org_id, UUID):
        raise TypeError(f"an organisation's id is a UUID, not {type(org_id).__name__}")
    return f"select set_config('app.org', '{UUID(int=org_id.int)}', true)"


@asynccontextmanager
async def _begun(pool: Pool, begin: str) -> AsyncIterator[Connection]:
    try:
        async with pool.acquire(timeout=10) as connection:
            try:
                await connection.execute(begin)
                yield connection
            except BaseException:
                with suppress(*DOWN):  # what went wrong first is what the caller is told
                    await connection.execute("rollback")
                raise
            await connection.execute("commit")
    except DOWN as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from error
