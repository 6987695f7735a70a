"""The child process: confines itself, runs one entry on one source, and reports the outcome.

It reads one JSON header on stdin and writes JSON lines on the descriptor named there: ``{"progress": n}``, then one of
``{"result": {...}}``, ``{"rejected": [reason, detail]}``, ``{"unavailable": [part, detail]}``, ``{"lost": text}``,
``{"bug": traceback}``. Before it reads hostile bytes it says ``{"walls": [names]}``;
it ends where `strict` misses one.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from core.errors import InputRejected, Unavailable
from core.media.sandbox.child_source import SourceLost, open_source
from core.media.sandbox.confinement import Confinement, close_walls, enter_walls
from core.media.sandbox.walls import list_missing

REPORT_INTERVAL_S = 0.1
Entry = Callable[[dict[str, Any], BinaryIO | None, Callable[[int], None]], dict[str, Any]]


class SourceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Descriptors of a source as the child sees them; ``channel`` is -1 for complete sources."""

    descriptor: int
    size: int
    channel: int = -1


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The parent's first message."""

    messages: int
    confinement: Confinement
    strict: bool
    args: dict[str, Any]
    source: SourceSpec | None = None


class Messages:
    """Writes JSON lines to the parent."""

    def __init__(self, descriptor: int) -> None:
        """``descriptor`` is the write end of the parent's pipe."""
        self._descriptor = descriptor
        self._reported_at = -REPORT_INTERVAL_S

    def send(self, name: str, value: object) -> None:
        """Write a message; blocks while the pipe is full."""
        line = memoryview(msgspec.json.encode({name: value}) + b"\n")
        while line:
            line = line[os.write(self._descriptor, line) :]

    def progress(self, counter: int) -> None:
        """Report progress, at most ten times a second."""
        now = time.monotonic()
        if now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = now
            self.send("progress", counter)


def load_entry(name: str) -> Entry:
    """The function ``module:function``; only modules of ``core`` and ``streams`` are entries."""
    module, _, function = name.partition(":")
    if not module.startswith(("core.", "streams.")):
        raise ValueError(f"entry {name!r} is not in core or streams")
    entry: Entry = getattr(importlib.import_module(module), function)
    return entry


def _raised_in_av(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename.startswith("av/")


def outcome_message(error: BaseException) -> tuple[str, object]:
    """The message that an exception becomes.

    libav's errors, and whatever PyAV raises while it reads a file (text that is not UTF-8, streams without a
    codec), are the file's fault; the same exceptions from our own lines are bugs.
    """
    if isinstance(error, InputRejected):
        return "rejected", [error.reason, error.detail]
    if isinstance(error, Unavailable):
        return "unavailable", [error.part, error.detail]
    if isinstance(error, SourceLost):
        return "lost", str(error)
    if type(error).__name__ == "ExitError":
        return "rejected", ["media.timeout", "Reading the file took longer than it may."]
    if isinstance(error, MemoryError):
        return "rejected", ["media.bomb", "Opening the file takes more memory than it may."]
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EFBIG:
        return "rejected", ["media.bomb", "The file unpacks to more than it may."]
    if code in (errno.ENOSPC, errno.EDQUOT) and not _raised_in_av(error):
        return "unavailable", ["disk", f"no room for scratch files: {error}"]
    if isinstance(error, UnicodeDecodeError) or _is_libav(error) or _raised_in_av(error):
        return "rejected", _file_fault(error)
    return "bug", "".join(traceback.format_exception(error))[-8000:]


def _is_libav(error: BaseException) -> bool:
    return any(kind.__module__ == "av.error" for kind in type(error).__mro__)


def _file_fault(error: BaseException) -> list[str]:
    if type(error).__name__ in ("DecoderNotFoundError", "DemuxerNotFoundError"):
        return ["media.unsupported", "The file uses a format or codec that is not supported."]
    return ["media.corrupt", f"The file cannot be read: {type(error).__name__}: {str(error)[:300]}"]


def silence_libav() -> None:
    """Drop every log line of libav without the interpreter's lock.

    Any level but None sends each line through Python: a decoder thread that logs then waits for the lock which the
    thread that closes the decoder holds while it waits for the decoder thread. The child stood still for ever.
    """
    importlib.import_module("av.logging").set_level(None)


def _usage(status: int) -> dict[str, int]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_ms": int((usage.ru_utime + usage.ru_stime) * 1000), "peak_bytes": _peak_bytes(status)}


def _peak_bytes(status: int) -> int:
    """Peak resident memory of this program, from the open ``/proc/self/status``.

    ``ru_maxrss`` would count the parent's as well, from before the exec.
    """
    for line in os.pread(status, 8192, 0).splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(entry: Entry, header: Header, messages: Messages, status: int) -> None:
    """Run the entry and send its outcome; ``status`` is the open ``/proc/self/status``."""
    try:
        source = open_source(**msgspec.structs.asdict(header.source)) if header.source else None
        result = entry(header.args, source, messages.progress)
    except Exception as error:  # noqa: BLE001 - the last frame of the process: every exception becomes a message
        messages.send(*outcome_message(error))
    else:
        messages.send("result", result | _usage(status))


def confine_and_run(entry_name: str, header: Header, messages: Messages) -> None:
    """Load the entry, put up the walls, run it.

    Our own code is loaded outside of the walls, where Python may keep what it compiled; hostile bytes are read inside.
    """
    entered = enter_walls(header.confinement)
    try:
        status = os.open("/proc/self/status", os.O_RDONLY)
        entry = load_entry(entry_name)
        gc.freeze()  # what was loaded stays: no collection need look at it
        silence_libav()
        standing = close_walls(header.confinement, entered)
    except Exception as error:  # noqa: BLE001 - as in `run`
        messages.send(*outcome_message(error))
        return
    messages.send("walls", standing)
    if header.strict and list_missing([*standing, "worker_memory"], is_root=header.confinement.started_by_root):
        return
    run(entry, header, messages, status)


def main() -> None:
    """Entry point of ``python -m core.media.sandbox.child <module:function>``."""
    os.dup2(2, 1)
    header = msgspec.json.decode(sys.stdin.buffer.read(), type=Header)
    confine_and_run(sys.argv[1], header, Messages(header.messages))
    sys.stderr.flush()
    os._exit(0)  # destructors of a broken demuxer have nothing left to say


if __name__ == "__main__":
    main()
