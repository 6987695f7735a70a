"""The log files of a stack: capped, read from their end, followed. Never holds one open for a part."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

CAP_BYTES = 8 * 2**20
"""A log that grew beyond is copied to ``<name>.log.1`` and emptied: at most two of these a part."""
_TAIL_BYTES = 64 * 2**10
_POLL_S = 0.3


def rotate(path: Path, cap_bytes: int = CAP_BYTES) -> bool:
    """Copy and empty a log that is too long. Its writer appends (O_APPEND), so it goes on at the new end."""
    try:
        if path.stat().st_size <= cap_bytes:
            return False
        with path.open("rb") as log, path.with_suffix(".log.1").open("wb") as copy:
            log.seek(-cap_bytes, 2)
            copy.write(log.read())
        with path.open("r+b") as log:
            log.truncate(0)
    except FileNotFoundError:
        return False
    return True


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log; none where there is no log yet."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(0, size - max(_TAIL_BYTES, 400 * lines)))
        return log.read().decode(errors="replace").splitlines()[-lines:]
    return []


def last_line(path: Path) -> str:
    """A part's last message for a person: its last line that is not empty, shortened."""
    lines = [line.strip() for line in tail(path, 20) if line.strip()]
    return lines[-1][:200] if lines else "its log is empty"


def follow(paths: Sequence[Path], going_on: Callable[[], bool]) -> Iterator[tuple[Path, str]]:
    """New lines of several logs as they come, while ``going_on()``."""
    offsets = {path: path.stat().st_size if path.exists() else 0 for path in paths}
    rest = dict.fromkeys(paths, b"")
    while going_on():
        for path in paths:
            for line in _new_lines(path, offsets, rest):
                yield path, line
        time.sleep(_POLL_S)


def _new_lines(path: Path, offsets: dict[Path, int], rest: dict[Path, bytes]) -> list[str]:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as log:
        if log.seek(0, 2) < offsets[path]:
            offsets[path] = 0  # it was rotated
        log.seek(offsets[path])
        body = rest[path] + log.read()
        offsets[path] = log.tell()
        *complete, rest[path] = body.split(b"\n")
        return [line.decode(errors="replace") for line in complete]
    return []
