"""Twelve simulated hours of webhooks: the real statements and the real stage, receivers of which most hang."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from benchmarks.harness.claims import percentile
from core.errors import Unavailable
from core.infra.kafka.message import Message
from core.infra.key_ring import open_key_ring
from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.connection import create_pool, org_transaction, prepare_connection
from core.infra.postgres.outbox import Cause
from core.ports.outside import Response
from core.settings import AdmissionRules, Settings
from schemas import codec, events
from schemas.topics import BY_NAME
from streams.background.relay import windows_of
from streams.deliver.agent import TIMEOUT_S
from streams.deliver.backoff import MAX_FAILURES_COUNT
from streams.runtime.context import StageContext
from streams.runtime.stage import Work
from streams.runtime.turn_queue import TurnQueue
from tests.contract.rigs.postgres import new_org
from tests.contract.stages.test_deliver import SECRET, Rig
from tests.support.soak import record, time_out, volume

HOURS, FACTS_COUNT, PLACES, PLACES_OF_ORG = 12, volume(24, 96), 16, 4
HEALTHY, HANGING = "https://healthy-{}.org/hook", "https://hangs-{}.org/hook"
HANGING_COUNT, HALF_COUNT, HALF_HOURS, HALF_FACTS_COUNT = 6, 3, 4, volume(8, 96)
ANSWER_S, HEALTHY_P95_S = 0.1, 2.0


def is_healthy(url: str) -> bool:
    return url.startswith("https://healthy")


class Receivers:
    """A healthy receiver answers at once; the others let each POST time out. Counts what was really sent."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.took_s = 0.0
        self.now = dt.datetime.now(dt.UTC)
        self.arrived: dict[str, dt.datetime] = {}
        """Of the healthy receiver: id → simulated time at which it answered."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        self.sent[headers["webhook-id"]] += 1
        if is_healthy(url):
            self.took_s = ANSWER_S
            self.arrived[headers["webhook-id"]] = self.now + dt.timedelta(seconds=ANSWER_S)
            return Response(status=204, headers={}, body=b"")
        self.took_s = timeout_s
        raise Unavailable("outside", "no answer in time")


class Day:
    """Relay and workers of `deliver` in simulated time."""

    def __init__(self, rig: Rig, relay: Any, receivers: Receivers) -> None:
        self.rig, self.relay, self.receivers = rig, relay, receivers
        self.began = self.now = dt.datetime.now(dt.UTC)
        self._windows = windows_of(AdmissionRules())
        self._waiting: TurnQueue[tuple[uuid.UUID, events.DeliveryDue | events.NoticeDue, uuid.UUID]] = TurnQueue(
            PLACES_OF_ORG
        )
        self._running: list[tuple[dt.datetime, int, Any]] = []
        self._order = itertools.count()

    async def run_until(self, end: dt.datetime) -> None:
        while True:
            await self._send()
            await self._start()
            next_due = await self.relay.fetchval(
                "select min(due_at) from outbox where published_at is null and due_at > $1", self.now
            )
            times = [at for at in (next_due, self._running[0][0] if self._running else None) if at is not None]
            if not times or min(times) > end:
                break
            self.now = min(times)
            while self._running and self._running[0][0] <= self.now:
                await self._end(heapq.heappop(self._running)[2])
        self.now = end

    async def _send(self) -> None:
        await admission.admit(self.relay, self._windows, 500, self.now)
        rows = await outbox_queue.list_due_rows(self.relay, 500, self.now)
        await outbox_queue.mark_sent(self.relay, [row["seq"] for row in rows])
        for row in rows:
            message = Message(
                topic=row["topic"], partition=0, offset=row["seq"], key="", headers=row["headers"],
                payload=row["payload"],
            )  # fmt: skip
            envelope, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
            assert isinstance(event, events.DeliveryDue | events.NoticeDue)
            self._waiting.put(str(event.org_id), (envelope.id, event, event.org_id))

    async def _start(self) -> None:
        while len(self._running) < PLACES and (turn := self._waiting.take()) is not None:
            input_id, event, org_id = turn[1]
            self.receivers.took_s, self.receivers.now = 0.0, self.now
            work = Work(cause=Cause(input_id=input_id, source="deliver", now=self.now), report=lambda _: None)
            commit = await self.rig.stage.work(event, work)  # raises where it refuses a try for its turn
            ends = self.now + dt.timedelta(seconds=self.receivers.took_s)
            heapq.heappush(self._running, (ends, next(self._order), (input_id, org_id, work, commit)))

    async def _end(self, ended: Any) -> None:
        input_id, org_id, work, commit = ended
        work.cause = msgspec.structs.replace(work.cause, now=self.now)
        async with org_transaction(self.rig.pool, org_id) as connection:
            await commit(connection)
            await admission.release(connection, org_id, input_id, "deliver")
        self._waiting.end(str(org_id))


@pytest.fixture
async def day(postgres: Settings, tmp_path: Path) -> AsyncIterator[Day]:
    settings = msgspec.structs.replace(postgres, work_dir=tmp_path)
    pool = await create_pool(settings.postgres_worker, size=2)
    relay = await asyncpg.connect(settings.postgres_owner)
    await prepare_connection(relay)
    await relay.execute("delete from outbox where published_at is null")
    receivers: Any = Receivers()
    context = StageContext(settings=settings, stage="deliver", pool=pool, outside=receivers)
    rig = Rig(context, receivers, await new_org(settings))
    await rig.subscribe(settings, "project.completed")
    yield Day(rig, relay, receivers)
    await relay.execute("delete from outbox where published_at is null")
    await relay.execute("delete from admissions")
    await relay.close()
    await pool.close()


async def add_endpoints(rig: Rig, settings: Settings, healthy: int, hanging: int) -> None:
    """Let the organisation have so many endpoints, and no other."""
    urls = [HEALTHY.format(number) for number in range(healthy)] + [HANGING.format(number) for number in range(hanging)]
    sealed = open_key_ring(settings).seal("secrets", SECRET.encode())
    async with org_transaction(pool := await create_pool(settings.postgres_api, size=1), rig.org_id) as rows:
        await rows.execute("delete from webhook_endpoints where org_id = $1", rig.org_id)
        for url in urls:
            await rows.execute(
                "insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted) "
                "values ($1, $2, $3, '{project.completed}', $4)",
                rig.org_id, uuid.uuid4(), url, sealed,
            )  # fmt: skip
    await pool.close()


async def play(day: Day, hours: float, facts_count: int) -> tuple[list[Any], list[float]]:
    """Facts at equal intervals: all deliveries, and what those to healthy receivers waited, in simulated seconds."""
    happened = {}
    for number in range(facts_count):
        await day.run_until(day.began + dt.timedelta(hours=hours) * number / facts_count)
        happened[fact_id := uuid.uuid4()] = day.now
        await day.rig.handle(day.rig.fact, fact_id, day.now)
    await day.run_until(day.began + dt.timedelta(hours=hours))
    rows = await day.rig.rows(
        "select d.*, w.url from deliveries d join webhook_endpoints w using (org_id, endpoint_id) where d.org_id = $1"
    )
    healthy = [row for row in rows if is_healthy(row["url"])]
    assert {row["state"] for row in healthy} == {"delivered"}
    arrived = day.receivers.arrived
    return rows, [(arrived[str(row["delivery_id"])] - happened[row["event_id"]]).total_seconds() for row in healthy]


@time_out(3600)
async def test_nothing_is_given_up_unsent_in_twelve_hours(day: Day, postgres: Settings) -> None:
    await add_endpoints(day.rig, postgres, 1, HANGING_COUNT)
    rows, _ = await play(day, HOURS, FACTS_COUNT)
    assert len(rows) == FACTS_COUNT * (HANGING_COUNT + 1)
    assert [row for row in rows if row["state"] == "failed"] == []
    assert {row["state"] for row in rows if not is_healthy(row["url"])} == {"pending"}
    for row in rows:
        assert row["attempt"] == day.receivers.sent[str(row["delivery_id"])], "a try that was not sent counts as none"
    hanging_sent = sum(day.receivers.sent[str(row["delivery_id"])] for row in rows if not is_healthy(row["url"]))
    record(9, f"{HOURS} simulated hours, {len(rows)} deliveries: 0 lost, 0 given up unsent")
    assert hanging_sent >= FACTS_COUNT
    assert hanging_sent * TIMEOUT_S < HOURS * 3600, "the breakers spare the workers"


@time_out(3600)
async def test_healthy_endpoints_are_served_soon_while_half_hang(day: Day, postgres: Settings) -> None:
    await add_endpoints(day.rig, postgres, HALF_COUNT, HALF_COUNT)
    rows, waited_s = await play(day, HALF_HOURS, HALF_FACTS_COUNT)
    hanging_sent = sum(count for message, count in day.receivers.sent.items() if message not in day.receivers.arrived)
    late_s = percentile(waited_s, 0.95)
    record(
        11,
        f"{HALF_COUNT} of {2 * HALF_COUNT} endpoints of an organisation hang, {hanging_sent} POSTs to them: "
        f"{len(waited_s)} deliveries to the others, p95 {late_s:.1f} s, slowest {max(waited_s):.1f} s",
    )
    assert len(waited_s) == len(rows) / 2 == HALF_FACTS_COUNT * HALF_COUNT
    assert hanging_sent >= HALF_COUNT * MAX_FAILURES_COUNT, "they did hang while the others were sent"
    assert late_s <= HEALTHY_P95_S, "simulated seconds: no machine is too busy for them"
