"""Starts, serves and ends a child process, without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from core.errors import InputRejected, Starved, Unavailable
from core.media.sandbox.child import Header, SourceSpec
from core.media.sandbox.child_source import ANSWER, EMPTY_ANSWER, REQUEST
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.pipes import read_tail, send_order
from core.media.sandbox.source_handle import LocalSource, SourceHandle
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
) -> dict[str, Any]:
    """Run ``module:function`` in a confined process; returns its result, ``cpu_ms`` and ``peak_bytes``.

    Raises InputRejected (also ``media.bomb``, and ``media.timeout`` when its processor time is used up), Unavailable
    (source or disk; Starved when only the wall time is over), ChildFailed (a bug). Cancelling kills the child and
    waits for its end.
    """
    read_end, write_end = os.pipe()
    ours, theirs = socket.socketpair()
    with ours, os.fdopen(read_end, "rb", buffering=0) as messages:
        with theirs, os.fdopen(write_end, "wb", buffering=0):
            header = _encode_header(args, limits, source, write_end, theirs.fileno())
            process = await _start_child(entry, scratch, [write_end, *_inherited_descriptors(source, theirs.fileno())])
        return await _run_conversation(process, header, limits, source, ours, messages, report)


def _inherited_descriptors(source: SourceHandle | None, channel: int) -> list[int]:
    if source is None:
        return []
    return [source.descriptor] if source.complete else [source.descriptor, channel]


def _encode_header(
    args: Mapping[str, Any], limits: ChildLimits, source: SourceHandle | None, messages: int, channel: int
) -> bytes:
    spec = None
    if source is not None:
        spec = SourceSpec(descriptor=source.descriptor, size=source.size, channel=-1 if source.complete else channel)
    header = Header(parent_pid=os.getpid(), messages=messages, limits=limits, args=dict(args), source=spec)
    return msgspec.json.encode(header)


async def _start_child(entry: str, scratch: Path, descriptors: list[int]) -> asyncio.subprocess.Process:
    # -I: neither the scratch folder nor the environment may lend code. A new session: its group can be killed whole.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "core.media.sandbox.child",
        entry,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=scratch,
        env=ENVIRONMENT,
        pass_fds=descriptors,
        start_new_session=True,
    )


async def _run_conversation(
    process: asyncio.subprocess.Process,
    header: bytes,
    limits: ChildLimits,
    source: SourceHandle | None,
    ours: socket.socket,
    messages: IO[bytes],
    report: Report | None,
) -> dict[str, Any]:
    outcome = _Outcome()
    tail = bytearray()
    bringing = asyncio.create_task(_serve_source(source, ours))
    reading_stderr = asyncio.create_task(read_tail(process, tail, STDERR_TAIL_BYTES))
    try:
        async with asyncio.timeout(limits.wall_s):
            await send_order(process, header)
            await _read_messages(messages, outcome, report)
            code = await process.wait()
        await reading_stderr
    except TimeoutError:
        raise Starved(limits.wall_s) from None
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


async def _serve_source(source: SourceHandle | None, ours: socket.socket) -> None:
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
            there = await source.ensure(offset, min(length, source.size))
        except Exception:
            await loop.sock_sendall(ours, EMPTY_ANSWER)
            ours.shutdown(socket.SHUT_RDWR)
            raise
        await loop.sock_sendall(ours, ANSWER.pack(there.start, there.stop))


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
    said = tail.decode(errors="replace")
    if -code in (signal.SIGXCPU,):
        raise InputRejected("media.timeout", TIMEOUT_DETAIL)
    if -code in CRASHES:
        name = signal.Signals(-code).name
        raise InputRejected("media.corrupt", f"The file breaks the decoder ({name}).") from ChildFailed(said)
    raise ChildFailed(f"the child ended with {code} and no outcome; its stderr ends: {said}")
