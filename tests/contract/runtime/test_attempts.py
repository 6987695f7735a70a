"""One event, one stage, one winner: claims, leases, fences and give-ups on a real Postgres."""

from __future__ import annotations

import asyncio
import itertools
import threading
import uuid

import asyncpg
import msgspec
import pytest

from benchmarks.harness import clip_times
from core.errors import InputRejected
from core.infra.postgres.connection import org_transaction, transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.settings import Settings
from schemas import codec, events
from schemas.common import ObjectRef, TimeRange
from streams.background.sweeper import sweep_attempts
from streams.runtime import leases
from streams.runtime.stage import Work
from tests.contract.rigs.attempt_rig import KEEPING, LOSING, NOW, Rig, make_rig, nothing
from tests.support.progress import HANG_S

__all__ = ["make_rig"]


async def test_a_redelivery_ends_in_one_result_and_one_event(rig: Rig) -> None:
    assert await rig.run(nothing) == "committed"
    assert await rig.run(nothing) == "done"
    assert (await rig.results(), await rig.logical_events()) == (1, 1)


async def test_two_workers_on_one_event_make_one_result(rig: Rig) -> None:
    other_is_done = asyncio.Event()

    async def slow(work: Work) -> None:
        await other_is_done.wait()

    async def run(name: str) -> str:
        verdict = await rig.run(slow, name)
        other_is_done.set()
        return verdict

    verdicts = await asyncio.gather(run("a"), run("b"))
    assert sorted(verdicts) == ["busy", "committed"]
    assert (await rig.results(), await rig.logical_events()) == (1, 1)


async def test_a_moving_counter_keeps_the_lease(rig: Rig) -> None:
    rig.rules, enough = KEEPING, asyncio.Event()

    async def long(work: Work) -> None:
        for counter in itertools.count(1):
            await asyncio.sleep(0.1)
            work.report(counter)
            if enough.is_set():
                return

    running = asyncio.create_task(rig.run(long))
    await rig.until_claimed()
    await asyncio.sleep(1.5 * KEEPING.lease_s)
    assert await sweep_attempts(rig.relay) == 0
    assert await rig.run(nothing, "b") == "busy"
    enough.set()
    assert await running == "committed"


