"""Three real brokers, one killed and then another while work flows: nothing is lost, nothing done or kept twice.

Numbers go straight to a topic; projects go through the outbox, the product's relay and a worker with its attempts.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.cluster import list_partitions
from core.infra.kafka.producer import open_producer
from core.infra.postgres.migrations import MigrationError
from core.settings import Settings
from local.supervisor.processes import tie_to_parent
from schemas.topics import BY_NAME, PARTITIONS, TOPICS
from streams.setup.topics import grow_topics
from tests.contract.promises.test_accepted_set import forget_unsent
from tests.contract.rigs.brokers import Broker, Cluster, run_cluster
from tests.contract.rigs.project_chain import ProjectChain
from tests.support.progress import HANG_S, Patience
from tests.support.soak import SEED, record, time_out, volume

TOPIC = "spans.v1"
IN_SYNC = (TOPIC, "uploads.v1", "transcripts.v1", "__consumer_offsets")
SEND_PAUSE_S, POLL_S, SETTLE_COUNT = 0.05, 0.1, 60
ROUNDS, KILL_AFTER_S, DOWN_S = volume(1, 10), (0.0, 3.0), (0.5, 8.0)
"""A round kills one broker and then another, each at a moment and for a time that the seed gives."""
MOST_STILL_S = 15.0
"""How long no event may arrive while a broker is gone, less what the test's own process was late."""
WORKER = """
import asyncio, sys
from pathlib import Path
import msgspec
from streams.worker import build_app
from tests.contract.rigs.servers import make_settings

async def handle(message):
    print(message.payload.decode(), flush=True)
    return "done"

async def main():
    settings = msgspec.structs.replace(make_settings(kafka=sys.argv[1]), work_dir=Path(sys.argv[2]))
    app = build_app(settings, "look", handle)
    app.conf.consumer_metadata_max_age_ms = 2000  # by default a new partition is noticed within five minutes
    await app.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers, each partition on all of them."""
    with run_cluster(tmp_path_factory.mktemp("cluster"), 3, "min.insync.replicas=2\n") as brokers:
        yield brokers


