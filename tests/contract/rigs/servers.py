"""Real servers for contract tests, each on free ports, each stopped by its own PID. Never reuses a running one.

Each ends with the process that started it, also where that is killed: the kernel sees to it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

import msgspec
import pytest

from core.settings import Settings
from local.services import seaweedfs as objects
from local.supervisor.processes import tie_to_parent
from tests.support.progress import HANG_S, Patience

HIGHEST_PORT = 50_000
"""SeaweedFS opens each port + 10,000 as well."""


def begun(
    module: Sequence[str], env: Mapping[str, str], log: IO[bytes], under: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Run one of our modules, by the command ``under`` if one is given; it ends with the process that started it."""
    return subprocess.Popen(
        [*under, sys.executable, "-m", *module],
        env=env,
        stdout=log,
        stderr=log,
        preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
    )


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A running server: address, login, and how to stop and restart it on the same data."""

    url: str
    user: str
    password: str
    pid: Callable[[], int]
    stop: Callable[[int], None]
    """Send this signal and wait for the end."""
    start: Callable[[], None]
    started_s: Callable[[], float] = lambda: 0.0
    """Seconds that its last start took: the unit of what a test measures about it."""


def make_settings(**given: object) -> Settings:
    """Settings without any server, except for those given."""
    nowhere = "http://127.0.0.1:9"
    values: dict[str, object] = {
        "kafka": "127.0.0.1:9",
        "postgres_api": "",
        "postgres_worker": "",
        "postgres_relay": "",
        "s3": nowhere,
        "s3_access_key": "",
        "s3_secret_key": "",
        "triton": "127.0.0.1:9",
        "clickhouse": f"{nowhere}/clipstream",
        "meilisearch": nowhere,
        "meilisearch_key": "",
        "secret": bytes(32),
    }
    return Settings(**(values | given))  # type: ignore[arg-type]


def free_ports(count: int) -> list[int]:
    """Free ports; the same numbers + 10,000 are free as well."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        candidate = port if port < HIGHEST_PORT else port - 15_000
        if candidate not in found and all(_is_free(candidate + extra) for extra in (0, 10_000)):
            found.append(candidate)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


class Process:
    """One server process that can be stopped and started again on the same data."""

    def __init__(self, command: list[str], probe_url: str, log: Path, environ: dict[str, str] | None = None) -> None:
        self._command, self._probe_url, self._log = command, probe_url, log
        self._environ = os.environ | (environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.started_s = 0.0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                env=self._environ,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )
        began_at, patience = time.monotonic(), Patience(f"the start of {self._command[:3]}")
        while not _answers(self._probe_url):
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._command[:3]} did not start:\n{self._log.read_text()[-4000:]}")
            patience.check(self._log.stat().st_size)
            time.sleep(0.05)
        self.started_s = time.monotonic() - began_at

    def stop(self, number: int = 15) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"{self._command[:3]} did not stop on signal {number}") from None


@contextmanager
def _running(process: Process, url: str, user: str, password: str) -> Iterator[Server]:
    process.start()
    try:
        yield Server(
            url=url,
            user=user,
            password=password,
            pid=lambda: process.pid,
            stop=process.stop,
            start=process.start,
            started_s=lambda: process.started_s,
        )
    finally:
        process.stop()


def _weed() -> str:
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        raise RuntimeError("the SeaweedFS binary `weed` is not installed: run `uv sync`")
    return found


@contextmanager
def run_seaweedfs(root: Path, keys: Mapping[str, tuple[str, str]] | None = None, bucket: str = "") -> Iterator[Server]:
    """SeaweedFS as the local stack runs it, with an administrator; ``keys``: of processes, to ``bucket``."""
    data, config = root / "weed", root / "s3.json"
    data.mkdir(parents=True)
    user, password = "AKTEST12345", "SKTEST1234567890"
    config.write_text(json.dumps(objects.access_config((user, password), keys or {}, bucket)))
    ports = free_ports(len(objects.PORT_FLAGS))
    url = f"http://127.0.0.1:{ports[0]}"
    command = [_weed(), f"-logdir={data}", "mini", *objects.arguments(ports, data, config)]
    process = Process(command, url, root / "weed.log", {"GOMEMLIMIT": objects.MEMORY_LIMIT})
    try:
        with _running(process, url, user, password) as server:
            yield server
    finally:
        for port in (*ports, *(port + 10_000 for port in ports)):
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # it leaves them, whatever TMPDIR says
                socket_file.unlink(missing_ok=True)


@contextmanager
def run_clickhouse_front(root: Path) -> Iterator[Server]:
    """ClickHouse's engine behind its HTTP front; the URL names the database ``clipstream``."""
    (port,) = free_ports(1)
    user, password = "clipstream", "test-password"
    command = [
        sys.executable,
        "-m",
        "local.standins.clickhouse",
        "--data",
        str(root / "clickhouse"),
        "--port",
        str(port),
    ]
    command += ["--user", user, "--database", "clipstream"]
    secret = {"CLICKHOUSE_PASSWORD": password}
    process = Process(command, f"http://127.0.0.1:{port}/ping", root / "clickhouse.log", secret)
    url = f"http://{user}:{password}@127.0.0.1:{port}/clipstream"
    with _running(process, url, user, password) as server:
        yield server


@contextmanager
def run_search_front(root: Path) -> Iterator[Server]:
    """The search server; ``password`` is its master key."""
    (port,) = free_ports(1)
    key = "test-master-key-0123456789"
    command = [sys.executable, "-m", "local.standins.meilisearch", "--data", str(root / "search"), "--port", str(port)]
    secret = {"MEILI_MASTER_KEY": key}
    process = Process(command, f"http://127.0.0.1:{port}/health", root / "search.log", secret)
    with _running(process, f"http://127.0.0.1:{port}", "", key) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One SeaweedFS for the session."""
    with run_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def clickhouse_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One ClickHouse front for the session."""
    with run_clickhouse_front(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


def _not_ours(*_: object) -> NoReturn:
    pytest.skip("the search server is not ours to stop: CLIPSTREAM_TEST_MEILISEARCH names it")


def external_search() -> Server | None:
    """The search server named by the environment, to run the suites on; it should hold nothing else."""
    url = os.environ.get("CLIPSTREAM_TEST_MEILISEARCH")
    key = os.environ.get("CLIPSTREAM_TEST_MEILISEARCH_KEY", "")
    return (
        Server(url=url.rstrip("/"), user="", password=key, pid=_not_ours, stop=_not_ours, start=_not_ours)
        if url
        else None
    )


@pytest.fixture(scope="session")
def search_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One search server for the session: the one that the environment names, else the stand-in."""
    if (given := external_search()) is not None:
        yield given
        return
    with run_search_front(tmp_path_factory.mktemp("search")) as server:
        yield server
