"""Downloads that were begun: kept on this machine's disk for the next attempt, bounded. Never trusts a byte itself.

Each lies in a directory of its own, named after whose it is, and is locked while somebody writes; a kill -9 lets go of
the lock and leaves the bytes. Whether they are still the server's is decided by `core.infra.http.file_download`.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from core.errors import Unavailable

FILE_NAME = "source.bin"
MAX_AGE_S = 6 * 60 * 60.0
"""As long as an event is tried again while a server of ours is away (`Settings.outage_s`)."""


def name_of(org_id: UUID, project_id: UUID, source: str) -> str:
    """The directory of one project's download. A hash: a URL may hold a password, and must not lie on the disk."""
    return hashlib.sha256(f"{org_id}\n{project_id}\n{source}".encode()).hexdigest()


class Partials:
    """Downloads under ``directory``: at most ``max_bytes`` in all that nobody writes to, none older than six hours."""

    def __init__(self, directory: Path, *, max_bytes: int, now_s: Callable[[], float]) -> None:
        """Makes nothing yet. ``now_s`` is the wall clock: file times are compared with it."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._now_s = now_s

    @contextmanager
    def hold(self, name: str, otherwise: Path) -> Iterator[Path]:
        """The file of one download, with what an earlier attempt left in it.

        It stays for the next attempt when this one was killed, cancelled or ended in Unavailable, and is removed
        otherwise. ``otherwise`` is given while somebody else writes to it.
        """
        self.sweep()
        place = self._directory / name
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock(place)
        if lock is None:
            yield otherwise
            return
        keep = False
        try:
            yield place / FILE_NAME
        except (Unavailable, asyncio.CancelledError):
            keep = True
            raise
        finally:
            if not keep:
                shutil.rmtree(place, ignore_errors=True)
            os.close(lock)

    def sweep(self) -> None:
        """Remove what is too old, and of the rest the oldest that are too much."""
        left = self._max_bytes
        for changed_s, size, place in sorted(self._found(), reverse=True):
            left -= size
            if left < 0 or self._now_s() - changed_s > MAX_AGE_S:
                self._remove(place)

    def make_room(self) -> None:
        """Remove every download nobody writes to: the disk is full."""
        for _, _, place in self._found():
            self._remove(place)

    def _found(self) -> list[tuple[float, int, Path]]:
        """When each was last written to, its bytes, its directory."""
        found = []
        for place in self._directory.glob("*/"):
            with suppress(FileNotFoundError):
                files = [file.stat() for file in (place, *place.iterdir())]
                found.append((max(one.st_mtime for one in files), sum(one.st_size for one in files[1:]), place))
        return found

    def _remove(self, place: Path) -> None:
        lock = _lock(place)
        if lock is not None:
            shutil.rmtree(place, ignore_errors=True)
            os.close(lock)


def _lock(place: Path) -> int | None:
    """A descriptor that holds the directory's lock, None while another does."""
    descriptor = -1
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if place.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    if descriptor >= 0:
        os.close(descriptor)
    return None
