"""Unfinished downloads, kept on disk for the next attempt, bounded in size and age.

Each has a folder of its own, named after its project, and is locked while a process writes; kill -9 releases the lock
and keeps the bytes. Whether they are still the server's is decided by `core.infra.http.file_download`.
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

DOWNLOAD_FILE = "source.bin"
"""Name of the file in a download's folder."""
MAX_PARTIAL_AGE_S = 6 * 60 * 60.0
"""Oldest download kept: after a longer outage of a server of ours the source is fetched from its beginning."""


def download_name(org_id: UUID, project_id: UUID, source: str) -> str:
    """Name the folder of one project's download. A hash, for a URL may hold a password."""
    return hashlib.sha256(f"{org_id}\n{project_id}\n{source}".encode()).hexdigest()


class PartialDownloads:
    """Downloads under ``directory``, none older than six hours.

    Those without a writer have at most ``max_bytes`` in all.
    """

    def __init__(self, directory: Path, *, max_bytes: int, now_s: Callable[[], float]) -> None:
        """Create nothing yet. ``now_s`` is the wall clock: file times are compared with it."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._now_s = now_s

    @contextmanager
    def open_download(self, name: str, fallback: Path) -> Iterator[Path]:
        """Yield the file of one download, with what an earlier attempt left in it.

        It stays for the next attempt when this one is killed, cancelled or ends in Unavailable, and is
        removed otherwise. ``fallback`` is yielded while another process writes to it.
        """
        self.sweep()
        folder = self._directory / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock_directory(folder)
        if lock is None:
            yield fallback
            return
        keep = False
        try:
            yield folder / DOWNLOAD_FILE
        except (Unavailable, asyncio.CancelledError):
            keep = True
            raise
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)

    def sweep(self) -> None:
        """Remove downloads that are too old, and the oldest of the rest beyond ``max_bytes``."""
        bytes_left = self._max_bytes
        # Newest first, so that the oldest lose their place.
        for changed_s, size, folder in sorted(self._list_downloads(), reverse=True):
            bytes_left -= size
            if bytes_left < 0 or self._now_s() - changed_s > MAX_PARTIAL_AGE_S:
                self._remove_unlocked(folder)

    def make_room(self) -> None:
        """Remove every download without a writer: the disk is full."""
        for _, _, folder in self._list_downloads():
            self._remove_unlocked(folder)

    def _list_downloads(self) -> list[tuple[float, int, Path]]:
        """List each download's time of the last write, its bytes and its folder."""
        downloads = []
        for folder in self._directory.glob("*/"):
            with suppress(FileNotFoundError):
                files = [file.stat() for file in (folder, *folder.iterdir())]
                downloads.append(
                    (
                        max(file_stat.st_mtime for file_stat in files),
                        sum(file_stat.st_size for file_stat in files[1:]),
                        folder,
                    )
                )
        return downloads

    def _remove_unlocked(self, folder: Path) -> None:
        """Remove a download, unless a process writes to it."""
        lock = _lock_directory(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock_directory(folder: Path) -> int | None:
    """Lock a folder and return the descriptor; None while another process holds it."""
    descriptor = -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have removed the folder between open and lock: the lock would hold nothing.
        if folder.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    if descriptor >= 0:
        os.close(descriptor)
    return None
