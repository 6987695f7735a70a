"""One event, one stage, one winner: claims, leases, fences and give-ups on a real Postgres, played as dialogues."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from schemas import codec, events
from schemas.topics import BY_NAME, partition_for
from streams import lifecycle
from streams.adapters.postgres import Connection, Pool, create_pool, org_transaction, set_org, transaction
from streams.attempt import Attempts, Commit, Rules, Work
from streams.errors import Rejected, Unavailable
from streams.messages import Message
from streams.outbox import Cause, put
from streams.settings import Settings
from streams.sweeper import sweep_attempts

RULES = Rules(lease_s=0.6, renew_s=0.1, patience_s=0.5, max_tries=4, retry_base_s=0.01)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class ScriptedStage:
    """An ingest-like stage whose work is what the test says; its result is one row in ``warnings``."""

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
        await lifecycle.fail_project(connection, event.org_id, event.project_id, reason, detail, cause)


class Rig:
    """An organisation of its own, and shorthand for what the dialogues ask."""

    def __init__(self, worker: Pool, relay: Pool, org_id: uuid.UUID) -> None:
        self.worker, self.relay, self.org_id = worker, relay, org_id
        self.project_id = uuid.uuid4()
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
        made = Attempts(pool=self.worker, stage=stage, worker=name, rules=RULES, clock=lambda: dt.datetime.now(dt.UTC))
        return made, stage

    async def run(self, script: Callable[[Work], Awaitable[None]], name: str = "a") -> str:
        attempts, _ = self.attempts(script, name)
        return await attempts.run(self.message, self.envelope, self.event)

    async def rows(self, sql: str) -> list[asyncpg.Record]:
        async with org_transaction(self.worker, self.org_id) as connection:
            found: list[asyncpg.Record] = await connection.fetch(sql, self.org_id, self.project_id)
            return found

    async def results(self) -> int:
        return len((await self.rows("select warnings from projects where org_id = $1 and project_id = $2"))[0][0])

    async def logical_events(self) -> int:
        rows = await self.rows(
            "select distinct event_id from outbox where org_id = $1 and project_id = $2 and topic = 'transcripts.v1'"
        )
        return len(rows)


@pytest.fixture
async def rig(postgres: Settings) -> AsyncIterator[Rig]:
    worker = await create_pool(postgres.postgres_worker, size=8)
    relay = await create_pool(postgres.postgres_relay, size=2)
    owner = await asyncpg.connect(postgres.postgres_owner)
    org_id = uuid.uuid4()
    async with owner.transaction():
        await set_org(owner, org_id)
        await owner.execute("insert into orgs (org_id, name) values ($1, 'test')", org_id)
    await owner.close()
    yield Rig(worker, relay, org_id)
    await worker.close()
    await relay.close()


async def nothing(work: Work) -> None:
    work.report(1)


async def test_a_redelivery_ends_in_one_result_and_one_event(rig: Rig) -> None:
    assert await rig.run(nothing) == "committed"
    assert await rig.run(nothing) == "done"
    assert (await rig.results(), await rig.logical_events()) == (1, 1)


async def test_two_workers_on_one_event_make_one_result(rig: Rig) -> None:
    async def slow(work: Work) -> None:
        await asyncio.sleep(0.2)

    verdicts = await asyncio.gather(rig.run(slow, "a"), rig.run(slow, "b"))
    assert sorted(verdicts) == ["busy", "committed"]
    assert (await rig.results(), await rig.logical_events()) == (1, 1)


async def test_a_moving_counter_keeps_the_lease(rig: Rig) -> None:
    async def long(work: Work) -> None:
        for counter in range(15):
            await asyncio.sleep(0.1)
            work.report(counter + 1)

    running = asyncio.create_task(rig.run(long))
    await asyncio.sleep(1.2)
    assert await sweep_attempts(rig.relay) == 0
    assert await rig.run(nothing, "b") == "busy"
    assert await running == "committed"


async def test_a_standing_counter_loses_the_lease_and_the_zombie_writes_nothing(rig: Rig) -> None:
    woken = asyncio.Event()

    async def hang(work: Work) -> None:
        await woken.wait()

    zombie = asyncio.create_task(rig.run(hang, "zombie"))
    await asyncio.sleep(1.5)
    assert await rig.run(nothing, "heir") == "committed"
    woken.set()
    assert await zombie == "superseded"
    assert (await rig.results(), await rig.logical_events()) == (1, 1)


async def test_the_sweeper_re_emits_what_a_killed_worker_held(rig: Rig) -> None:
    async def killed(work: Work) -> None:
        await asyncio.sleep(3600)

    attempts, _ = rig.attempts(killed)
    claimed = asyncio.create_task(
        attempts._claim(
            rig.message,
            rig.event,
            Cause(input_id=rig.message.input_id(rig.envelope, rig.event), source="ingest", now=NOW),
        )
    )
    await claimed
    await asyncio.sleep(0.8)
    assert await sweep_attempts(rig.relay) == 1
    assert await sweep_attempts(rig.relay) == 0
    again = await rig.rows(
        "select for_stage, payload from outbox where org_id = $1 and project_id = $2 and topic = 'uploads.v1'"
    )
    assert [(row["for_stage"], row["payload"]) for row in again] == [("ingest", rig.message.payload)]
    assert await rig.run(nothing, "heir") == "committed"


async def test_a_drained_worker_gives_its_claim_back_at_once(rig: Rig) -> None:
    async def long(work: Work) -> None:
        await asyncio.sleep(3600)

    running = asyncio.create_task(rig.run(long))
    await asyncio.sleep(0.3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await rig.run(nothing, "heir") == "committed"
    assert (await rig.rows("select tries from attempts where org_id = $1 and project_id = $2"))[0]["tries"] == 1


async def test_refused_input_is_a_normal_end(rig: Rig) -> None:
    async def refuse(work: Work) -> None:
        raise Rejected("media.corrupt", "This file is broken.")

    assert await rig.run(refuse) == "refused"
    row = (await rig.rows("select state, failure_reason from projects where org_id = $1 and project_id = $2"))[0]
    assert tuple(row) == ("failed", "media.corrupt")
    assert not await rig.rows("select 1 from dead_letters where org_id = $1 and project_id = $2")


async def test_an_unavailable_part_is_tried_again_later_and_not_for_ever(rig: Rig) -> None:
    async def down(work: Work) -> None:
        raise Unavailable("triton", "nobody answers")

    verdicts = [await rig.run(down) for _ in range(RULES.max_tries)]
    assert verdicts == ["retried"] * (RULES.max_tries - 1) + ["dead"]
    due = await rig.rows("select due_at from outbox where org_id = $1 and project_id = $2 and topic = 'uploads.v1'")
    assert len(due) == RULES.max_tries - 1
    letters = await rig.rows("select reason, payload from dead_letters where org_id = $1 and project_id = $2")
    assert [(row["reason"], row["payload"]) for row in letters] == [("retries.exhausted", rig.message.payload)]


async def test_a_bug_is_a_dead_letter_and_the_project_says_so(rig: Rig) -> None:
    async def bug(work: Work) -> None:
        raise KeyError("oops")

    attempts, stage = rig.attempts(bug)
    assert await attempts.run(rig.message, rig.envelope, rig.event) == "dead"
    assert stage.given_up == ["bug"]


async def test_cancelling_a_running_project_stops_the_work_and_commits_nothing(rig: Rig) -> None:
    stopped = asyncio.Event()

    async def long(work: Work) -> None:
        try:
            for counter in range(100):
                work.report(counter + 1)
                await asyncio.sleep(0.05)
        finally:
            stopped.set()

    running = asyncio.create_task(rig.run(long))
    await asyncio.sleep(0.3)
    cause = Cause(input_id=uuid.uuid4(), source="api", now=NOW)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        assert await lifecycle.erase_project(connection, rig.org_id, rig.project_id, cause)
    assert await running == "superseded"
    assert stopped.is_set()
    assert await rig.results() == 0
    assert await rig.run(nothing, "late") == "cancelled"


async def test_the_relay_role_sees_outbox_and_attempts_only(rig: Rig) -> None:
    await rig.run(nothing)
    async with transaction(rig.relay) as connection:
        assert await connection.fetchval("select count(*) from attempts") >= 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(rig.relay) as connection:
            await connection.fetchval("select count(*) from projects")


async def test_without_an_org_a_worker_sees_no_tenant_rows(rig: Rig) -> None:
    await rig.run(nothing)
    async with transaction(rig.worker) as connection:
        assert await connection.fetchval("select count(*) from projects") == 0
