"""Starts, serves and ends a child process, without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from core.errors import InputRejected, Unavailable
from core.media.sandbox.child import Header, SourceSpec
from core.media.sandbox.child_source import ANSWER, EMPTY_ANSWER, REQUEST
from core.media.sandbox.confinement import ChildLimits, Confinement
from core.media.sandbox.pipes import read_tail, send_order
from core.media.sandbox.source_handle import LocalSource, SourceHandle, reopened_for_reading
from core.media.sandbox.starvation import SourceWait, judge_timeout
from core.media.sandbox.users import hand_over, lease_user
from core.media.sandbox.walls import SANDBOX, Wall, describe_missing, with_worker
from core.progress import Report

__all__ = ["ChildFailed", "ChildLimits", "LocalSource", "SourceHandle", "run_child"]

LINE_LIMIT_BYTES = 8 * 2**20
"""Longest message of a child."""
STDERR_TAIL_BYTES = 8_000
"""End of a child's stderr that is kept."""
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_PERTURB_": "255",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20),
    "SVT_LOG": "1",
}
"""Environment of children.

One arena and one BLAS thread: each more reserves address space that the limit counts. SVT-AV1 logs errors only.

New memory above a kilobyte holds zeros (MALLOC_PERTURB_ 255 names the bits that are left out): x264 reads some before
it writes it, and the same frames could become other bytes.

Freed memory is kept for the next frame. Without that, a clip of 8 s had 84,000 page faults instead of 53,000: 6.2 and
6.1 CPU-s, not 6.0 and 5.6.
"""
TIMEOUT_DETAIL = "Working on the file took longer than it may."
CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}
"""Signals of a decoder that crashed on the file."""


class ChildFailed(Exception):
    """A child ended without an outcome, or with a bug.

    The message holds its traceback or the end of its stderr.
    """


class _Outcome(msgspec.Struct):
    result: dict[str, Any] | None = None
    error: Exception | None = None
    lost: bool = False


async def run_child(
    entry: str,
    args: Mapping[str, Any],
    *,
    scratch: Path,
    limits: ChildLimits = ChildLimits(),  # noqa: B008 - frozen
    source: SourceHandle | None = None,
    report: Report | None = None,
    writes: Sequence[Path] = (),
    reads: Sequence[Path] = (),
    serve: Callable[[socket.socket], Coroutine[Any, Any, None]] | None = None,
) -> dict[str, Any]:
    """Run ``module:function`` in a confined process; returns its result, ``cpu_ms`` and ``peak_bytes``.

    It sees its code, ``scratch`` and the further folders ``writes``, the files ``reads``, and its source. ``serve``
    answers what a child without a source asks on the descriptor ``args["channel"]``. Raises
    InputRejected (also ``media.bomb``, and ``media.timeout`` when its processor time is used up), Unavailable
    (source or disk; Starved or Overdue when only the wall time is over; ``sandbox`` where a wall that must stand is
    missing), ChildFailed (a bug). Cancelling kills the child and waits for its end.
    """
    read_end, write_end = os.pipe()
    ours, theirs = socket.socketpair()
    with (
        leased_confinement(limits, writes=[scratch, *writes], reads=reads) as confinement,
        ours,
        os.fdopen(read_end, "rb", buffering=0) as messages,
    ):
        with theirs, os.fdopen(write_end, "wb", buffering=0), reopened_for_reading(source) as bytes_of_source:
            channel = -1 if (source is None or source.complete) and serve is None else theirs.fileno()
            spec = SourceSpec(descriptor=bytes_of_source, size=source.size, channel=channel) if source else None
            header = Header(
                messages=write_end,
                confinement=confinement,
                strict=SANDBOX.policy == "strict",
                args=dict(args) if serve is None else {**args, "channel": channel},
                source=spec,
            )
            descriptors = [number for number in (write_end, bytes_of_source, channel) if number >= 0]
            process = await _start_child(entry, scratch, descriptors)
        return await _run_conversation(
            process, msgspec.json.encode(header), limits, source, ours, messages, report, serve
        )


@contextmanager
def leased_confinement(
    limits: ChildLimits, *, writes: Sequence[Path], reads: Sequence[Path] = (), executes: str = ""
) -> Iterator[Confinement]:
    """The confinement of one child, with a user that no other child has meanwhile.

    Its files are that user's from here on. Raises Unavailable where `strict` misses a wall of this process.
    """
    with lease_user() as leased:
        uid = leased
        if uid is not None:
            try:
                hand_over([*writes, *reads], uid)
            except PermissionError:  # root without CAP_CHOWN
                uid = None
        yield Confinement(
            parent_pid=os.getpid(),
            limits=limits,
            writes=[str(path.absolute()) for path in writes],
            reads=[str(path.absolute()) for path in reads],
            executes=executes,
            uid=uid,
            started_by_root=os.geteuid() == 0,
        )


