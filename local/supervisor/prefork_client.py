"""Client of the prefork server: asks it for processes, which become children of the supervisor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec

from local.supervisor.processes import STACK_MARK, Spawn, adopt_orphans, open_for_append, tie_to_parent

PACKET_BYTES = 128 * 1024
"""Largest size of one request: a command and its environment."""
PATIENCE_S = 60.0
"""Longest wait for an answer: milliseconds, once the server has loaded every module."""


class Forked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: the new process."""

    pid: int


class PreforkGoneError(RuntimeError):
    """The server does not answer: start the process by its command instead."""


class Adopted:
    """A child that another process forked for us."""

    def __init__(self, pid: int) -> None:
        """``pid`` must be a child of this process."""
        self.pid = pid
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code (less the signal that ended it), or None while it lives."""
        return self._look(os.WNOHANG)

    def wait(self) -> int:
        """Block until it ended; its exit code."""
        code = self._look(0)
        assert code is not None
        return code

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def _look(self, options: int) -> int | None:
        with self._lock:
            if self._code is None:
                pid, status = os.waitpid(self.pid, options)
                self._code = os.waitstatus_to_exitcode(status) if pid else None
            return self._code


ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Matrices here are small: what listen computes of a span took 0.6 CPU-s on two threads, 0.35 on one, to the same bits.
Read when numpy is loaded: it has to be set before the server starts.
"""


class PreforkServer:
    """A running prefork server; this process becomes the parent of every orphan below it."""

    def __init__(self, stack_id: str, environ: Mapping[str, str], log: Path) -> None:
        """Start it; it loads the product's modules meanwhile."""
        adopt_orphans()
        self._lock = threading.Lock()
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.settimeout(PATIENCE_S)
        number = theirs.fileno()
        command = [
            sys.executable,
            "-m",
            "local.supervisor.prefork",
            "--socket",
            str(number),
            "--supervisor",
            str(os.getpid()),
        ]
        with theirs, open_for_append(log) as output:
            self._process = subprocess.Popen(
                command,
                env={**ONE_THREAD, **environ, STACK_MARK: stack_id, "PYTHONUNBUFFERED": "1", "SPT_NOENV": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[number],
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )

    def fork(self, request: Spawn) -> Adopted:
        """A process that runs ``python -m NAME …`` of ``request.argv``. Blocks. Raises PreforkGoneError."""
        body = msgspec.json.encode(request, enc_hook=str)
        with self._lock:
            try:
                self._requests.send(body)
                answer = self._requests.recv(PACKET_BYTES)
            except OSError as error:
                raise PreforkGoneError(str(error)) from error
        if not answer:
            raise PreforkGoneError(f"it ended with {self._process.poll()}")
        return Adopted(msgspec.json.decode(answer, type=Forked).pid)

    def close(self) -> None:
        """End it; what it forked lives on."""
        self._requests.close()
        self._process.kill()
        self._process.wait()
