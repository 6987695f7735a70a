"""Workers of one stage on a real Kafka: none is idle after restarts, and a restart takes nothing from the others.

In a soak also: so many workers as there may be, and how long the partitions of a killed worker stand still.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from benchmarks.harness.claims import percentile
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.producer import open_producer
from local.supervisor.processes import tie_to_parent
from schemas.topics import PARTITIONS
from streams.worker import topics_of
from tests.support.progress import HANG_S, Patience, await_while_moving
from tests.support.soak import SEED, SHARE, bound, record, time_out, volume

WORKER_COUNT = 5
WORKER_COUNTS = (1, 2, 5, 7, 8, PARTITIONS) if SHARE else (WORKER_COUNT,)
POLL_S = 0.05
KILLS, OF_KILLED_COUNT = volume(3, 20), 3
TAKEOVER_S, SEND_PAUSE_S = 15.0, 0.25
PRODUCT_SESSION_S = 10
WORKER = """
import asyncio, json, sys, time
from pathlib import Path
import msgspec
from streams.worker import build_app
from tests.contract.rigs.servers import make_settings

async def handle(message):
    print("took", message.partition, time.monotonic(), flush=True)
    return "done"

async def main():
    settings = msgspec.structs.replace(make_settings(kafka=sys.argv[1]), work_dir=Path(sys.argv[2]), kafka_instance=sys.argv[3])
    app = build_app(settings, "render", handle)
    app.conf.broker_session_timeout, app.conf.broker_request_timeout = float(sys.argv[4]), float(sys.argv[4]) + 30.0
    await app.start()
    told = None
    while True:
        owned = sorted(place.partition for place in app.consumer.assignment())
        if owned != told:
            print(json.dumps(owned), flush=True)
            told = owned
        await asyncio.sleep(0.05)

asyncio.run(main())
"""  # noqa: E501 - a program


class Worker:
    """One process of the stage."""

    def __init__(self, kafka: str, folder: Path, instance: str, session_s: int) -> None:
        self._command = [sys.executable, "-c", WORKER, kafka, str(folder), instance, str(session_s)]
        self._log = folder / f"{instance or id(self)}.log"
        self.start()

    def start(self) -> Self:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=subprocess.DEVNULL,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )
        return self

    def end(self, number: int) -> None:
        os.kill(self._process.pid, number)
        self._process.wait(HANG_S)

    @property
    def history(self) -> list[list[int]]:
        """Every assignment that it had, the present one last."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.endswith("]")]

    def took(self) -> dict[int, float]:
        """Partition → moment at which it took its latest record of it, on the clock of all processes."""
        lines = [line.split() for line in self._log.read_text().splitlines() if line.startswith("took")]
        return {int(words[1]): float(words[2]) for words in lines if len(words) == 3}

    @property
    def owned(self) -> list[int]:
        return self.history[-1] if self.history else []


def wait_shared(workers: list[Worker]) -> None:
    """Until every partition has one owner and every worker has some."""
    patience = Patience("the assignment of all partitions")
    while True:
        owned = [worker.owned for worker in workers]
        if sorted(at for places in owned for at in places) == list(range(PARTITIONS)) and all(owned):
            return
        patience.check(owned)
        time.sleep(POLL_S)


def start_workers(kafka: str, folder: Path, names: list[str], session_s: int) -> list[Worker]:
    folder.mkdir()
    return [Worker(kafka, folder, name, session_s) for name in names]


@pytest.mark.parametrize("count", WORKER_COUNTS)
def test_no_worker_is_idle_after_restarts(kafka: str, tmp_path: Path, count: int) -> None:
    workers = start_workers(kafka, tmp_path / "nameless", [""] * count, session_s=6)
    try:
        wait_shared(workers)
        for at in (0, 3):
            struck = workers[at % count]
            struck.end(signal.SIGTERM if at else signal.SIGKILL)
            struck.start()
            wait_shared(workers)
    finally:
        for worker in workers:
            worker.end(signal.SIGKILL)


def test_a_restart_takes_nothing_from_workers_with_names(kafka: str, tmp_path: Path) -> None:
    """The session timeout outlasts any restart: its duration on a busy machine is not tested."""
    names = [f"render-{number}" for number in range(WORKER_COUNT)]
    workers = start_workers(kafka, tmp_path / "named", names, session_s=300)
    try:
        wait_shared(workers)
        for at, number in ((1, signal.SIGKILL), (4, signal.SIGTERM)):
            before = [worker.history for worker in workers]
            workers[at].end(number)
            workers[at].start()
            wait_shared(workers)
            assert workers[at].owned == before[at][-1]
            others = [other for other in range(WORKER_COUNT) if other != at]
            assert [workers[other].history for other in others] == [before[other] for other in others]
    finally:
        for worker in workers:
            worker.end(signal.SIGKILL)


async def send_everywhere(kafka: str) -> None:
    """A record to each partition in turn, for ever."""
    (topic, *_) = topics_of("render")
    async with open_producer(KafkaAccess(bootstrap=kafka), start_s=HANG_S) as producer:
        while True:
            for partition in range(PARTITIONS):
                await producer.send(topic, b"{}", partition=partition)
            await asyncio.sleep(SEND_PAUSE_S)


async def taken_over(workers: list[Worker], partitions: list[int], killed_at: float) -> list[float]:
    """Seconds from the kill until one of these workers took a record, for each partition of the killed one."""
    taken = dict[int, float]()

    async def all_taken() -> bool:
        for worker in workers:
            for partition, at in worker.took().items():
                if at > killed_at:
                    taken.setdefault(partition, at)
        return set(partitions) <= set(taken)

    await await_while_moving(
        all_taken, "the partitions of the killed worker", progress=lambda: len(taken), every_s=SEND_PAUSE_S
    )
    return [taken[partition] - killed_at for partition in partitions]


@pytest.mark.skipif(not SHARE, reason="each kill takes a session timeout: in a soak")
@time_out(1800)
async def test_another_worker_takes_over_soon(kafka: str, tmp_path: Path) -> None:
    """From the kill to the first record of each of its partitions at another worker; the product's own timeouts."""
    workers = start_workers(kafka, tmp_path / "killed", [""] * OF_KILLED_COUNT, session_s=PRODUCT_SESSION_S)
    dice, waits_s = random.Random(SEED), list[float]()
    sending = asyncio.create_task(send_everywhere(kafka))
    try:
        for _ in range(KILLS):
            await asyncio.to_thread(wait_shared, workers)
            await asyncio.sleep(dice.uniform(0, 2))
            victim = dice.choice(workers)
            owned, others = victim.owned, [worker for worker in workers if worker is not victim]
            victim.end(signal.SIGKILL)
            waits_s += await taken_over(others, owned, time.monotonic())
            victim.start()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        for worker in workers:
            worker.end(signal.SIGKILL)
    late_s = percentile(waits_s, 0.95)
    record(3, f"{KILLS} kills, {len(waits_s)} partitions: taken over within p95 {late_s:.1f} s")
    assert late_s <= bound(TAKEOVER_S)
