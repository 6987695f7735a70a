"""Readings of a stack during the kill series: stillness, takeovers, memory, tables.

Stillness is the longest time in which no attempt was claimed, moved its counter or ended, and no event was sent, while
a project was outstanding. A takeover is the time from the kill of a worker to the next claim of what it worked on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
import msgspec
import psutil

from benchmarks.harness.background import Background
from local.config.state import PartStatus

EVERY_S, MEMORY_EVERY_S, TABLES_EVERY_S = 1.0, 15.0, 30.0
QUERY_TIMEOUT_S = 5.0
MIB = 2**20
_MOVED = """
select row((select row(count(*), sum(fence), sum(counter), count(finished_at)) from attempts),
  (select row(count(*), count(published_at)) from outbox))::text
"""
_HELD = """
select org_id, input_id, stage, fence from attempts
where state = 'running' and worker like '%/' || $1::text
"""
_CLAIMED = "select fence from attempts where org_id = $1 and input_id = $2 and stage = $3"
TABLES = (
    "outbox", "attempts", "deliveries", "project_events", "project_stages", "idempotency_keys", "costs", "admissions",
    "projects", "clips", "exports", "dead_letters", "object_sweeps",
)  # fmt: skip
"""Those that grow with the work; of them ``projects`` is what the others are measured by."""


class MemorySample(msgspec.Struct, frozen=True, kw_only=True):
    """Resident bytes of one process (a server: with its children) at one time (monotonic)."""

    part: str
    pid: int
    at_s: float
    rss_bytes: int


class TableSample(msgspec.Struct, frozen=True, kw_only=True):
    """Rows and bytes (with indexes) of each table at one time (monotonic)."""

    at_s: float
    rows: Mapping[str, int]
    size_bytes: Mapping[str, int]


class Readings(Background):
    """Samples in a thread, while entered."""

    def __init__(
        self,
        postgres: str,
        read_parts: Callable[[], Mapping[str, PartStatus]],
        is_busy: Callable[[], bool],
        servers: frozenset[str],
    ) -> None:
        """``postgres``: the superuser's address; ``servers``: parts that are measured with their children."""
        super().__init__()
        self._postgres, self._read_parts, self._is_busy, self._servers = postgres, read_parts, is_busy, servers
        self._loop = asyncio.new_event_loop()
        self._held: list[tuple[float, Any]] = []
        self.longest_still_s = 0.0
        self.takeovers_s: list[float] = []
        self.memory: list[MemorySample] = []
        self.tables: list[TableSample] = []

    def __exit__(self, *_: object) -> None:
        """A last sample of the tables, and the end."""
        super().__exit__()
        self._loop.close()

    def before_kill(self, _part: str, pid: int) -> None:
        """Note what the process works on, to see when another claims it. Called from any thread."""
        asyncio.run_coroutine_threadsafe(self._note_held(pid), self._loop).result(QUERY_TIMEOUT_S)

    async def _note_held(self, pid: int) -> None:
        connection = await asyncpg.connect(self._postgres, timeout=QUERY_TIMEOUT_S)
        try:
            rows = await connection.fetch(_HELD, str(pid), timeout=QUERY_TIMEOUT_S)
        finally:
            await connection.close(timeout=QUERY_TIMEOUT_S)
        self._held += [(time.monotonic(), row) for row in rows]

    def _run(self) -> None:
        self._loop.run_until_complete(self._read())

    async def _read(self) -> None:
        connection: Any = None
        progress, progress_at_s = "", time.monotonic()
        memory_at_s = tables_at_s = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now - memory_at_s >= MEMORY_EVERY_S:
                memory_at_s = now
                self.memory += await asyncio.to_thread(self._read_memory)
            latest = progress
            try:
                if connection is None or connection.is_closed():
                    connection = await asyncpg.connect(self._postgres, timeout=QUERY_TIMEOUT_S)
                latest = await connection.fetchval(_MOVED, timeout=QUERY_TIMEOUT_S)
                await self._see_takeovers(connection)
                if now - tables_at_s >= TABLES_EVERY_S:
                    tables_at_s = now
                    self.tables.append(await read_tables(connection))
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if connection is not None:
                    connection.terminate()  # Postgres is what was struck: nothing moves, as far as can be seen
                connection = None
            if latest != progress or not self._is_busy():
                progress, progress_at_s = latest, time.monotonic()
            self.longest_still_s = max(self.longest_still_s, time.monotonic() - progress_at_s)
            await asyncio.sleep(EVERY_S)
        if connection is not None:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self.tables.append(await read_tables(connection))
            connection.terminate()

    async def _see_takeovers(self, connection: Any) -> None:
        waiting = []
        for struck_at_s, row in self._held:
            fence = await connection.fetchval(_CLAIMED, *row[:3], timeout=QUERY_TIMEOUT_S)
            if fence is None:
                continue  # it was erased
            if fence > row["fence"]:
                self.takeovers_s.append(time.monotonic() - struck_at_s)
            else:
                waiting.append((struck_at_s, row))
        self._held[:] = waiting

    def _read_memory(self) -> list[MemorySample]:
        samples = []
        for name, part in self._read_parts().items():
            if part.pid is None or part.state != "ready":
                continue
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(part.pid)
                processes = [root, *root.children(recursive=True)] if name in self._servers else [root]
                rss_bytes = sum(process.memory_info().rss for process in processes)
                samples.append(MemorySample(part=name, pid=part.pid, at_s=time.monotonic(), rss_bytes=rss_bytes))
        return samples


async def read_tables(connection: Any) -> TableSample:
    """Rows and sizes now."""
    rows = {name: await connection.fetchval(f"select count(*) from {name}", timeout=30) for name in TABLES}
    sizes = {name: await connection.fetchval("select pg_total_relation_size($1::regclass)", name) for name in TABLES}
    return TableSample(at_s=time.monotonic(), rows=rows, size_bytes=sizes)
