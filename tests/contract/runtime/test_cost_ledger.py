"""Processor time and money agree in the ledger, in analytics and in the API, after any history of a project.

Real Postgres, attempts and ClickHouse: what the outbox holds is given to the sink, twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest

from core.errors import InputRejected, Unavailable
from core.infra.clickhouse import ClickHouseAnalytics, migrate_clickhouse, schema_text
from core.infra.kafka.message import Message
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.usage_meter import count, meter_call
from core.services import project_lifecycle
from core.settings import Settings
from schemas import codec, events
from schemas.costs import PriceList
from schemas.stages import PROJECT_STAGES, STAGES, Stage
from schemas.topics import BY_NAME, route
from streams.runtime.attempts import Attempts
from streams.runtime.stage import Commit, Work
from streams.sinks.batch_consumer import Arrived
from streams.sinks.clickhouse.sink import ClickHouseSink
from tests.api.fakes import ObjectsTwin
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.attempt_rig import RULES
from tests.contract.rigs.servers import Server, make_settings

pytestmark = pytest.mark.contract
PRICES = PriceList(currency="EUR", cpu_hour=0.036, stored_gb=1.0)
LEDGER = """
select stage, sum(amount) filter (where kind = 'cpu_ms') as cpu_ms, sum(money) as money from costs
where org_id = $1 and project_id = $2 group by stage
"""


class Tried:
    """A stage with scripted costs and outcomes; its commit counts one part of the stage, or none."""

    def __init__(self, name: Stage, cpu_ms: int, error: Exception | None, counts: bool) -> None:
        self.name, self.cpu_ms, self.error, self.counts = name, cpu_ms, error, counts

    def wants(self, event: events.AnyEvent) -> bool:
        return True

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        with meter_call("model") as told:
            told.compute_ms = self.cpu_ms // 3
        count("stored_bytes", 1000 * self.cpu_ms)
        if self.error is not None:
            raise self.error
        work.cpu_ms = self.cpu_ms

        async def commit(connection: Connection) -> None:
            owner = (event.org_id, event.project_id)
            if self.name == "preview":
                await project_lifecycle.count_on_demand(connection, *owner, "preview", work.cause, cpu_ms=work.cpu_ms)  # type: ignore[arg-type]
            elif self.counts:
                await project_lifecycle.end_part(connection, *owner, self.name, work.cause, cpu_ms=work.cpu_ms)  # type: ignore[arg-type]

        return commit

    async def give_up(self, *_: object) -> None:
        return


class Story:
    """One project, and tries of stages at events of it."""

    def __init__(self, world: World, project_id: Any) -> None:
        self.world, self.org_id, self.project_id = world, world.ann.org_id, project_id
        self.owner = (self.org_id, project_id)
        self._cpu_ms = 100

    async def tries(self, stage: Stage, *errors: Exception | None, counts: bool = True) -> None:
        """Attempts at one event, each more expensive than all before it: no sum is right by chance."""
        event = events.SpansHeard(org_id=self.org_id, project_id=self.project_id)
        topic, key, partition = route(event)
        envelope = codec.Envelope(id=uuid4(), source="/t", type=codec.type_name(type(event)), time=now())
        message = Message(
            topic=topic.name, partition=partition, offset=0, key=str(key),
            headers=codec.encode_headers(envelope), payload=codec.encode(event),
        )  # fmt: skip
        for error in errors:
            self._cpu_ms = self._cpu_ms * 2 + 1
            attempts = Attempts(
                pool=self.world.worker, stage=Tried(stage, self._cpu_ms, error, counts), worker="w", rules=RULES,
                clock=now, prices=PRICES,
            )  # fmt: skip
            await attempts.run(message, envelope, event)

    async def ended(self, change: Callable[..., Awaitable[object]], *given: Any) -> None:
        async with org_transaction(self.world.worker, self.org_id) as connection:
            await project_lifecycle.lock_project(connection, *self.owner)
            cause = Cause(input_id=uuid4(), source="test", now=now())
            await change(connection, *self.owner, *given, cause)

    async def published_events(self) -> list[Arrived]:
        """Everything that the relay would publish."""
        async with org_transaction(self.world.api, self.org_id) as connection:
            rows = await connection.fetch("select * from outbox where project_id = $1 order by seq", self.project_id)
        found = []
        for offset, row in enumerate(rows):
            envelope, event = codec.decode(BY_NAME[row["topic"]], row["headers"], row["payload"])
            place = {"topic": row["topic"], "partition": row["partition"], "offset": offset, "key": row["key"]}
            message = Message(**place, headers=row["headers"], payload=row["payload"])
            found.append(Arrived(message=message, envelope=envelope, event=event))
        return found

    async def ledger(self) -> tuple[dict[str, int], float]:
        async with org_transaction(self.world.worker, self.org_id) as connection:
            rows = await connection.fetch(LEDGER, *self.owner)
        return {row["stage"]: int(row["cpu_ms"]) for row in rows}, sum(row["money"] for row in rows)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def no_key(*_: object) -> None:
    """Every upload here is the API's own."""


