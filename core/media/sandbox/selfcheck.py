"""Child entry that attempts what no child may do, and reports which limits hold."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from typing import Any, BinaryIO


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, OverflowError):
        return True
    return False


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _write_beyond(directory: str) -> None:
    path = os.path.join(directory, "large")  # noqa: PTH118 - nothing else of pathlib is needed here
    with open(path, "wb") as file:  # noqa: PTH123
        file.truncate(2**50)


def _bind_raw() -> None:
    if ctypes.CDLL(None).socket(socket.AF_INET, socket.SOCK_RAW, 255) < 0:
        raise PermissionError


def _new_memory_is_empty() -> bool:
    """Whether new memory holds zeros, also where it was used and freed before."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    empty = []
    for size in (2_000, 20_000, 1_000_000):
        for _ in range(4):
            block = libc.malloc(ctypes.c_size_t(size))
            empty.append(not any(ctypes.string_at(block, size)))
            ctypes.memset(block, 0xAA, size)
            libc.free(block)
    return all(empty)


def do_nothing(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Return nothing: the walls were reported before."""
    del args, source, report
    return {}


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Return ``{wall: whether it holds}`` and what else children rely on.

    ``threads``: whether they work; ``read``: bytes that the source gave; ``empty``: whether new memory holds zeros.
    ``args["scratch"]`` is written to; ``report`` counts the checks.
    """
    attempts: dict[str, Callable[[], object]] = {
        "no_network": lambda: socket.socket(socket.AF_INET),
        "no_raw_socket": _bind_raw,
        "no_new_process": _fork,
        "no_new_program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must fail
        "memory_bounded": lambda: bytearray(64 * 2**30),
        "files_bounded": lambda: [os.dup(2) for _ in range(4096)],
        "writes_bounded": lambda: _write_beyond(args["scratch"]),
    }
    walls = {}
    for count, (name, attempt) in enumerate(attempts.items()):
        walls[name] = _is_refused(attempt)
        report(count + 1)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    read = 0
    while source is not None and (part := source.read(2**20)):
        read += len(part)
    return {
        "walls": walls,
        "threads": not thread.is_alive(),
        "read": read,
        "environment": sorted(os.environ),
        "empty": _new_memory_is_empty(),
    }
