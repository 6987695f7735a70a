"""The column store: the `Analytics` port on clickhouse-connect, and the migration of its tables.

The client asks the server for its version when it is created, so it is created at the first call: a process starts
while ClickHouse is down, and its questions are Unavailable until ClickHouse is up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, TypeAlias

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, DataError, OperationalError

from core.errors import Unavailable
from core.settings import Settings

Client: TypeAlias = Any
"""clickhouse-connect's AsyncClient (the library ships no types)."""
PART = "clickhouse"
QUERY_TIMEOUT_S = 30
TRANSIENT_ERROR_CODES = {60, 81, 159, 160, 202, 203, 209, 210, 236, 241, 242, 243, 252, 319, 394, 425, 999}
"""Server errors that pass: time-outs, too many queries or parts, memory, network, tables not migrated yet."""
QUERY_LIMITS: Mapping[str, Any] = {
    "readonly": 1,
    "max_execution_time": 10,
    "max_result_rows": 100_000,
    "max_rows_to_read": 200_000_000,
    "max_memory_usage": 2 * 2**30,
}
"""Limits of one query, so that one organisation cannot starve the others."""


def schema_text(*path: str) -> str:
    """Text of a file under ``schemas/clickhouse``."""
    return files("schemas").joinpath("clickhouse", *path).read_text()


def split_statements(sql: str) -> list[str]:
    """Split a migration into statements; none of ours has a semicolon at the end of a line inside a text."""
    parts = (part.strip() for part in sql.split(";\n"))
    bare = ["\n".join(line for line in part.splitlines() if not line.startswith("--")).strip() for part in parts]
    return [part.rstrip(";") for part in bare if part]


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (OperationalError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(PART, f"{type(error).__name__}: {error}") from error
    except DataError:
        raise  # the client's own refusal of a value: no outage, it would come at each try
    except DatabaseError as error:
        code = getattr(error, "code", None)
        if code in TRANSIENT_ERROR_CODES or code is None:
            raise Unavailable(PART, str(error)) from error
        raise


class ClickHouseAnalytics:
    """`Analytics` on one database."""

    def __init__(self, dsn: str) -> None:
        """Opens no connection."""
        self._dsn = dsn
        self._client: Client | None = None
        self._lock = asyncio.Lock()

    async def _connected(self) -> Client:
        async with self._lock:
            if self._client is None:
                self._client = await clickhouse_connect.get_async_client(
                    dsn=self._dsn,
                    autogenerate_session_id=False,
                    connect_timeout=3,
                    send_receive_timeout=QUERY_TIMEOUT_S,
                    query_retries=0,
                    tz_mode="aware",
                )
            return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str) -> None:
        """Insert a batch once per ``token``. Raises Unavailable."""
        async with _translated():
            client = await self._connected()
            settings = {"insert_deduplication_token": token}
            await client.insert(table, list(rows), column_names=list(columns), settings=settings)

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a parameterised query, which may only read. Raises Unavailable."""
        async with _translated():
            client = await self._connected()
            result = await client.query(sql, parameters=dict(parameters), settings=dict(QUERY_LIMITS))
            return list(result.named_results())

    async def command(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Run a parameterised statement that changes something. Raises Unavailable."""
        async with _translated():
            client = await self._connected()
            await client.command(sql, parameters=dict(parameters))


async def open_analytics(settings: Settings) -> ClickHouseAnalytics:
    """The store of the settings; connects at the first call."""
    return ClickHouseAnalytics(settings.clickhouse)


_APPLIED = """
CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = ReplacingMergeTree ORDER BY name
"""


async def migrate_clickhouse(settings: Settings) -> None:
    """Apply the numbered files that are not yet applied.

    Every statement may be repeated, so a kill between two does no harm.
    """
    analytics = ClickHouseAnalytics(settings.clickhouse)
    try:
        await analytics.command(_APPLIED, {})
        done = {row["name"] for row in await analytics.query("SELECT name FROM schema_migrations", {})}
        names = sorted(entry.name for entry in files("schemas").joinpath("clickhouse").iterdir())
        for name in (name for name in names if name.endswith(".sql") and name not in done):
            for statement in split_statements(schema_text(name)):
                await analytics.command(statement, {})
            await analytics.insert("schema_migrations", ["name"], [[name]], token=name)
    except ClickHouseError as error:
        raise RuntimeError(f"the ClickHouse migration failed: {error}") from error
    finally:
        await analytics.close()