@pytest.fixture
async def analytics(clickhouse_front: Server) -> AsyncIterator[ClickHouseAnalytics]:
    await migrate_clickhouse(make_settings(clickhouse=clickhouse_front.url))
    made = ClickHouseAnalytics(clickhouse_front.url)
    yield made
    await made.close()


async def until_completed(story: Story) -> None:
    for stage in PROJECT_STAGES:
        await story.tries(stage, Unavailable("triton", "away"), None)
    await story.tries("render", RuntimeError("a bug"))
    await story.ended(project_lifecycle.complete_project, 1)


async def test_attempts_after_the_end_of_a_project_count(postgres: Settings, analytics: ClickHouseAnalytics) -> None:
    async with open_world(postgres, analytics=analytics) as world:
        story = Story(world, await new_project(world.ann))
        await until_completed(story)
        await agreed(story, analytics)
        await story.tries("frame", None, counts=False)  # an export asked for later
        await story.tries("render", Unavailable("objects", "away"), None, counts=False)
        await story.tries("render", None, counts=False)  # a replay
        await story.tries("render", InputRejected("media.damaged", "It is."), counts=False)
        await story.tries("preview", None)
        await story.tries("preview", RuntimeError("a bug"))
        await story.tries("study", None, counts=False)  # the words were corrected
        await story.tries("deliver", None, counts=False)
        await agreed(story, analytics)


@pytest.mark.parametrize("stages", [(), PROJECT_STAGES[:1], PROJECT_STAGES[:4]], ids=len)
async def test_the_costs_of_a_failed_project_count(
    postgres: Settings, analytics: ClickHouseAnalytics, stages: Sequence[Stage]
) -> None:
    async with open_world(postgres, analytics=analytics) as world:
        story = Story(world, await new_project(world.ann))
        for stage in stages:
            await story.tries(stage, Unavailable("triton", "away"), None)
        await story.tries("ingest", InputRejected("media.corrupt", "It is."))
        await story.ended(project_lifecycle.fail_project, "media.corrupt", "It is.")
        await agreed(story, analytics)


async def agreed(story: Story, analytics: ClickHouseAnalytics) -> None:
    """The ledger, ClickHouse and the API agree, also if every event arrives twice."""
    sink = ClickHouseSink(analytics, ObjectsTwin(), no_key)
    batch = await story.published_events()
    for part in (batch, batch[::-1]):
        assert list(await sink.handle(part)) == []
    cpu_ms, money = await story.ledger()
    assert sum(cpu_ms.values()) > 0
    mine = {"org_id": str(story.org_id), "since": now() - dt.timedelta(days=1), "until": now() + dt.timedelta(days=1)}
    (summary,) = await analytics.query(schema_text("queries", "summary.sql"), mine)
    window = {name: mine[name].isoformat() for name in ("since", "until")}
    told = (await story.world.ann.client.get("/v1/analytics/summary", params=window)).json()
    assert told["cpu_ms"] == summary["cpu_ms"] == sum(cpu_ms.values())
    timings = await analytics.query("SELECT * FROM stage_timings WHERE org_id = {org_id:UUID}", mine)
    assert {row["stage"]: row["cpu_ms"] for row in timings if row["cpu_ms"]} == cpu_ms
    items = "SELECT sum(money) AS money FROM cost_items_once WHERE org_id = {org_id:UUID}"
    assert (await analytics.query(items, mine))[0]["money"] == pytest.approx(money, rel=1e-12)
    project = (await story.world.ann.client.get(f"/v1/projects/{story.project_id}")).json()
    assert project["cpu_ms"] == sum(cpu_ms.values())
    assert project["cost"]["money"] == pytest.approx(money, rel=1e-12)
    shown = {stage["stage"]: stage["cpu_ms"] for stage in project["stages"]}
    assert shown == {stage: cpu_ms.get(stage, 0) for stage in STAGES if stage in shown}
    ended = {stage["stage"]: stage["state"] for stage in project["stages"] if stage["stage"] in PROJECT_STAGES}
    done = {row["stage"]: row["done_at"] for row in timings}
    assert {stage for stage, at in done.items() if at} == {
        stage for stage, state in ended.items() if state in ("done", "failed")
    }
