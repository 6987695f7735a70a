"""The prefork server: loads the product's modules once; each of its processes is forked from it.

Loading them costs a second of processor time; a stack has fifteen such processes, which then share the memory too.
A forked part is handed to the supervisor (a subreaper), so that it is its child like any other: waited for, notified
of its death. Requests and answers are single packets on the socket that the supervisor gives.
"""

from __future__ import annotations

import argparse
import gc
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import msgspec
from setproctitle import getproctitle, setproctitle

from core.process_control import end_with_parent, hide_memory, lower_priority
from local.supervisor.prefork_client import PACKET_BYTES, Forked
from local.supervisor.processes import Spawn, open_outputs
from schemas.stages import STAGES

MODULES = {"streams": "streams.__main__", "api": "api.__main__"}
"""Module with the ``main`` that `python -m NAME` runs."""
LOADED = (
    *MODULES.values(),
    "streams.worker",
    "streams.background.main",
    "streams.setup.migrate",
    "streams.setup.bootstrap",
    *(f"streams.{stage}.agent" for stage in STAGES),
    "faust.app.base",
)
ADOPTION_TIMEOUT_S = 5.0


def serve(requests: socket.socket, supervisor: int) -> Spawn | None:
    """Fork for every request until the socket ends. Returns the request in each fork, and None at the end."""
    while body := requests.recv(PACKET_BYTES):
        request = msgspec.json.decode(body, type=Spawn, dec_hook=lambda kind, value: kind(value))
        intermediate_pid = os.fork()
        if intermediate_pid:
            os.waitpid(intermediate_pid, 0)
        elif os.fork():
            os._exit(0)  # its child is an orphan now: the supervisor's
        else:
            _wait_for_adoption(supervisor)
            end_with_parent(supervisor, request.death_signal)
            os.setsid()
            requests.send(msgspec.json.encode(Forked(pid=os.getpid())))
            requests.close()
            return request
    return None


def _wait_for_adoption(supervisor: int) -> None:
    """Wait until the supervisor is the parent."""
    deadline_s = time.monotonic() + ADOPTION_TIMEOUT_S
    while os.getppid() != supervisor:
        if time.monotonic() > deadline_s:
            os._exit(os.EX_OSERR)
        time.sleep(0.001)


def become(request: Spawn) -> int:
    """Run what was asked for in this fork as if it had been started by its command; returns its exit code."""
    with open_outputs(request) as (output, log), Path(os.devnull).open("rb") as nothing:
        for stream, descriptor in ((nothing, 0), (output, 1), (log, 2)):
            os.dup2(stream.fileno(), descriptor)
    os.chdir(request.cwd)
    setproctitle(" ".join(request.argv))
    os.environ.clear()
    os.environ.update(request.env)
    sys.argv = list(request.argv[2:])
    if request.nice:
        lower_priority(request.nice)
    run: Callable[[], int] = import_module(MODULES[request.argv[2]]).main
    return run()


def main(argv: Sequence[str]) -> int:
    """``python -m local.supervisor.prefork --socket FD --supervisor PID``."""
    parser = argparse.ArgumentParser(prog="python -m local.supervisor.prefork")
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--supervisor", type=int, required=True)
    options = parser.parse_args(argv)
    hide_memory()  # requests hold secrets, and so do the forks
    getproctitle()  # finds the memory of the title, which works only before the environment changes
    for name in LOADED:
        import_module(name)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=options.socket) as requests:
        request = serve(requests, options.supervisor)
    return become(request) if request else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
