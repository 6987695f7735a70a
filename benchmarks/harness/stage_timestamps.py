"""Notes in Postgres when events are written and attempts claimed, while a benchmark looks.

Never part of the product.

Two triggers write down the transaction of each outbox row and of each first claim; with ``track_commit_timestamp`` the
server itself then tells when those transactions were committed, on one clock.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from benchmarks.harness.rig import Rig, say

Connection: TypeAlias = Any
"""An asyncpg connection (the library ships no types)."""
RESTART_S = 120.0
_INSTALL = """
create table bench_marks (what text, id uuid, stage text, xid xid, began timestamptz);
create function bench_written() returns trigger language plpgsql security definer as $$
begin
  insert into bench_marks values
    ('written', new.event_id, new.headers->>'ce_source', pg_current_xact_id()::xid, clock_timestamp());
  return null;
end $$;
create function bench_claimed() returns trigger language plpgsql security definer as $$
begin
  insert into bench_marks values ('claimed', new.input_id, new.stage, pg_current_xact_id()::xid, new.started_at);
  return null;
end $$;
create trigger bench_written after insert on outbox for each row
  when (new.emission = 0 and new.due_at <= now()) execute function bench_written();
create trigger bench_claimed after insert on attempts for each row execute function bench_claimed();
"""
_REMOVE = """
drop trigger if exists bench_written on outbox;
drop trigger if exists bench_claimed on attempts;
drop function if exists bench_written;
drop function if exists bench_claimed;
drop table if exists bench_marks;
"""
_HOPS = """
select w.id, w.stage as source, c.stage as target,
  extract(epoch from pg_xact_commit_timestamp(w.xid))::float8 as committed_s,
  extract(epoch from min(o.published_at))::float8 as acked_s,
  extract(epoch from c.began)::float8 as began_s,
  extract(epoch from pg_xact_commit_timestamp(c.xid))::float8 as claimed_s
from bench_marks w join bench_marks c on c.id = w.id join outbox o on o.event_id = w.id
where w.what = 'written' and c.what = 'claimed'
group by w.id, w.stage, c.stage, w.xid, c.xid, c.began
order by committed_s
"""


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One event from the COMMIT that wrote it to the COMMIT that claimed it.

    Times in seconds since the epoch.
    """

    id: UUID
    source: str
    target: str
    committed_s: float
    acked_s: float
    """When the relay began to mark it: Kafka had acknowledged it before."""
    began_s: float
    """When the next stage's claim began: it had the message."""
    claimed_s: float

    @property
    def total_ms(self) -> float:
        """COMMIT to the committed claim: the work begins then."""
        return (self.claimed_s - self.committed_s) * 1000

    def part_ms(self) -> dict[str, float]:
        """Milliseconds of each part. The message often arrives before its acknowledgement: no sum of three."""
        return {
            "COMMIT → acknowledged by Kafka": (self.acked_s - self.committed_s) * 1000,
            "COMMIT → the claim begins": (self.began_s - self.committed_s) * 1000,
            "the claim's transaction": (self.claimed_s - self.began_s) * 1000,
        }


class Marks:
    """The triggers, while they are installed."""

    def __init__(self, connection: Connection) -> None:
        """Made by ``marking``."""
        self._connection = connection

    async def hops(self) -> list[Hop]:
        """Every event that was written and claimed since the triggers are there, in order."""
        rows = await self._connection.fetch(_HOPS)
        return [Hop(**dict(row) | {"source": row["source"].rsplit("/", 1)[1]}) for row in rows]


@asynccontextmanager
async def marking(rig: Rig) -> AsyncIterator[Marks]:
    """Install the triggers, remove them afterwards whatever happens."""
    dsn = rig.superuser()
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("show track_commit_timestamp") != "on":
            await connection.execute("alter system set track_commit_timestamp = on")
            await connection.close()
            await asyncio.to_thread(_restart_postgres, rig)
            connection = await asyncpg.connect(dsn)
        await connection.execute(_REMOVE)
        await connection.execute(_INSTALL)
        yield Marks(connection)
    finally:
        await connection.execute(_REMOVE)
        await connection.close()


def _restart_postgres(rig: Rig) -> None:
    """The setting needs a restart.

    Its supervisor starts it again, and all others wait for it as they always would.
    """
    say("restarting Postgres, so that it notes when transactions are committed")
    before = rig.read_parts()["postgres"].pid
    assert before
    os.kill(before, signal.SIGINT)
    deadline_s = time.monotonic() + RESTART_S
    while time.monotonic() < deadline_s:
        parts = rig.read_parts()
        if parts["postgres"].pid != before and all(
            part.state in ("ready", "done", "external") for part in parts.values()
        ):
            return
        time.sleep(0.2)
    raise TimeoutError(f"the stack is not ready {RESTART_S:.0f} s after Postgres was restarted")