async def probe_walls(scratch: Path) -> None:
    """Start a child that does nothing, so that `SANDBOX` knows the walls before the first file comes.

    Raises Unavailable where `strict` misses one.
    """
    await run_child("core.media.sandbox.selfcheck:do_nothing", {}, scratch=scratch)


def note_walls(standing: Sequence[Wall]) -> None:
    """Keep which walls stand. Raises Unavailable where one is missing that must."""
    SANDBOX.standing = tuple(with_worker(standing))
    if SANDBOX.missing:
        raise Unavailable("sandbox", describe_missing(SANDBOX.missing))


def child_environment(scratch: Path) -> dict[str, str]:
    """`ENVIRONMENT`, with the child's own folder for temporary files."""
    return ENVIRONMENT | {"TMPDIR": str(scratch.absolute())}


def child_command(entry: str) -> list[str]:
    """The command of a child. -I: neither the scratch folder nor the environment may lend code."""
    return [sys.executable, "-I", "-m", "core.media.sandbox.child", entry]


async def _start_child(entry: str, scratch: Path, descriptors: list[int]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *child_command(entry),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=scratch,
        env=child_environment(scratch),
        pass_fds=descriptors,
        start_new_session=True,  # its group can be killed whole
    )


async def _run_conversation(
    process: asyncio.subprocess.Process,
    header: bytes,
    limits: ChildLimits,
    source: SourceHandle | None,
    ours: socket.socket,
    messages: IO[bytes],
    report: Report | None,
    serve: Callable[[socket.socket], Coroutine[Any, Any, None]] | None,
) -> dict[str, Any]:
    outcome = _Outcome()
    tail = bytearray()
    source_wait = SourceWait()
    bringing = asyncio.create_task(_serve_source(source, ours, source_wait) if serve is None else serve(ours))
    reading_stderr = asyncio.create_task(read_tail(process, tail, STDERR_TAIL_BYTES))
    try:
        async with asyncio.timeout(limits.wall_s):
            await send_order(process, header)
            await _read_messages(messages, outcome, report)
            code = await process.wait()
        await reading_stderr
    except TimeoutError:
        raise judge_timeout(process.pid, limits.wall_s, source_wait.seconds) from None
    finally:
        await _end_child(process, bringing, reading_stderr)
    return _conclude_outcome(outcome, code, bytes(tail), bringing)


async def _read_messages(messages: IO[bytes], outcome: _Outcome, report: Report | None) -> None:
    reader = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), messages
    )
    try:
        while line := await reader.readline():
            _handle_message(msgspec.json.decode(line, type=dict[str, Any]), outcome, report)
    except ValueError as error:
        outcome.error = ChildFailed(f"the child's message is not usable: {error}")
    finally:
        transport.close()


def _handle_message(message: dict[str, Any], outcome: _Outcome, report: Report | None) -> None:
    if "progress" in message:
        if report is not None:
            report(message["progress"])
    elif "walls" in message:
        try:
            note_walls(message["walls"])
        except Unavailable as error:
            outcome.error = error
    elif "result" in message:
        outcome.result = message["result"]
    elif "rejected" in message:
        outcome.error = InputRejected(*message["rejected"])
    elif "unavailable" in message:
        outcome.error = Unavailable(*message["unavailable"])
    elif "lost" in message:
        outcome.lost = True
    elif "bug" in message:
        outcome.error = ChildFailed(message["bug"])


async def _serve_source(source: SourceHandle | None, ours: socket.socket, source_wait: SourceWait) -> None:
    """Answer the child's requests for bytes until it closes the channel.

    Ends with the error that prevented an answer.
    """
    if source is None or source.complete:
        return
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    request = bytearray()
    while part := await loop.sock_recv(ours, REQUEST.size - len(request)):
        request += part
        if len(request) < REQUEST.size:
            continue
        offset, length = REQUEST.unpack(bytes(request))
        request.clear()
        try:
            with source_wait.measure():
                available = await source.ensure(offset, min(length, source.size))
        except Exception:
            await loop.sock_sendall(ours, EMPTY_ANSWER)
            ours.shutdown(socket.SHUT_RDWR)
            raise
        await loop.sock_sendall(ours, ANSWER.pack(available.start, available.stop))


async def _end_child(process: asyncio.subprocess.Process, *tasks: asyncio.Task[None]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _conclude_outcome(outcome: _Outcome, code: int, tail: bytes, bringing: asyncio.Task[None]) -> dict[str, Any]:
    broken = None if bringing.cancelled() else bringing.exception()
    if broken is not None:
        raise broken
    if outcome.error is not None:
        raise outcome.error
    if outcome.result is not None:
        return outcome.result
    stderr = tail.decode(errors="replace")
    if -code in (signal.SIGXCPU,):
        raise InputRejected("media.timeout", TIMEOUT_DETAIL)
    if -code in CRASHES:
        name = signal.Signals(-code).name
        raise InputRejected("media.corrupt", f"The file breaks the decoder ({name}).") from ChildFailed(stderr)
    raise ChildFailed(f"the child ended with {code} and no outcome; its stderr ends: {stderr}")
