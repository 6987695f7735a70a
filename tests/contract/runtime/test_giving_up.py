"""Retries of an event (outages by time, its own faults by number), and the rows of giving up."""

from __future__ import annotations

import asyncio
import uuid

import msgspec
import pytest

from core.errors import InputRejected, NoAnswer, Overdue, Starved, Unavailable
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.triton.client import ModelDead, ModelMissing
from core.media.sandbox.parent import ChildFailed
from core.services import project_lifecycle
from core.settings import Settings
from streams.background.sweeper import sweep_attempts
from streams.runtime import leases
from streams.runtime.dead_letters import CUSTOMER_SENTENCES
from streams.runtime.leases import retry_pause_s
from streams.runtime.stage import Work
from tests.contract.rigs.attempt_rig import NOW, RULES, Rig, make_rig, nothing

__all__ = ["make_rig"]
SETTINGS = {field.name: field.default for field in msgspec.structs.fields(Settings)}
DUE = """
select due_at - now() as pause from outbox
where org_id = $1 and project_id = $2 and topic = 'uploads.v1' and for_stage = 'ingest' order by seq
"""
LETTERS = "select reason, payload from dead_letters where org_id = $1 and project_id = $2"


async def down(work: Work) -> None:
    raise Unavailable("triton", "nobody answers")


OUTAGES = [Unavailable("triton", "nobody answers"), ModelMissing("triton", "still loading")]
OWN_FAULTS = [NoAnswer("outside", "no answer"), ModelDead("triton", "the stub process died"), Overdue(900)]


@pytest.mark.parametrize("error", OUTAGES)
async def test_an_outage_uses_no_tries_up(rig: Rig, error: Unavailable) -> None:
    async def gone(work: Work) -> None:
        raise error

    for _ in range(3 * RULES.max_tries):
        assert await rig.run(gone) == "retried"
    assert await rig.run(nothing) == "committed"
    assert not await rig.rows(LETTERS)


async def test_work_that_always_starves_is_given_up(rig: Rig) -> None:
    async def starves(work: Work) -> None:
        raise Starved(900)

    for _ in range(2 * RULES.max_tries):
        assert await rig.run(down) == "retried"
    verdicts = [await rig.run(starves) for _ in range(RULES.max_starved_tries)]
    assert verdicts == ["retried"] * (RULES.max_starved_tries - 1) + ["dead"], "other outages do not count"
    assert [row["reason"] for row in await rig.rows(LETTERS)] == ["retries.exhausted"]


async def test_work_waits_out_an_outage_of_any_length(rig: Rig) -> None:
    rig.rules = msgspec.structs.replace(RULES, outage_s=SETTINGS["outage_s"])
    assert await rig.run(down) == "retried"
    await rig.rows(
        "update attempts set waiting_since = now() - interval '30 days' where org_id = $1 and project_id = $2"
    )
    assert await rig.run(down) == "retried"
    assert await rig.run(nothing) == "committed"
    assert not await rig.rows(LETTERS)


async def test_leases_lost_in_a_postgres_restart_use_no_tries(rig: Rig) -> None:
    """Nobody can renew a lease meanwhile: five restarts in one long render once gave the render up."""
    second = "interval '1 s'"
    before = f"update attempts set started_at = pg_postmaster_start_time() - {second}, lease_until = now() - {second}"
    message, event = rig.message, rig.event
    for turn in range(2 * RULES.max_tries):
        async with org_transaction(rig.worker, rig.org_id) as connection:
            if turn == 0:
                await project_lifecycle.create_project(connection, event)
            input_id = message.input_id(rig.envelope, event)
            claim = await leases.claim(connection, message, event, input_id, "ingest", "a", 60)
            assert isinstance(claim, leases.Claim)
            assert claim.tries == 1
        await rig.rows(f"{before} where org_id = $1 and project_id = $2 and state = 'running'")
        if turn % 2:
            await sweep_attempts(rig.relay)
    assert await rig.run(nothing) == "committed"


async def test_an_outage_beyond_the_set_limit_is_given_up(rig: Rig) -> None:
    assert await rig.run(down) == "retried"
    await rig.rows(
        "update attempts set waiting_since = now() - interval '2 hours' where org_id = $1 and project_id = $2"
    )
    assert await rig.run(down) == "dead"
    assert [(row["reason"], row["payload"]) for row in await rig.rows(LETTERS)] == [
        ("retries.exhausted", rig.message.payload)
    ]