class Flow:
    """Sends numbers all the time, and watches a worker of a stage take them."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._access = KafkaAccess(bootstrap=cluster.bootstrap)
        self._log = folder / "worker.log"
        self.acknowledged: list[int] = []
        self.late_s = self.still_s = 0.0
        with self._log.open("w") as log, (folder / "worker.errors").open("w") as errors:
            self._worker = subprocess.Popen(
                [sys.executable, "-c", WORKER, cluster.bootstrap, str(folder)],
                stdout=log,
                stderr=errors,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )

    @property
    def taken(self) -> list[int]:
        """What the worker took, some of it perhaps twice."""
        return [int(line) for line in self._log.read_text().splitlines() if line.isdigit()]

    async def send(self, stop: asyncio.Event) -> None:
        """As the relay does: in order, each acknowledged by all copies in sync, until ``stop``."""
        number = 0
        async with open_producer(self._access, start_s=HANG_S) as producer:
            partitions = len(await producer.partitions_for(TOPIC))
            while not stop.is_set():
                await producer.send_and_wait(TOPIC, b"%d" % number, partition=number % partitions)
                self.acknowledged.append(number)
                number += 1
                await asyncio.sleep(SEND_PAUSE_S)

    async def watch(self, stop: asyncio.Event) -> None:
        """Note the longest time without anything new at the worker, and how late this process was."""
        count, moved_at = len(self.taken), time.monotonic()
        while not stop.is_set():
            asked_at = time.monotonic()
            await asyncio.sleep(POLL_S)
            now, known = time.monotonic(), len(self.taken)
            self.late_s = max(self.late_s, now - asked_at - POLL_S)
            if known != count:
                self.still_s, count, moved_at = max(self.still_s, now - moved_at), known, now

    async def wait_for(self, more: int, what: str) -> None:
        """Until the worker has taken so many more."""
        patience, base = Patience(what), len(self.taken)
        while (known := len(self.taken)) < base + more:
            patience.check((known, len(self.acknowledged)))
            await asyncio.sleep(POLL_S)

    async def wait_for_all(self) -> None:
        """Until the worker has taken whatever was acknowledged."""
        patience = Patience("what is left")
        while set(self.acknowledged) - set(self.taken):
            patience.check(len(self.taken))
            await asyncio.sleep(POLL_S)

    def end(self) -> None:
        self._worker.kill()
        self._worker.wait()


async def wait_in_sync(cluster: Cluster) -> None:
    """Until each partition of the topics in use is on three brokers again."""
    patience = Patience("all copies in sync")
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap.split(","))
        try:
            await admin.start()
            described = await admin.describe_topics(list(IN_SYNC))
            copies = [len(partition["isr"]) for topic in described for partition in topic["partitions"]]
        finally:
            await admin.close()
        if copies and min(copies) == len(cluster.brokers):
            return
        patience.check(copies)
        await asyncio.sleep(0.5)


async def read_all(cluster: Cluster) -> list[int]:
    """Every message of the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=cluster.bootstrap.split(","), auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(TOPIC, at) for at in range(BY_NAME[TOPIC].partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends, kept = await consumer.end_offsets(places), list[int]()
        patience = Patience("the end of the topic")
        while any([await consumer.position(place) < ends[place] for place in places]):
            patience.check(len(kept))
            batches = await consumer.getmany(timeout_ms=1000)
            kept += [int(record.value) for records in batches.values() for record in records]
        return kept
    finally:
        await consumer.stop()


async def strike(cluster: Cluster, broker: Broker, dice: random.Random) -> None:
    """Kill a broker at some moment, start it some time later, and wait until it has caught up."""
    await asyncio.sleep(dice.uniform(*KILL_AFTER_S))
    await asyncio.to_thread(broker.end, signal.SIGKILL)
    await asyncio.sleep(dice.uniform(*DOWN_S))
    broker.start()
    await asyncio.to_thread(broker.wait)
    await wait_in_sync(cluster)


@time_out(3600)
async def test_brokers_are_killed_one_after_the_other(cluster: Cluster, postgres: Settings, tmp_path: Path) -> None:
    await forget_unsent(postgres)
    stop, dice = asyncio.Event(), random.Random(SEED)
    flow, chain = Flow(cluster, tmp_path), ProjectChain(postgres, cluster.bootstrap, tmp_path)
    parts = [asyncio.create_task(flow.send(stop)), asyncio.create_task(chain.run(stop))]
    try:
        await flow.wait_for(SETTLE_COUNT, "the first events")
        parts.append(asyncio.create_task(flow.watch(stop)))
        for _ in range(ROUNDS):
            for broker in dice.sample(list(cluster.brokers), 2):
                await strike(cluster, broker, dice)
        await flow.wait_for(SETTLE_COUNT, "events after the last kill")
        stop.set()
        await asyncio.gather(*parts)
        await flow.wait_for_all()
        marks, facts = await chain.effects()
    finally:
        stop.set()
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        flow.end()
        chain.end()
    kept = Counter(await read_all(cluster))
    assert set(flow.acknowledged) <= set(kept), "lost"
    assert max(kept.values()) == 1, "doubled"
    assert set(flow.acknowledged) <= set(flow.taken)
    assert set(marks) == set(facts) == set(chain.accepted), "lost"
    assert set(marks.values()) == set(facts.values()) == {1}, "done twice"
    record(
        2,
        f"{2 * ROUNDS} kills −9 of one of three brokers: {len(kept)} messages and {len(marks)} projects, 0 lost, "
        f"0 doubled; longest stillness {flow.still_s:.1f} s",
    )
    assert flow.still_s <= MOST_STILL_S + flow.late_s


async def test_topics_get_more_partitions_while_a_worker_runs(cluster: Cluster, tmp_path: Path) -> None:
    access, stop, flow = KafkaAccess(bootstrap=cluster.bootstrap), asyncio.Event(), Flow(cluster, tmp_path)
    grown = 2 * PARTITIONS
    try:
        await grow_topics(access, grown)
        await grow_topics(access, grown)
        patience = Patience("the new partitions")
        while len(known := await list_partitions(access, [topic.name for topic in TOPICS])) < grown * len(TOPICS):
            patience.check(len(known))
            await asyncio.sleep(POLL_S)
        with pytest.raises(MigrationError):
            await grow_topics(access, PARTITIONS)
        sending = asyncio.create_task(flow.send(stop))
        await flow.wait_for(2 * grown, "events on all partitions")
        stop.set()
        await sending
        await flow.wait_for_all()
    finally:
        stop.set()
        flow.end()
