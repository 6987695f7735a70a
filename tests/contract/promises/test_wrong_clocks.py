"""Promise 29: wrong and jumping clocks of workers change no result, order or lease, and no duration is negative.

Postgres's clock decides about leases and retries; a worker's clock is only written down. Each round one worker begins
an event and gives it back, another with another clock ends it.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from core.errors import Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import put
from core.services import project_lifecycle
from core.services.estimates import list_finished_projects
from schemas import events
from streams.runtime.attempts import Attempts
from streams.runtime.stage import Commit, Work
from tests.contract.promises.test_zombies import another
from tests.contract.rigs.attempt_rig import RULES, Rig, ScriptedStage, make_rig
from tests.support.soak import SEED, record, time_out, volume

__all__ = ["make_rig"]

ROUNDS = volume(12, 400)
OFFSETS = [dt.timedelta(minutes=10), dt.timedelta(minutes=-10), dt.timedelta(days=400), dt.timedelta(days=-400)]
SOON_S = 60.0
"""A retry is due within its pause, whatever the worker's clock says: ``RULES`` has pauses of hundredths of a second."""


class CountingStage(ScriptedStage):
    """Ends its part of the project, as every stage does."""

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        await self.script(work)

        async def commit(connection: Connection) -> None:
            assert event.org_id is not None
            assert event.project_id is not None
            await connection.execute(
                "update projects set warnings = array_append(warnings, 'result') where org_id = $1 and project_id = $2",
                event.org_id, event.project_id,
            )  # fmt: skip
            await project_lifecycle.end_part(connection, event.org_id, event.project_id, self.name, work.cause)
            await put(connection, events.SpansHeard(org_id=event.org_id, project_id=event.project_id), work.cause)

        return commit


def stepping(dice: random.Random) -> Callable[[], dt.datetime]:
    """A clock that is wrong by one offset, and jumps to another while it is read."""
    offsets = dice.sample(OFFSETS, 2)

    def read() -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dice.choice(offsets)

    return read


def worker(rig: Rig, name: str, clock: Callable[[], dt.datetime], script: Any) -> Attempts:
    return Attempts(pool=rig.worker, stage=CountingStage(script), worker=name, rules=RULES, clock=clock)


async def away(work: Work) -> None:
    work.report(1)
    raise Unavailable("objects", "away")


async def fine(work: Work) -> None:
    work.report(1)


@time_out(3600)
async def test_wrong_clocks_change_no_result_order_or_duration(rig: Rig) -> None:
    dice, shortest_ms = random.Random(SEED), 0
    for number in range(ROUNDS):
        own = another(rig)
        first, second = stepping(dice), stepping(dice)
        outcome = await worker(own, "first", first, away).run(own.message, own.envelope, own.event)
        assert outcome == "retried", (number, outcome)
        due_s = (await own.rows(
            "select max(extract(epoch from due_at - now()))::float8 from outbox where org_id = $1 and project_id = $2"
        ))[0][0]  # fmt: skip
        assert due_s < SOON_S, (number, due_s)
        assert await worker(own, "second", second, fine).run(own.message, own.envelope, own.event) == "committed"
        assert await worker(own, "third", first, fine).run(own.message, own.envelope, own.event) == "done"
        assert (await own.results(), await own.logical_events()) == (1, 1)
        shortest_ms = min(shortest_ms, *await _durations(own))
    assert shortest_ms == 0
    record(29, f"{ROUNDS} rounds of clocks off by ±10 min and ±400 d that jump: 1 result each, 0 durations below 0")


async def _durations(rig: Rig) -> list[int]:
    """Durations that the project's events tell, whose versions have no gap and no other order."""
    rows = await rig.rows(
        "select version, body from project_events where org_id = $1 and project_id = $2 order by at, version"
    )
    versions = sorted(row["version"] for row in rows)
    assert versions == list(range(1, len(versions) + 1))
    return [row["body"].get("elapsed_ms") or 0 for row in rows]


async def test_a_finished_project_took_no_negative_time(rig: Rig) -> None:
    assert await rig.run(fine) == "committed"
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await connection.execute(
            "update projects set state = 'completed', duration_ms = 1000, started_at = now(), "
            "finished_at = now() - interval '10 minutes' where project_id = $1",
            rig.project_id,
        )
        finished = await list_finished_projects(connection, rig.org_id)
    assert [project.elapsed_ms for project in finished] == [0]