async def test_a_long_waiting_attempt_is_retried_less_often(rig: Rig) -> None:
    assert await rig.run(down) == "retried"
    await rig.rows(
        "update attempts set waiting_since = now() - interval '16 minutes' where org_id = $1 and project_id = $2"
    )
    assert await rig.run(down) == "retried"
    first, second = [row["pause"].total_seconds() for row in await rig.rows(DUE)]
    assert first < 1
    assert 100 < second < 125
    assert [retry_pause_s(RULES, 1, 10**6), retry_pause_s(RULES, 1, 0)] == [300, RULES.retry_base_s]


@pytest.mark.parametrize("error", OWN_FAULTS)
async def test_a_fault_of_the_input_is_tried_max_tries_times(rig: Rig, error: Unavailable) -> None:
    async def fails(work: Work) -> None:
        raise error

    verdicts = [await rig.run(fails) for _ in range(RULES.max_tries)]
    assert verdicts == ["retried"] * (RULES.max_tries - 1) + ["dead"]
    assert len(await rig.rows(DUE)) == RULES.max_tries - 1
    assert [row["reason"] for row in await rig.rows(LETTERS)] == ["retries.exhausted"]


async def test_an_event_seen_as_busy_survives_the_drain_of_its_worker(rig: Rig) -> None:
    """The other worker acknowledged the message, so only the outbox can bring it again."""

    async def long(work: Work) -> None:
        await asyncio.sleep(3600)

    running = asyncio.create_task(rig.run(long))
    await rig.until_claimed()
    assert await rig.run(nothing, "other") == "busy"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(await rig.rows(DUE)) == 1
    assert await rig.run(nothing, "heir") == "committed"


async def test_work_that_cancels_itself_is_a_bug_not_a_drain(rig: Rig) -> None:
    async def odd(work: Work) -> None:
        raise asyncio.CancelledError

    assert await rig.run(odd) == "dead"


@pytest.mark.parametrize("error", [InputRejected("media.corrupt", "It is broken."), KeyError("a bug")])
async def test_giving_up_after_an_erasure_writes_nothing(rig: Rig, error: Exception) -> None:
    async def erased_meanwhile(work: Work) -> None:
        cause = Cause(input_id=uuid.uuid4(), source="api", now=NOW)
        async with org_transaction(rig.worker, rig.org_id) as connection:
            assert await project_lifecycle.erase_project(connection, rig.org_id, rig.project_id, cause)
        raise error

    attempts, stage = rig.attempts(erased_meanwhile)
    assert await attempts.run(rig.message, rig.envelope, rig.event) == "cancelled"
    assert stage.given_up == []
    assert not await rig.rows(LETTERS)
    types = await rig.rows(
        "select type from project_events where org_id = $1 and project_id = $2 order by version desc limit 1"
    )
    assert [row["type"] for row in types] == ["clipstream.ProjectErased"]


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (KeyError("/scratch/a1/secret words"), 1),
        (ChildFailed("the child's stderr ends: /scratch/a1/secret words"), 3),
        (NoAnswer("outside", "cut off at /scratch/a1/secret words"), RULES.max_tries),
    ],
)
async def test_technical_text_stays_with_the_operators(rig: Rig, error: Exception, tries: int) -> None:
    """Texts for customers go to projects.v1, which is kept without end."""

    async def fails(work: Work) -> None:
        raise error

    assert [await rig.run(fails) for _ in range(tries)][-1] == "dead"
    told = await rig.rows(
        """select convert_from(payload, 'utf8') from outbox where org_id = $1 and project_id = $2
             and topic = 'projects.v1'
           union all select body::text from project_events where org_id = $1 and project_id = $2
           union all select failure_detail from projects where org_id = $1 and project_id = $2"""
    )
    assert len(told) >= 3
    assert not [row for row in told if "scratch" in row[0]]
    assert told[-1][0] in CUSTOMER_SENTENCES.values()
    kept = await rig.rows(
        """select last_error from attempts where org_id = $1 and project_id = $2
           union all select detail from dead_letters where org_id = $1 and project_id = $2"""
    )
    assert ["secret words" in row[0] for row in kept] == [True, True]
