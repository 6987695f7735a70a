"""Rig for tests of attempts: a scripted stage, an organisation of its own, a real Postgres."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import msgspec
import pytest

from core.infra.kafka.message import Message
from core.infra.postgres.connection import Connection, Pool, create_pool, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.settings import Settings
from schemas import codec, events
from schemas.topics import BY_NAME, partition_for
from streams.runtime.attempts import Attempts
from streams.runtime.leases import Rules
from streams.runtime.stage import Commit, Work
from tests.contract.rigs.postgres import new_org
from tests.support.progress import await_while_moving

RULES = Rules(lease_s=60.0, renew_s=0.1, patience_s=60.0, max_tries=4, retry_base_s=0.01, outage_s=3600)
"""No lease is lost by accident: a busy machine may keep this process waiting for seconds."""
LOSING = msgspec.structs.replace(RULES, lease_s=0.6, patience_s=0.5)
"""For tests in which a lease runs out."""
KEEPING = msgspec.structs.replace(RULES, lease_s=1.5, patience_s=1.5)
"""For tests that show how a lease is kept for longer than it lasts."""
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class ScriptedStage:
    """A stage like ingest that runs the test's script; its result is one row in ``warnings``."""

    name: events.Stage = "ingest"

    def __init__(self, script: Callable[[Work], Awaitable[None]]) -> None:
        self.script = script
        self.given_up: list[str] = []

    def wants(self, event: events.AnyEvent) -> bool:
        return True

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        await self.script(work)

        async def commit(connection: Connection) -> None:
            assert event.org_id is not None
            assert event.project_id is not None
            await connection.execute(
                "update projects set warnings = array_append(warnings, 'result') where org_id = $1 and project_id = $2",
                event.org_id,
                event.project_id,
            )
            await put(connection, events.SpansHeard(org_id=event.org_id, project_id=event.project_id), work.cause)

        return commit

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        assert isinstance(event, events.UploadReceived)
        self.given_up.append(reason)
        await project_lifecycle.fail_project(connection, event.org_id, event.project_id, reason, detail, cause)


class Rig:
    """An organisation of its own, with shorthand for the tests' requests and queries."""

    def __init__(self, worker: Pool, relay: Pool, org_id: uuid.UUID) -> None:
        self.worker, self.relay, self.org_id = worker, relay, org_id
        self.project_id = uuid.uuid4()
        self.rules = RULES
        self.event = events.UploadReceived(
            org_id=org_id, project_id=self.project_id, source_url="https://example.org/a"
        )
        self.envelope = codec.Envelope(
            id=uuid.uuid4(), source="/test", type=codec.type_name(events.UploadReceived), time=NOW
        )
        self.message = Message(
            topic="uploads.v1",
            partition=partition_for(BY_NAME["uploads.v1"], self.project_id),
            offset=7,
            key=str(self.project_id),
            headers=codec.encode_headers(self.envelope),
            payload=codec.encode(self.event),
        )

    def attempts(self, script: Callable[[Work], Awaitable[None]], name: str = "a") -> tuple[Attempts, ScriptedStage]:
        stage = ScriptedStage(script)
        made = Attempts(
            pool=self.worker, stage=stage, worker=name, rules=self.rules, clock=lambda: dt.datetime.now(dt.UTC)
        )
        return made, stage

    async def run(self, script: Callable[[Work], Awaitable[None]], name: str = "a") -> str:
        attempts, _ = self.attempts(script, name)
        return await attempts.run(self.message, self.envelope, self.event)

    async def rows(self, sql: str) -> list[asyncpg.Record]:
        async with org_transaction(self.worker, self.org_id) as connection:
            found: list[asyncpg.Record] = await connection.fetch(sql, self.org_id, self.project_id)
            return found

    async def until_claimed(self) -> None:
        """Return when an attempt of the project runs."""
        sql = "select 1 from attempts where org_id = $1 and project_id = $2 and state = 'running'"
        await await_while_moving(lambda: self.rows(sql), "a claim")

    async def until_expired(self) -> None:
        """Return when the lease of the project's attempt has run out."""
        sql = "select 1 from attempts where org_id = $1 and project_id = $2 and lease_until < now()"
        await await_while_moving(lambda: self.rows(sql), "the end of a lease")

    async def results(self) -> int:
        return len((await self.rows("select warnings from projects where org_id = $1 and project_id = $2"))[0][0])

    async def logical_events(self) -> int:
        rows = await self.rows(
            "select distinct event_id from outbox where org_id = $1 and project_id = $2 and topic = 'transcripts.v1'"
        )
        return len(rows)


@pytest.fixture(name="rig")
async def make_rig(postgres: Settings) -> AsyncIterator[Rig]:
    worker = await create_pool(postgres.postgres_worker, size=8)
    relay = await create_pool(postgres.postgres_relay, size=2)
    org_id = await new_org(postgres)
    yield Rig(worker, relay, org_id)
    await worker.close()
    await relay.close()


async def nothing(work: Work) -> None:
    work.report(1)
