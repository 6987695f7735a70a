"""Workers of one stage on a real Kafka: none is idle after restarts, and a restart takes nothing from the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from local.supervisor.processes import tie_to_parent
from schemas.topics import PARTITIONS
from tests.support.progress import HANG_S, Patience

WORKER_COUNT = 5
POLL_S = 0.05
WORKER = """
import asyncio, json, sys
from pathlib import Path
import msgspec
from streams.worker import build_app
from tests.contract.rigs.servers import make_settings

async def handle(message):
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


def test_no_worker_is_idle_after_restarts(kafka: str, tmp_path: Path) -> None:
    workers = start_workers(kafka, tmp_path / "nameless", [""] * WORKER_COUNT, session_s=6)
    try:
        wait_shared(workers)
        for at in (0, 3):
            workers[at].end(signal.SIGTERM if at else signal.SIGKILL)
            workers[at].start()
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