async def test_a_function_that_takes_processor_time_keeps_the_lease(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.stage.CPU_CLOCK_POLL_S", 0.1)

    rig.rules, enough = KEEPING, threading.Event()

    def think() -> str:
        while not enough.is_set():
            pass
        return "found"

    async def long(work: Work) -> None:
        found, cpu_ms = await work.in_thread(think)
        assert (found, cpu_ms > 100) == ("found", True)

    running = asyncio.create_task(rig.run(long))
    await rig.until_claimed()
    await asyncio.sleep(1.5 * KEEPING.lease_s)
    assert await rig.run(nothing, "b") == "busy"
    enough.set()
    assert await running == "committed"


async def test_a_function_that_only_waits_loses_the_lease(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.stage.CPU_CLOCK_POLL_S", 0.1)
    rig.rules, woken = LOSING, threading.Event()

    async def hang(work: Work) -> None:
        await work.in_thread(woken.wait, HANG_S)

    zombie = asyncio.create_task(rig.run(hang, "zombie"))
    await rig.until_expired()
    assert await rig.run(nothing, "heir") == "committed"
    woken.set()
    assert await zombie == "superseded"


async def test_a_standing_counter_loses_the_lease(rig: Rig) -> None:
    rig.rules, woken = LOSING, asyncio.Event()

    async def hang(work: Work) -> None:
        await woken.wait()

    zombie = asyncio.create_task(rig.run(hang, "zombie"))
    await rig.until_expired()
    assert await rig.run(nothing, "heir") == "committed"
    woken.set()
    assert await zombie == "superseded"
    assert (await rig.results(), await rig.logical_events()) == (1, 1)


async def test_the_sweeper_re_emits_the_event_of_a_killed_worker(rig: Rig) -> None:
    async def killed(work: Work) -> None:
        await asyncio.sleep(3600)

    rig.rules = LOSING
    attempts, _ = rig.attempts(killed)
    claimed = asyncio.create_task(
        attempts._claim(
            rig.message,
            rig.event,
            Cause(input_id=rig.message.input_id(rig.envelope, rig.event), source="ingest", now=NOW),
            rig.envelope.time,
        )
    )
    await claimed
    await rig.until_expired()
    assert await sweep_attempts(rig.relay) == 1
    assert await sweep_attempts(rig.relay) == 0
    again = await rig.rows(
        "select for_stage, payload from outbox where org_id = $1 and project_id = $2 and topic = 'uploads.v1'"
    )
    assert [(row["for_stage"], row["payload"]) for row in again] == [("ingest", rig.message.payload)]
    assert await rig.run(nothing, "heir") == "committed"


async def test_a_drained_worker_returns_its_claim_at_once(rig: Rig) -> None:
    async def long(work: Work) -> None:
        await asyncio.sleep(3600)

    running = asyncio.create_task(rig.run(long))
    await rig.until_claimed()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await rig.run(nothing, "heir") == "committed"
    assert (await rig.rows("select tries from attempts where org_id = $1 and project_id = $2"))[0]["tries"] == 1


async def test_refused_input_is_a_normal_end(rig: Rig) -> None:
    async def refuse(work: Work) -> None:
        raise InputRejected("media.corrupt", "This file is broken.")

    assert await rig.run(refuse) == "refused"
    row = (await rig.rows("select state, failure_reason from projects where org_id = $1 and project_id = $2"))[0]
    assert tuple(row) == ("failed", "media.corrupt")
    assert not await rig.rows("select 1 from dead_letters where org_id = $1 and project_id = $2")


async def test_a_bug_makes_a_dead_letter_and_fails_the_project(rig: Rig) -> None:
    async def bug(work: Work) -> None:
        raise KeyError("oops")

    attempts, stage = rig.attempts(bug)
    assert await attempts.run(rig.message, rig.envelope, rig.event) == "dead"
    assert stage.given_up == ["bug"]


async def test_cancelling_a_project_stops_its_running_work(rig: Rig) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def long(work: Work) -> None:
        begun.set()
        try:
            for counter in itertools.count(1):
                work.report(counter)
                await asyncio.sleep(0.05)
        finally:
            stopped.set()

    running = asyncio.create_task(rig.run(long))
    await begun.wait()
    cause = Cause(input_id=uuid.uuid4(), source="api", now=NOW)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        assert await project_lifecycle.erase_project(connection, rig.org_id, rig.project_id, cause)
    assert await running == "superseded"
    assert stopped.is_set()
    assert await rig.results() == 0
    assert await rig.run(nothing, "late") == "cancelled"


@pytest.mark.parametrize(
    "what", ["options from projects", "title from clips", "hook from clips", "edit from clip_edits"]
)
async def test_the_relay_sees_titles_of_projects_and_no_other_word(rig: Rig, what: str) -> None:
    """Titles are in what people are told (ADR 47)."""
    await rig.run(nothing)
    async with transaction(rig.relay) as connection:
        assert await connection.fetchval("select count(*) from attempts") >= 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(rig.relay) as connection:
            await connection.fetchval(f"select {what}")


async def test_without_an_org_a_worker_sees_no_tenant_rows(rig: Rig) -> None:
    await rig.run(nothing)
    async with transaction(rig.worker) as connection:
        assert await connection.fetchval("select count(*) from projects") == 0


async def test_the_trace_goes_on_into_every_event_that_follows(rig: Rig) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    rig.envelope = msgspec.structs.replace(rig.envelope, traceparent=trace)
    assert await rig.run(nothing) == "committed"
    rows = await rig.rows("select headers from outbox where org_id = $1 and project_id = $2")
    assert len(rows) >= 2
    assert {row["headers"].get("traceparent") for row in rows} == {trace}


async def test_a_benchmark_reads_worker_and_cost_of_each_clip(rig: Rig, postgres: Settings) -> None:
    assert await rig.run(nothing) == "committed"
    clip, stored = TimeRange(start_ms=0, end_ms=30_000), ObjectRef(key="k", sha256="0" * 64, size=1)
    request = events.RenderRequested(
        org_id=rig.org_id, project_id=rig.project_id, clip_id=uuid.uuid4(), export_id=uuid.uuid4(), ordinal=3,
        rendition=events.Rendition(range=clip, aspect="9:16", captions=True), plan=stored, source=stored, index=stored,
    )  # fmt: skip
    message = msgspec.structs.replace(rig.message, topic="renders.v1", payload=codec.encode(request))
    async with org_transaction(rig.worker, rig.org_id) as connection:
        held = await leases.claim(connection, message, request, uuid.uuid4(), "render", "host/1", 60.0)
        assert isinstance(held, leases.Claim)
        await leases.finish(connection, held, "done", cpu_ms=1_500)
    (work,) = await clip_times.read(postgres.postgres_owner, str(rig.project_id))
    assert (work.ordinal, work.stage, work.worker, work.tries, work.cpu_s) == (3, "render", "host/1", 1, 1.5)
    assert 0 <= work.began_s <= work.ended_s < 60


async def test_events_of_deleted_attempts_are_not_worked_on_again(rig: Rig) -> None:
    """A topic is kept for longer than attempts: whoever reads it from the beginning again does nothing twice."""
    assert await rig.run(nothing) == "committed"
    await rig.rows("delete from attempts where org_id = $1 and project_id = $2")
    ended = """update projects set state = 'completed', finished_at = now() - interval '{}'
               where org_id = $1 and project_id = $2"""
    await rig.rows(ended.format("29 days"))
    assert await rig.run(nothing) == "done"
    await rig.rows(ended.format("27 days"))
    assert await rig.run(nothing) == "committed"
