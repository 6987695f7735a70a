"""A killed test run leaves no server: each server ends with the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local import stack
from local.config.state import is_running, load
from tests.contract.local.test_local_stack import nothing_left
from tests.support.progress import HANG_S, wait_while_moving

pytestmark = pytest.mark.contract
STARTS = """
import signal, sys
from pathlib import Path
from local import stack
from tests.contract.rigs.postgres import run_postgres
from tests.contract.rigs.servers import Process, free_ports
from tests.contract.local.test_local_stack import SMALL, without
root = Path(sys.argv[1])
(port,) = free_ports(1)
command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
plain = Process(command, f"http://127.0.0.1:{port}", root / "log")
with run_postgres():
    plain.start()
    stack.ensure_running(stack.layout_of(root / "stack"), without(*SMALL), print, stores_only=True, ends_with_us=True)
    print("all run", flush=True)
    signal.pause()
"""


def alive(processes: list[psutil.Process]) -> list[int]:
    """Pids of those that run still."""
    return [one.pid for one in processes if is_alive(one)]


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; it may end between the two questions."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_run_leaves_no_server_behind(tmp_path: Path) -> None:
    layout = stack.layout_of(tmp_path / "stack")
    command = [sys.executable, "-c", STARTS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            assert any("all run" in line for line in run.stdout)
            started = psutil.Process(run.pid).children(recursive=True)
            names = {one.name() for one in started if is_alive(one)}
            assert "postgres" in names
            assert len(started) > 6
            os.kill(run.pid, signal.SIGKILL)
            run.wait(HANG_S)
            wait_while_moving(lambda: not alive(started), "their ends", progress=lambda: alive(started))
            wait_while_moving(lambda: not is_running(layout), "a stack whose lock is free")
            state = load(layout)
            assert state is not None
            assert nothing_left(state)
        finally:
            run.kill()
            stack.reset(layout, print)
