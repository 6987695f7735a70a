"""Postgres: pools, and transactions that see the rows of one organisation.

``set_config(…, true)`` lasts for the transaction; outside of one it would be lost without an error, so no function
here hands out a bare connection for tenant tables. A transaction costs two round trips in addition to its own
statements; the one that sets the organisation is sent with ``begin``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from core.errors import Unavailable

Connection: TypeAlias = Any
"""An asyncpg connection (the library ships no types)."""
Pool: TypeAlias = Any
Row: TypeAlias = Any

TRANSIENT_ERRORS = (
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
"""Errors after which the same transaction may succeed later: server gone, starting, full, a standby; lost deadlocks."""


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def prepare_connection(connection: Connection) -> None:
    """Let jsonb columns travel as Python values: structs on the way in, plain values on the way out."""
    await connection.set_type_codec("jsonb", encoder=_encode_json, decoder=msgspec.json.decode, schema="pg_catalog")


async def _reset_nothing(_connection: Connection) -> None:
    """Reset nothing before a connection's next user: everything done on one ends with its transaction.

    asyncpg rolls back an open transaction by itself. Its default reset also unlocks and unlistens, at a round trip
    more.
    """


async def create_pool(dsn: str, *, size: int = 8, name: str = "clipstream") -> Pool:
    """Open a pool of connections. Raises Unavailable if Postgres does not answer."""
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=prepare_connection,
            reset=_reset_nothing,
            command_timeout=30,
            timeout=5,
            server_settings={
                "application_name": name,
                "timezone": "UTC",
                # a process that is paused in mid-transaction must not keep its locks: others take over
                "idle_in_transaction_session_timeout": "10000",
            },
        )
    except TRANSIENT_ERRORS as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from error


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Open a transaction without an organisation: for the relay's tables and key look-ups.

    Raises Unavailable.
    """
    async with _begin(pool, "begin") as connection:
        yield connection


@asynccontextmanager
async def org_transaction(pool: Pool, org_id: UUID) -> AsyncIterator[Connection]:
    """Open a transaction that sees and writes only the rows of ``org_id``. Raises Unavailable."""
    async with _begin(pool, f"begin; {org_statement(org_id)}") as connection:
        yield connection


@asynccontextmanager
async def person_transaction(pool: Pool, user_id: UUID | None, org_id: UUID | None = None) -> AsyncIterator[Connection]:
    """Open a transaction that sees the rows of a person, and those of an organisation. Raises Unavailable."""
    statements = ["begin"]
    if org_id is not None:
        statements.append(org_statement(org_id))
    if user_id is not None:
        statements.append(person_statement(user_id))
    async with _begin(pool, "; ".join(statements)) as connection:
        yield connection


async def ping(connection: Connection) -> None:
    """Run an empty query, to see that the server answers."""
    await connection.fetchval("select 1")


async def knock(dsn: str, *, timeout_s: float) -> None:
    """Run an empty query on a connection of its own, outside of any pool.

    A server that has no connection left for us answers too. Raises Unavailable if there is no answer in time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await asyncpg.connect(dsn, timeout=timeout_s)
            try:
                await ping(connection)
            finally:
                connection.terminate()
    except asyncpg.TooManyConnectionsError:
        return
    except TRANSIENT_ERRORS as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from error


async def set_org(connection: Connection, org_id: UUID) -> None:
    """Limit the rest of the current transaction to the rows of one organisation."""
    await connection.execute(org_statement(org_id))


async def set_person(connection: Connection, user_id: UUID) -> None:
    """Let the rest of the current transaction see the rows of one person."""
    await connection.execute(person_statement(user_id))


async def set_place(
    connection: Connection,
    name: Literal["email", "token_hash", "origin", "subjects", "credential", "identity", "client"],
    value: str,
) -> None:
    """Let the rest of the current transaction see the rows that a value names: an address, a token's hash."""
    await connection.execute("select set_config($1, $2, true)", f"app.{name}", value)


def person_statement(user_id: UUID) -> str:
    """The statement that lets a transaction see one person's rows; TypeError for what is not a UUID."""
    if not isinstance(user_id, UUID):
        raise TypeError(f"a person's id is a UUID, not {type(user_id).__name__}")
    return f"select set_config('app.user', '{UUID(int=user_id.int)}', true)"


def org_statement(org_id: UUID) -> str:
    """The statement that limits a transaction to one organisation.

    It is built from the 36 characters of a UUID and nothing else: TypeError for any other type.
    """
    if not isinstance(org_id, UUID):
        raise TypeError(f"an organisation's id is a UUID, not {type(org_id).__name__}")
    return f"select set_config('app.org', '{UUID(int=org_id.int)}', true)"


@asynccontextmanager
async def _begin(pool: Pool, begin: str) -> AsyncIterator[Connection]:
    try:
        async with pool.acquire(timeout=10) as connection:
            try:
                await connection.execute(begin)
                yield connection
            except BaseException:
                with suppress(*TRANSIENT_ERRORS):  # the first error is the one to report
                    await connection.execute("rollback")
                raise
            await connection.execute("commit")
    except TRANSIENT_ERRORS as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from error
