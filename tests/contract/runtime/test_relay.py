"""The relay on a real Postgres and Kafka: unsendable events block no others, unknown uploads are not signed."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer

from core.infra.postgres.connection import create_pool, org_transaction, prepare_connection, set_org
from core.infra.postgres.outbox import Cause, put
from core.services.upload_signatures import SIGNATURE
from core.settings import Settings
from schemas import codec, events
from schemas.topics import BY_NAME
from streams.background.relay import Relay, run_backlog
from streams.runtime.health import Pulse
from streams.runtime.metrics import OF_RELAY, OUTBOX_AGE, OUTBOX_DUE, PUBLISH, PUBLISHED, UNSENDABLE, ProcessMetrics
from tests.support.progress import HANG_S, await_while_moving

_RAW = """
insert into outbox (org_id, event_id, topic, key, partition, headers, payload, due_at)
values ($1, $2, $3, 'k', $4, $5, $6, now() - interval '1 hour')
"""


class Rig:
    """An organisation, its outbox, and a relay at work."""

    def __init__(self, settings: Settings, owner: Any, org_id: uuid.UUID, metrics: ProcessMetrics) -> None:
        self.settings, self.owner, self.org_id, self.metrics = settings, owner, org_id, metrics

    async def raw(self, *, topic: str, org_id: uuid.UUID | None, partition: int = 0, **given: Any) -> uuid.UUID:
        event_id = uuid.uuid4()
        values = {"headers": {}, "payload": b"{}"} | given
        await self.owner.execute(_RAW, org_id, event_id, topic, partition, values["headers"], values["payload"])
        return event_id

    async def good(self) -> uuid.UUID:
        pool = await create_pool(self.settings.postgres_worker, size=1)
        event = events.ProjectCancelled(org_id=self.org_id, project_id=uuid.uuid4(), version=1)
        cause = Cause(input_id=uuid.uuid4(), source="test", now=dt.datetime.now(dt.UTC))
        async with org_transaction(pool, self.org_id) as connection:
            made = await put(connection, event, cause)
        await pool.close()
        return made

    async def sent(self, event_id: uuid.UUID) -> bool:
        return bool(await self.owner.fetchval("select published_at from outbox where event_id = $1", event_id))

    async def until_sent(self, event_id: uuid.UUID) -> None:
        await await_while_moving(lambda: self.sent(event_id), f"the sending of {event_id}")


@pytest.fixture
async def rig(postgres: Settings, kafka: str) -> AsyncIterator[Rig]:
    settings = msgspec.structs.replace(postgres, kafka=kafka)
    owner = await asyncpg.connect(postgres.postgres_owner)
    await prepare_connection(owner)
    org_id, stop = uuid.uuid4(), asyncio.Event()
    async with owner.transaction():
        await set_org(owner, org_id)
        await owner.execute("insert into orgs (org_id, name) values ($1, 'relay')", org_id)
    pulse = Pulse(stall_s=60, now=asyncio.get_running_loop().time)
    metrics = ProcessMetrics(OF_RELAY)
    running = asyncio.create_task(Relay(settings, pulse, metrics).run(stop))
    yield Rig(settings, owner, org_id, metrics)
    stop.set()
    await asyncio.wait_for(running, HANG_S)
    await owner.execute("delete from outbox where published_at is null")
    await owner.close()


async def test_unsendable_rows_hold_up_no_other_row(rig: Rig) -> None:
    bad = [
        await rig.raw(topic="projects.v1", org_id=rig.org_id, headers={"x": "y" * 3_000_000}),
        await rig.raw(topic="uploads.v1", org_id=rig.org_id),  # without what a signature is made of
    ]
    await rig.until_sent(await rig.good())
    assert [await rig.sent(event_id) for event_id in bad] == [False] * 2
    later = await rig.owner.fetch("select due_at > now() as later from outbox where event_id = any($1)", bad)
    assert [row["later"] for row in later] == [True] * 2
    await rig.until_sent(await rig.good())
    told = rig.metrics.registry.get_sample_value
    sent = told(PUBLISHED.name, {"topic": "projects.v1"}) or 0
    assert told(UNSENDABLE.name) == 2
    assert sent >= 2
    assert (told(f"{PUBLISH.name}_count") or 0) >= sent
    assert (told(f"{PUBLISH.name}_sum") or 0) > 0


async def test_an_upload_without_an_owner_is_not_signed(rig: Rig) -> None:
    event = events.UploadReceived(org_id=uuid.uuid4(), project_id=uuid.uuid4(), source_url="https://a.org/v")
    envelope = codec.Envelope(
        id=uuid.uuid4(), source="/t", type="clipstream.UploadReceived", time=dt.datetime.now(dt.UTC)
    )
    forged = await rig.raw(
        topic="uploads.v1", org_id=None, headers=codec.encode_headers(envelope), payload=codec.encode(event)
    )
    await rig.until_sent(forged)
    consumer = AIOKafkaConsumer("uploads.v1", bootstrap_servers=rig.settings.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(HANG_S):
            async for record in consumer:
                headers = {name: value.decode() for name, value in record.headers}
                if headers.get("ce_id") == str(envelope.id):
                    break
    finally:
        await consumer.stop()
    assert SIGNATURE not in headers
    assert codec.decode(BY_NAME["uploads.v1"], headers, record.value)[1] == event


async def test_waiting_rows_are_measured_without_a_relay(postgres: Settings) -> None:
    owner = await asyncpg.connect(postgres.postgres_owner)
    await prepare_connection(owner)
    event_id, metrics, stop = uuid.uuid4(), ProcessMetrics(OF_RELAY), asyncio.Event()
    await owner.execute("delete from outbox where published_at is null")
    await owner.execute(_RAW, None, event_id, "projects.v1", 0, {}, b"{}")
    pool = await create_pool(postgres.postgres_relay, size=1)
    measuring = asyncio.create_task(run_backlog(pool, stop, 0.05, metrics))
    measured = metrics.registry.get_sample_value

    async def is_due(count: int) -> bool:
        return measured(OUTBOX_DUE.name) == count

    await await_while_moving(lambda: is_due(1), "one event that is due")
    assert 3600 <= (measured(OUTBOX_AGE.name) or 0) < 7200
    await owner.execute("delete from outbox where event_id = $1", event_id)
    await await_while_moving(lambda: is_due(0), "no event that is due")
    assert measured(OUTBOX_AGE.name) == 0
    stop.set()
    await measuring
    await pool.close()
    await owner.close()
