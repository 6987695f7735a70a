"""Rows per table over time: under a steady load with retention on, no table grows beyond what is kept.

Real time, unlike ``tests/contract/runtime/test_retention.py``: rows end now, and are kept for a window. Seconds in the
suite; in ``make soak`` an hour, with Postgres' own vacuum.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import asyncpg
import msgspec

from core.domain.retention_rules import RetentionRules
from core.infra.postgres.connection import set_org
from core.settings import Settings
from streams.background.sweeper import delete_old
from tests.contract.runtime.test_retention import Rig, rig
from tests.support.soak import GROWTH, SHARE, record, time_out, volume

__all__ = ["rig"]
WINDOW_S = volume(1, 300)
"""How long rows are kept."""
WINDOW_COUNT = 12 if SHARE else 8
ROWS_PER_S = 400
"""Of each table; a slow machine writes fewer."""
TICK_S = 0.1
DAY_S = 86_400
RULES = RetentionRules(
    **dict.fromkeys(("outbox_days", "attempts_days", "deliveries_days", "project_events_days"), WINDOW_S / DAY_S)
)
KEY_AGE_S = 25 * 3600 - WINDOW_S
"""Age of a new answer: kept answers go after 25 hours, whatever the settings say."""
LOAD = {
    "outbox": """insert into outbox (org_id, event_id, topic, key, partition, headers, payload, published_at)
        select $1, gen_random_uuid(), 't', 'k', 0, '{}', repeat('p', 400)::bytea, now()
        from generate_series(1, $2::int) n where $3::uuid is not null""",
    "attempts": """insert into attempts
          (org_id, input_id, stage, project_id, state, topic, key, partition, headers, payload, finished_at)
        select $1, gen_random_uuid(), 'listen', $3, 'done', 't', 'k', 0, '{}', repeat('p', 400)::bytea, now()
        from generate_series(1, $2::int) n""",
    "deliveries": """insert into deliveries
          (org_id, delivery_id, endpoint_id, project_id, event_id, event_type, payload, state, finished_at)
        select $1, gen_random_uuid(), (select endpoint_id from webhook_endpoints where org_id = $1), $3,
          gen_random_uuid(), 't', 'p', 'delivered', now()
        from generate_series(1, $2::int) n""",
    "project_events": """insert into project_events (org_id, project_id, version, event_id, type, body, at)
        select $1, $3, n + (1e6 * extract(epoch from clock_timestamp()))::bigint, gen_random_uuid(), 't', '{}', now()
        from generate_series(1, $2::int) n""",
    "idempotency_keys": f"""insert into idempotency_keys (org_id, key, fingerprint, created_at)
        select $1, gen_random_uuid()::text, '\\x00', now() - interval '{KEY_AGE_S} seconds'
        from generate_series(1, $2::int) n where $3::uuid is not null""",
}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of each table, and their bytes with indexes, at one time."""

    rows: dict[str, int]
    size_bytes: dict[str, int]
    most_rows: float
    """What the load can have written since the youngest row that the last deletion had to take."""


class Load:
    """Writes rows at a steady pace while it runs, and deletes as the relay's process does."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.swept_s = time.monotonic()
        """When the last complete deletion began."""

    async def write(self) -> None:
        """Write until cancelled; what a slow machine misses is not made up for."""
        while True:
            began_s = time.monotonic()
            async with self.rig.owner.transaction():
                await set_org(self.rig.owner, self.rig.org_id)
                for sql in LOAD.values():
                    await self.rig.owner.execute(sql, self.rig.org_id, int(ROWS_PER_S * TICK_S), self.rig.project_id)
            await asyncio.sleep(max(0.0, began_s + TICK_S - time.monotonic()))

    async def sweep(self) -> None:
        """Delete what is over, five times a window, until cancelled."""
        while True:
            began_s = time.monotonic()
            await delete_old(self.rig.relay, RULES)
            self.swept_s = began_s
            await asyncio.sleep(WINDOW_S / 5)

    async def sample(self, reader: asyncpg.Connection) -> Sample:
        async with reader.transaction():
            await set_org(reader, self.rig.org_id)
            rows = {
                table: await reader.fetchval(f"select count(*) from {table} where org_id = $1", self.rig.org_id)
                for table in LOAD
            }
        sizes = {table: await reader.fetchval("select pg_total_relation_size($1::regclass)", table) for table in LOAD}
        kept_s = time.monotonic() - self.swept_s + WINDOW_S
        return Sample(rows=rows, size_bytes=sizes, most_rows=ROWS_PER_S * (kept_s + 10 * TICK_S))


@time_out(3 * 3600)
async def test_tables_stay_flat_while_the_load_goes_on(rig: Rig, postgres: Settings) -> None:
    load, samples = Load(rig), list[Sample]()
    reader = await asyncpg.connect(postgres.postgres_owner)
    tasks = [asyncio.create_task(load.write()), asyncio.create_task(load.sweep())]
    try:
        for _ in range(WINDOW_COUNT):
            await asyncio.wait(tasks, timeout=WINDOW_S, return_when=asyncio.FIRST_EXCEPTION)
            assert not any(task.done() for task in tasks), tasks
            samples.append(await load.sample(reader))
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await reader.close()
    grown = [
        (table, one.rows[table], one.most_rows)
        for one in samples[1:]
        for table in LOAD
        if one.rows[table] > one.most_rows
    ]
    assert not grown
    for table in LOAD:
        steps = " → ".join(f"{one.rows[table]:,}" for one in samples)
        mib = [one.size_bytes[table] / 2**20 for one in (samples[WINDOW_COUNT // 2], samples[-1])]
        record(GROWTH, f"{table}: {steps}, each {WINDOW_S} s; {mib[0]:.1f} → {mib[1]:.1f} MiB")
        if SHARE:  # Postgres vacuums by itself once a minute at most
            assert mib[1] <= 1.5 * mib[0], table
