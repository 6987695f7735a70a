"""Kafka is away for longer than a process may stand still: the relay waits, stays well, and sends all in order."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import msgspec
import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.producer import open_producer
from core.infra.postgres.connection import prepare_connection
from core.settings import Settings
from streams.background.relay import Relay
from streams.runtime.health import Pulse
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.contract.rigs.brokers import run_cluster
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, await_while_moving
from tests.support.tcp_proxy import Mode, TcpProxy

STALL_S = 3.0
OUTAGE_S = 3 * STALL_S
PLACE = TopicPartition("projects.v1", 0)
ROW = """
insert into outbox (event_id, topic, key, partition, headers, payload, due_at)
values ($1, 'projects.v1', 'k', 0, '{}', $2, now())
"""


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpProxy]:
    """The only way to a broker: its clients are told the proxy's address."""
    (port,) = free_ports(1)
    with TcpProxy("127.0.0.1", port) as proxy:
        told = f"advertised.listeners=PLAINTEXT://{proxy.address}\n"
        with run_cluster(tmp_path_factory.mktemp("kafka"), 1, told, [port]):
            yield proxy


@pytest.fixture
async def outbox(postgres: Settings) -> AsyncIterator[Any]:
    owner = await asyncpg.connect(postgres.postgres_owner)
    await prepare_connection(owner)
    await owner.execute("delete from outbox where published_at is null")
    yield owner
    await owner.execute("delete from outbox where published_at is null")
    await owner.close()


async def read_place(link: TcpProxy) -> list[bytes]:
    """All messages of `PLACE`, in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=link.address, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([PLACE])
        await consumer.seek_to_beginning(PLACE)
        end = (await consumer.end_offsets([PLACE]))[PLACE]
        found: list[bytes] = []
        async with asyncio.timeout(HANG_S):
            while await consumer.position(PLACE) < end:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [record.value for record in records]
        return found
    finally:
        await consumer.stop()


async def until_alone(before: set[asyncio.Task[Any]]) -> None:
    """Wait until no other task is left than before."""

    async def is_alone() -> bool:
        return asyncio.all_tasks() == before

    await await_while_moving(is_alone, "the end of a producer's tasks")


def interrupt(link: TcpProxy, mode: Mode) -> None:
    link.mode = mode
    if mode == "refuse":
        link.cut()


@pytest.mark.parametrize("mode", ["black-hole", "refuse"])
async def test_the_relay_waits_an_outage_out(postgres: Settings, link: TcpProxy, outbox: Any, mode: Mode) -> None:
    settings = msgspec.structs.replace(postgres, kafka=link.address, stall_s=STALL_S)
    pulse, stop = Pulse(stall_s=STALL_S, now=asyncio.get_running_loop().time), asyncio.Event()
    relaying = asyncio.create_task(Relay(settings, pulse, ProcessMetrics(OF_RELAY)).run(stop))
    bodies = [f"{mode}-{number}-{uuid.uuid4()}".encode() for number in range(12)]

    async def put(some: list[bytes]) -> None:
        for body in some:
            await outbox.execute(ROW, uuid.uuid4(), body)
        await outbox.execute("select pg_notify('outbox', '')")

    async def all_sent() -> bool:
        return not await outbox.fetchval("select count(*) from outbox where published_at is null")

    await put(bodies[:4])
    await await_while_moving(all_sent, "the events before the outage")
    with structlog.testing.capture_logs() as lines:
        interrupt(link, mode)
        await put(bodies[4:8])
        for _ in range(int(OUTAGE_S / 0.1)):
            await asyncio.sleep(0.1)
            assert not pulse.stuck
            assert not relaying.done()
        assert "relay waits" in {line["event"] for line in lines}
        assert not await all_sent()
        await put(bodies[8:])
        link.mode = "open"
        await await_while_moving(all_sent, "the events of the outage")
    found = [body for body in await read_place(link) if body in bodies]
    assert list(dict.fromkeys(found)) == bodies, "none is lost, and the first of each is in order"
    interrupt(link, mode)
    await put([b"never acknowledged"])
    stop.set()
    await asyncio.wait_for(relaying, HANG_S)
    link.mode = "open"


async def test_what_a_producer_gave_up_is_not_sent_later(link: TcpProxy) -> None:
    access, given_up, later = KafkaAccess(bootstrap=link.address), uuid.uuid4().bytes, uuid.uuid4().bytes
    before = asyncio.all_tasks()
    async with open_producer(access, start_s=HANG_S) as producer:
        await producer.send_and_wait(PLACE.topic, b"", partition=0)
        interrupt(link, "refuse")
        acknowledgement = await producer.send(PLACE.topic, given_up, partition=0)
        await asyncio.wait([acknowledgement], timeout=1.0)
        assert not acknowledgement.done()
    await until_alone(before)
    with pytest.raises(KafkaError):
        async with open_producer(access, start_s=1.0):
            pass
    link.mode = "open"
    async with open_producer(access, start_s=HANG_S) as producer:
        await producer.send_and_wait(PLACE.topic, later, partition=0)
    found = await read_place(link)
    assert later in found
    assert given_up not in found
    await until_alone(before)


async def test_a_producer_that_does_not_start_is_given_up(link: TcpProxy) -> None:
    interrupt(link, "black-hole")
    before = asyncio.all_tasks()
    with pytest.raises(KafkaError, match=r"within 0\.5 s"):
        async with open_producer(KafkaAccess(bootstrap=link.address), start_s=0.5):
            pass
    link.mode = "open"
    await until_alone(before)
