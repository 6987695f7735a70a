"""Processes forked from the prefork: children like any other, with the command's output, code, session and name."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.supervisor.prefork_client import PreforkGoneError, PreforkServer
from local.supervisor.processes import Spawn


@pytest.fixture(scope="module")
def prefork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreforkServer]:
    started = PreforkServer("a-stack", os.environ, tmp_path_factory.mktemp("prefork") / "log")
    yield started
    started.close()


def command(place: Path, *arguments: str, **env: str) -> Spawn:
    return Spawn(
        argv=[sys.executable, "-m", "streams", *arguments],
        env={**os.environ, **env},
        cwd=place,
        log=place / "log",
        output=place / "output",
        nice=5,
    )


def test_a_fork_runs_its_command(prefork: PreforkServer, tmp_path: Path) -> None:
    assert prefork.fork(command(tmp_path, "--help")).wait() == 0
    assert (tmp_path / "output").read_text().startswith("usage: python -m streams")
    assert prefork.fork(command(tmp_path, "--stage", "none-such")).wait() == 2
    assert "invalid choice: 'none-such'" in (tmp_path / "log").read_text()


def test_a_fork_reads_its_own_environment(prefork: PreforkServer, tmp_path: Path) -> None:
    assert prefork.fork(command(tmp_path, "--relay")).wait() == 2
    assert "CLIPSTREAM_" in (tmp_path / "log").read_text()


def test_a_fork_is_a_child_with_a_session_and_a_signal(prefork: PreforkServer, tmp_path: Path) -> None:
    log = tmp_path / "fifo"
    os.mkfifo(log)  # nobody reads: it waits, until it is ended
    how = command(tmp_path, "--help")
    process = prefork.fork(Spawn(argv=how.argv, env=how.env, cwd=tmp_path, log=log))
    try:
        assert process.poll() is None
        seen = psutil.Process(process.pid)
        assert seen.ppid() == os.getpid()
        assert os.getsid(process.pid) == process.pid
        assert seen.environ()["OPENBLAS_NUM_THREADS"] == "1"  # as it was when numpy was loaded
    finally:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.send_signal(signal.SIGTERM)  # to nobody


def test_a_dead_prefork_server_is_an_error(tmp_path: Path) -> None:
    gone = PreforkServer("a-stack", os.environ, tmp_path / "log")
    gone.close()
    with pytest.raises(PreforkGoneError):
        gone.fork(command(tmp_path, "--help"))
