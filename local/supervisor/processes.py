"""Starts, measures and ends processes with all their descendants."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import msgspec
import psutil

from core.process_control import end_with_parent, lower_priority

STACK_MARK = "CLIPSTREAM_STACK_ID"
"""In the environment of every process of a stack: what a killed supervisor left behind is known by it."""

_PR_SET_CHILD_SUBREAPER_CODE = 36
_LIBC = ctypes.CDLL(None, use_errno=True)
_START_TOLERANCE_S = 0.05


class Spawn(msgspec.Struct, frozen=True, kw_only=True):
    """Command, environment and limits of one process to start."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    output: Path | None = None
    """File of its standard output, if not the log: made readable by us only."""
    nice: int = 0
    uid: int | None = None
    gid: int | None = None
    death_signal: int = signal.SIGKILL
    """Signal that the kernel sends when the supervisor dies."""


class Child(Protocol):
    """A started process, as ``subprocess.Popen`` has it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """Its exit code (less the signal that ended it), or None while it lives."""
        ...

    def wait(self) -> int:
        """Block until it ended; its exit code."""
        ...

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it lives."""
        ...


def spawn(request: Spawn) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, its output appended to its log, tied to the life of this process."""
    with open_outputs(request) as (output, log):
        return subprocess.Popen(
            request.argv,
            env=request.env,
            cwd=request.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            start_new_session=True,
            user=request.uid,
            group=request.gid,
            extra_groups=[] if request.uid is not None else None,
            preexec_fn=tie_to_parent(request.death_signal, request.nice),  # noqa: PLW1509 - it takes no lock and imports nothing
        )


@contextlib.contextmanager
def open_outputs(request: Spawn) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open the files of its standard output and its standard error."""
    with contextlib.ExitStack() as files:
        log = files.enter_context(open_for_append(request.log))
        yield files.enter_context(open_for_append(request.output, fresh=True)) if request.output else log, log


def open_for_append(path: Path, *, fresh: bool = False) -> BinaryIO:
    """A file that only we can read; each write goes to its end, also after it was cut short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | (os.O_TRUNC if fresh else 0)
    return cast(BinaryIO, os.fdopen(os.open(path, flags, 0o600), "ab", buffering=0))


def tie_to_parent(death_signal: int, nice: int = 0) -> Callable[[], None]:
    """The function that a child runs before exec: end with its parent, lower its priority."""
    parent = os.getpid()

    def before_exec() -> None:
        end_with_parent(parent, death_signal)
        if nice:
            lower_priority(nice)

    return before_exec


def adopt_orphans() -> None:
    """Make this process the new parent of every orphan among its descendants."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER_CODE, 1, 0, 0, 0)


def start_time(pid: int) -> float | None:
    """Start time of this pid by the kernel (seconds since the epoch); None when it is gone."""
    with contextlib.suppress(psutil.Error):
        return float(psutil.Process(pid).create_time())
    return None


def is_same(pid: int, pid_started: float) -> bool:
    """Is this pid alive and still the process that was recorded?"""
    begun = start_time(pid)
    return begun is not None and abs(begun - pid_started) < _START_TOLERANCE_S


def descendants(pid: int) -> list[psutil.Process]:
    """All living processes below a pid, zombies left out."""
    with contextlib.suppress(psutil.Error):
        return [child for child in psutil.Process(pid).children(recursive=True) if is_alive(child)]
    return []


def session_members(session: int) -> list[psutil.Process]:
    """Living processes of a session: what a part's own process left behind when it died."""
    members = []
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(pid) == session and is_alive(process := psutil.Process(pid)):
                members.append(process)
    return members


def is_alive(process: psutil.Process) -> bool:
    """Runs, or could: a zombie does not."""
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def find_marked(stack_id: str) -> list[psutil.Process]:
    """Every process that carries the mark of this stack, except the caller and what is above it."""
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in spared and process.environ().get(STACK_MARK) == stack_id and is_alive(process):
                processes.append(process)
    return processes


def memory_bytes(pid: int, *, below: bool = True) -> int:
    """Resident memory of a process and (``below``) all its descendants."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *(parent.children(recursive=True) if below else ())):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def end_all(processes: Iterable[psutil.Process], *, grace_s: float, first: int = signal.SIGTERM) -> None:
    """Ask each to end, wait, then make them. Blocks for ``grace_s`` at most, and a moment."""
    listed = list(processes)
    for process in listed:
        with contextlib.suppress(psutil.Error):
            process.send_signal(first)
    alive = _wait_gone(listed, grace_s)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _wait_gone(alive, 3.0)


def _wait_gone(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    deadline = time.monotonic() + timeout_s
    alive = [process for process in processes if is_alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = [process for process in alive if is_alive(process)]
    return alive
