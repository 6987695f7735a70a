"""A worker that opens media says which walls stand around its children: /readyz, metrics, `clipstream status`.

Real processes on a real Kafka and Postgres. A worker of root without the right to become another user lacks a wall.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from core.media.sandbox.walls import WALLS
from core.settings import Settings
from streams.runtime.metrics import WALL
from tests.contract.api.test_api_process import environment
from tests.contract.local.test_status_walls import running_stack
from tests.contract.rigs.brokers import run_cluster
from tests.contract.rigs.servers import begun, free_ports
from tests.contract.runtime.test_worker_metrics import page
from tests.support.progress import HANG_S, Patience, await_while_moving

pytestmark = pytest.mark.contract
WITHOUT_OTHER_USERS = ("setpriv", "--bounding-set=-setuid,-chown", "--inh-caps=-setuid,-chown")
"""Starts a process of root that cannot give its children a user of their own."""


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker without the garbage of other tests, on which a worker would end by itself."""
    with run_cluster(tmp_path_factory.mktemp("walls"), 1) as cluster:
        yield cluster.bootstrap


@asynccontextmanager
async def look(
    settings: Settings, kafka: str, folder: Path, policy: str, *under: str
) -> AsyncIterator[tuple[int, Path]]:
    """A worker of look; yields its port and its log."""
    (port,) = free_ports(1)
    given = environment(msgspec.structs.replace(settings, kafka=kafka), 1) | {
        "CLIPSTREAM_WORK_DIR": str(folder), "CLIPSTREAM_WORKER_PORT": str(port), "CLIPSTREAM_SANDBOX": policy,
    }  # fmt: skip
    path = folder / "log"
    with path.open("wb") as log:
        worker = begun(["streams", "--stage", "look"], given, log, under=under)
    try:
        yield port, path
    finally:
        await asyncio.to_thread(_end, worker)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(HANG_S)
    finally:
        worker.kill()
        worker.wait()


async def until_known(port: int, log: Path) -> tuple[int, dict[str, Any]]:
    """Status and body of /readyz, once the worker consumes and its first child has told of its walls."""
    patience = Patience("the walls of a worker's first child")
    async with httpx2.AsyncClient(trust_env=False, timeout=HANG_S) as client:
        while True:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/readyz")
            except httpx2.TransportError:  # it does not listen yet
                answer = None
            body = answer.json() if answer is not None else {"sandbox": {"walls": None}}
            if answer is not None and body["sandbox"]["walls"] is not None and '"ready"' in log.read_text():
                return answer.status_code, body
            patience.check(log.stat().st_size)
            await asyncio.sleep(0.1)


async def walls_counted(port: int) -> dict[str, float]:
    found = await page(f"http://127.0.0.1:{port}/metrics")
    return {dict(labels)["wall"]: value for (name, labels), value in found.items() if name == WALL.name}


def why_refused(log: Path) -> str:
    """Why the worker's first child was not started; empty until the log says it."""
    said = [json.loads(text) for text in log.read_text().splitlines() if text.startswith("{")]
    return next((str(one["why"]) for one in said if one["event"] == "no child can be started"), "")


def status_lines(root: Path, port: int) -> Sequence[str]:
    """What `clipstream status` says of the sandbox."""
    root.mkdir()
    command = [sys.executable, "-m", "cli", "status", "--state-dir", str(root)]
    with running_stack(root, {"look": port}):
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANG_S).stdout
    return [line for line in said.splitlines() if line.startswith("sandbox")]


async def test_a_worker_reports_its_active_walls(postgres: Settings, own_kafka: str, tmp_path: Path) -> None:
    async with look(postgres, own_kafka, tmp_path, "best-effort") as (port, log):
        status, ready = await until_known(port, log)
        walls = ready["sandbox"]["walls"]
        assert (status, ready["sandbox"]["policy"], ready["sandbox"]["missing"]) == (200, "best-effort", "")
        assert {"system_calls", "worker_memory"} <= set(walls) <= set(WALLS)
        assert await walls_counted(port) == {wall: float(wall in walls) for wall in WALLS}
        lines = await asyncio.to_thread(status_lines, tmp_path / "state", port)
        assert lines == [f"sandbox (best-effort): {', '.join(walls)} · look"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can lack this wall")
async def test_a_missing_wall_is_refused_under_strict(postgres: Settings, own_kafka: str, tmp_path: Path) -> None:
    async with look(postgres, own_kafka, tmp_path, "strict", *WITHOUT_OTHER_USERS) as (port, log):
        status, ready = await until_known(port, log)
        assert (status, ready["ready"], ready["sandbox"]["policy"]) == (503, False, "strict")
        assert "misses a user of its own" in ready["sandbox"]["missing"]
        assert (await walls_counted(port))["own_user"] == 0.0
        (line,) = await asyncio.to_thread(status_lines, tmp_path / "state", port)
        assert "misses a user of its own" in line
        refused = await await_while_moving(lambda: asyncio.to_thread(why_refused, log), "the log's word of it")
        assert refused.startswith("sandbox is not available: "), (
            "the child is refused as Unavailable: its events wait for the wall"
        )


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can lack this wall")
async def test_best_effort_works_without_a_wall(postgres: Settings, own_kafka: str, tmp_path: Path) -> None:
    async with look(postgres, own_kafka, tmp_path, "best-effort", *WITHOUT_OTHER_USERS) as (port, log):
        status, ready = await until_known(port, log)
        assert (status, ready["sandbox"]["missing"]) == (200, "")
        assert "own_user" not in ready["sandbox"]["walls"]
        assert (await walls_counted(port))["own_user"] == 0.0
