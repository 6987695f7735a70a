"""Promise 9: the sender of webhooks is killed −9 at work: each arrives, what was in flight perhaps twice.

The real relay and the real worker of `deliver` on a real Kafka; a receiver that takes its time counts by `webhook-id`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer

from core.infra.kafka.access import kafka_access
from core.infra.kafka.cluster import list_partitions
from core.infra.postgres.connection import create_pool, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.settings import Settings
from streams.runtime.context import StageContext
from tests.contract.promises.processes import ProductProcess
from tests.contract.promises.test_accepted_set import forget_unsent
from tests.contract.rigs.postgres import new_org
from tests.contract.rigs.servers import free_ports
from tests.contract.stages.test_deliver import OutsideTwin, Rig
from tests.support.progress import await_while_moving
from tests.support.soak import SEED, record, time_out, volume

KILLS, FACTS_COUNT = volume(1, 20), 8
ANSWER_S = 0.3
"""Of the receiver: a kill meets a POST whose answer is on its way."""
ENDPOINT_PLACES = 2
"""Deliveries to one endpoint at once, by the product's default."""
SHORT_LEASES = {"CLIPSTREAM_LEASE_S": "3", "CLIPSTREAM_RENEW_S": "1", "CLIPSTREAM_SWEEP_S": "1"}
"""What a killed worker held is due again soon; the membership of its group stays its own."""


class Receiver:
    """Answers each POST after a while; counts what was sent by its id."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()
        (self.port,) = free_ports(1)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a connection that is closed after it."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
            fields = dict(line.split(": ", 1) for line in head[1:] if line)
            await reader.readexactly(int(fields["content-length"]))
            self.got[fields["webhook-id"]] += 1
            await asyncio.sleep(ANSWER_S)
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # the sender was killed
        finally:
            writer.close()


class World:
    """An organisation with one endpoint, the relay, and the worker that sends."""

    def __init__(self, rig: Rig, receiver: Receiver, relay: ProductProcess, sender: ProductProcess) -> None:
        self.rig, self.receiver, self.relay, self.sender = rig, receiver, relay, sender

    async def happen(self, count: int) -> None:
        """So many facts that the endpoint wants to know."""
        async with org_transaction(self.rig.pool, self.rig.org_id) as connection:
            for _ in range(count):
                cause = Cause(input_id=uuid.uuid4(), source="test", now=dt.datetime.now(dt.UTC))
                await put(connection, self.rig.fact, cause)

    async def states(self) -> dict[str, str]:
        """Delivery → its state."""
        rows = await self.rig.rows("select delivery_id, state from deliveries where org_id = $1")
        return {str(row["delivery_id"]): row["state"] for row in rows}

    async def until(self, done: Any, what: str) -> None:
        """Until ``done`` says so, as long as something moves."""
        try:
            await await_while_moving(done, what, progress=self.receiver.got.total)
        except AssertionError as stands_still:
            raise AssertionError(f"{stands_still}\n{self.relay.tail()}\n{self.sender.tail()}") from None


async def skip_earlier_events(settings: Settings) -> None:
    """The worker's group begins at the ends of its topics.

    Earlier tests left events there whose organisations are gone: fifty dead letters in a row would end the worker.
    """
    access = kafka_access(settings)
    client = AIOKafkaConsumer(**access.client_options(), group_id="clipstream-deliver", enable_auto_commit=False)
    await client.start()
    try:
        places = await list_partitions(access, ["deliveries.v1", "exports.v1", "projects.v1"])
        client.assign(places)
        await client.commit(await client.end_offsets(places))
    finally:
        await client.stop()


@pytest.fixture
async def world(postgres: Settings, kafka: str, tmp_path: Path) -> AsyncIterator[World]:
    await forget_unsent(postgres)
    settings, receiver = msgspec.structs.replace(postgres, kafka=kafka), Receiver()
    await skip_earlier_events(settings)
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", receiver.port)
    pool = await create_pool(settings.postgres_worker, size=2)
    context = StageContext(settings=msgspec.structs.replace(settings, work_dir=tmp_path), stage="deliver", pool=pool)
    rig = Rig(context, OutsideTwin(), await new_org(settings))
    await rig.subscribe(settings, "project.completed")
    async with org_transaction(pool, rig.org_id) as rows:  # a fact that the rows do not confirm is a dead letter
        await rows.execute("update projects set state = 'completed', finished_at = now() where org_id = $1", rig.org_id)
    async with org_transaction(api := await create_pool(settings.postgres_api, size=1), rig.org_id) as rows:
        url = f"http://127.0.0.1:{receiver.port}/hook"
        await rows.execute("update webhook_endpoints set url = $2 where org_id = $1", rig.org_id, url)
    await api.close()
    given = SHORT_LEASES | {
        "CLIPSTREAM_FETCH_ALLOW": f"127.0.0.1:{receiver.port}", "CLIPSTREAM_WEBHOOK_HTTP": "true",
        "CLIPSTREAM_KAFKA_INSTANCE": f"deliver-{rig.org_id}",
    }  # fmt: skip
    relay = ProductProcess(["streams", "--relay"], settings, tmp_path / "relay.log", **SHORT_LEASES)
    sender = ProductProcess(["streams", "--stage", "deliver"], settings, tmp_path / "deliver.log", **given)
    try:
        for part in (relay, sender):
            part.start()
        for part in (relay, sender):
            await part.until_up()
        yield World(rig, receiver, relay, sender)
    finally:
        for part in (relay, sender):
            part.end()
        server.close()
        await pool.close()


async def kill_while_sending(world: World, posts: int) -> set[str]:
    """Facts, a kill once so many POSTs of them have begun, all delivered after it; what was in flight at the kill."""
    known, begun_at = set(await world.states()), world.receiver.got.total()

    async def at_work() -> bool:
        return world.receiver.got.total() >= begun_at + posts

    async def all_delivered() -> bool:
        states = await world.states()
        return len(states) == len(known) + FACTS_COUNT and set(states.values()) == {"delivered"}

    await world.happen(FACTS_COUNT)
    await world.until(at_work, "the first webhooks")
    world.sender.signal(signal.SIGKILL)
    await world.sender.ended()
    await asyncio.sleep(ANSWER_S)  # what the dead process wrote has arrived
    states = await world.states()
    in_flight = {message for message in world.receiver.got if states[message] == "pending"}
    world.sender.start()
    await world.until(all_delivered, "the other webhooks")
    return in_flight


@time_out(3600)
async def test_a_killed_sender_repeats_only_deliveries_in_flight(world: World) -> None:
    dice, doubles = random.Random(SEED), 0
    for number in range(KILLS):
        before = Counter(world.receiver.got)
        in_flight = await kill_while_sending(world, dice.randint(1, FACTS_COUNT - 1))
        assert len(world.receiver.got) == (number + 1) * FACTS_COUNT, "each arrived"
        sent = world.receiver.got - before
        again = {message for message, count in sent.items() if count > 1}
        assert set(sent.values()) <= {1, 2}, "one crash, one double"
        assert again <= in_flight, "what was sent and noted is not sent again"
        assert len(again) <= ENDPOINT_PLACES
        doubles += len(again)
    record(
        9,
        f"{KILLS} kills −9 of the sender, {KILLS * FACTS_COUNT} deliveries: 0 lost, {doubles} sent twice, "
        f"each in flight at a kill",
    )
