"""Tables stay flat under a load: what is over goes by age, in batches, by an index. Hours of rows in seconds."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from core.domain.retention_rules import RetentionRules
from core.infra.postgres.connection import Pool, create_pool, org_transaction, set_org
from core.services.retention import list_expiring
from core.settings import Settings
from streams.background.sweeper import delete_old
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.contract.rigs.postgres import new_org

pytestmark = pytest.mark.contract
ROWS = 2500
"""Rows of a table in one simulated hour: more than two batches."""
HOURS = 5
RULES = RetentionRules(outbox_days=1 / 24, attempts_days=1 / 24, deliveries_days=1 / 24, project_events_days=1 / 24)
"""An hour each."""
LOAD = {
    "outbox": """insert into outbox (org_id, event_id, topic, key, partition, headers, payload, published_at)
        select $1, gen_random_uuid(), 't', 'k', 0, '{}', 'p', now() - make_interval(mins => n % 120)
        from generate_series(1, $2::int) n where $3::uuid is not null""",
    "attempts": """insert into attempts
          (org_id, input_id, stage, project_id, state, topic, key, partition, headers, payload, finished_at)
        select $1, gen_random_uuid(), 'listen', $3, 'done', 't', 'k', 0, '{}', 'p',
          now() - make_interval(mins => n % 120)
        from generate_series(1, $2::int) n""",
    "project_events": """insert into project_events (org_id, project_id, version, event_id, type, body, at)
        select $1, $3, 1 + n + coalesce((select max(version) from project_events where project_id = $3), 0),
          gen_random_uuid(), 't', '{}', now() - make_interval(mins => n % 120)
        from generate_series(1, $2::int) n""",
    "webhook_messages": """insert into webhook_messages
          (org_id, position, event_id, project_id, event_type, payload, created_at)
        select $1, n + coalesce((select max(position) from webhook_messages where org_id = $1), 0),
          gen_random_uuid(), $3, 't', 'p', now() - make_interval(mins => 120 - n * 120 / $2::int)
        from generate_series(1, $2::int) n""",
    "deliveries": """insert into deliveries
          (org_id, delivery_id, endpoint_id, project_id, event_id, event_type, payload, state, finished_at)
        select $1, gen_random_uuid(), (select endpoint_id from webhook_endpoints where org_id = $1), $3,
          gen_random_uuid(), 't', 'p', 'delivered', now() - make_interval(mins => n % 120)
        from generate_series(1, $2::int) n""",
}


class Rig:
    """A database with one organisation and one project."""

    def __init__(self, owner: asyncpg.Connection, relay: Pool, org_id: uuid.UUID) -> None:
        self.owner, self.relay, self.org_id, self.project_id = owner, relay, org_id, uuid.uuid4()

    async def load(self) -> None:
        """One simulated hour."""
        async with self.owner.transaction():
            await set_org(self.owner, self.org_id)
            for sql in LOAD.values():
                await self.owner.execute(sql, self.org_id, ROWS, self.project_id)

    async def counts(self) -> dict[str, int]:
        async with self.owner.transaction():
            await set_org(self.owner, self.org_id)
            return {
                table: await self.owner.fetchval(f"select count(*) from {table} where org_id = $1", self.org_id)
                for table in LOAD
            }

    async def index_bytes(self) -> int:
        """Bytes of the indexes of all tables, once vacuum has passed."""
        total = 0
        for table in LOAD:
            await self.owner.execute(f"vacuum {table}")
            total += await self.owner.fetchval("select pg_indexes_size($1::regclass)", table)
        return total


@pytest.fixture
async def rig(postgres: Settings) -> AsyncIterator[Rig]:
    owner = await asyncpg.connect(postgres.postgres_owner)
    relay = await create_pool(postgres.postgres_relay, size=1)
    worker = await create_pool(postgres.postgres_worker, size=1)
    api = await create_pool(postgres.postgres_api, size=1)
    made = Rig(owner, relay, await new_org(postgres))
    async with org_transaction(worker, made.org_id) as rows:
        await rows.execute("insert into projects (org_id, project_id) values ($1, $2)", made.org_id, made.project_id)
    async with org_transaction(api, made.org_id) as rows:
        await rows.execute(
            """insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted)
               values ($1, $2, 'https://a.example', '{}', '')""",
            made.org_id,
            uuid.uuid4(),
        )
    yield made
    await owner.close()
    for pool in (relay, worker, api):
        await pool.close()


async def test_tables_and_their_indexes_stay_flat(rig: Rig) -> None:
    metrics = ProcessMetrics(OF_RELAY)
    sizes, counts = [], []
    for _ in range(HOURS):
        await rig.load()
        assert await delete_old(rig.relay, RULES, metrics) >= len(LOAD) * ROWS // 3
        counts.append(await rig.counts())
        async with rig.owner.transaction():  # the next hour comes
            await set_org(rig.owner, rig.org_id)
            for table, column in (
                ("outbox", "published_at"), ("attempts", "finished_at"), ("deliveries", "finished_at"),
                ("project_events", "at"), ("webhook_messages", "created_at"),
            ):  # fmt: skip
                older = f"update {table} set {column} = {column} - interval '1 hour' where org_id = $1"
                await rig.owner.execute(older, rig.org_id)
        sizes.append(await rig.index_bytes())
    assert all(set(one.values()) <= set(range(ROWS // 3, ROWS)) for one in counts), counts
    assert sizes[-1] <= 1.25 * sizes[1], sizes
    page = metrics.page().decode()
    assert all(f'clipstream_retention_deleted_total{{table="{table}"}}' in page for table in LOAD)


async def test_each_kind_is_deleted_by_an_index(rig: Rig) -> None:
    """The planner is asked on a table without statistics: what matters is that an index serves age and order."""
    async with rig.relay.acquire() as rows, rows.transaction():
        await rows.execute("set local enable_seqscan = off")
        for kind in list_expiring(RULES):
            plan = "\n".join(row[0] for row in await rows.fetch(f"explain {kind.delete}", kind.age, 1000))
            assert "Seq Scan" not in plan, (kind.table, plan)


async def test_rows_that_are_still_in_use_stay(rig: Rig) -> None:
    await rig.load()
    async with rig.owner.transaction():
        await set_org(rig.owner, rig.org_id)
        await rig.owner.execute("update outbox set published_at = null where org_id = $1", rig.org_id)
        await rig.owner.execute("update attempts set state = 'free' where org_id = $1", rig.org_id)
        await rig.owner.execute("update deliveries set state = 'pending' where org_id = $1", rig.org_id)
        await rig.owner.execute("update webhook_messages set created_at = now() where org_id = $1", rig.org_id)
    await delete_old(rig.relay, msgspec.structs.replace(RULES, project_events_days=1.0))
    assert set((await rig.counts()).values()) == {ROWS}
