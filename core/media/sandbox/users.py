"""A user of its own for each child of a root worker, and rights that a child does not keep."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FIRST_UID, UID_COUNT = 60_800, 256
"""Users of children: in the range that neither Debian nor systemd gives to anything (60706 to 61183)."""
LOCK_FOLDER = "clipstream-sandbox"
PR_SET_KEEPCAPS_CODE = 8
CAPABILITY_VERSION_CODE = 0x20080522
READ_ANY_CAPABILITY_CODE = 2
"""CAP_DAC_READ_SEARCH."""


@contextmanager
def lease_user() -> Iterator[int | None]:
    """A user that no other child has while the block lasts; None for other processes than root.

    None also where all are taken. The lease is a lock on a file, so it ends with the process that holds it.
    """
    lock = _lock_free_user() if os.geteuid() == 0 else None
    if lock is None:
        yield None
        return
    uid, descriptor = lock
    try:
        yield uid
    finally:
        os.close(descriptor)


def _lock_free_user() -> tuple[int, int] | None:
    folder = _lock_folder()
    if folder is None:
        return None
    for uid in range(FIRST_UID, FIRST_UID + UID_COUNT):
        descriptor = os.open(folder / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            return uid, descriptor
    return None


def _lock_folder() -> Path | None:
    """Make the folder of the locks, which root alone may enter; None where there is no place for it."""
    for place in ("/run", tempfile.gettempdir()):
        folder = Path(place) / LOCK_FOLDER
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.stat(follow_symlinks=False)
            if status.st_uid == 0 and status.st_mode & 0o077 == 0:
                return folder
    return None


def hand_over(paths: Iterable[Path], uid: int) -> None:
    """Give files and folders, with everything below them, to user ``uid``; links are not followed.

    An earlier child may have made what is below, so no path is walked twice.
    """
    for path in paths:
        os.chown(path, uid, uid, follow_symlinks=False)
        if path.is_symlink() or not path.is_dir():
            continue
        for _, folders, files, descriptor in os.fwalk(path, follow_symlinks=False):
            for name in (*folders, *files):
                os.chown(name, uid, uid, dir_fd=descriptor, follow_symlinks=False)


def become_user(uid: int, *, reads_any: bool) -> None:
    """Become ``uid`` without other groups, and without capabilities.

    ``reads_any`` keeps CAP_DAC_READ_SEARCH: where the code lies in a folder of root's, and Landlock alone says what is
    read.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if reads_any:
        libc.prctl(PR_SET_KEEPCAPS_CODE, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    drop_capabilities(reads_any=reads_any)


def drop_capabilities(*, reads_any: bool = False) -> None:
    """Give up all capabilities, or all but reading. Raises OSError."""
    retained = 1 << READ_ANY_CAPABILITY_CODE if reads_any else 0
    header = struct.pack("=Ii", CAPABILITY_VERSION_CODE, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, struct.pack("=IIIIII", retained, retained, 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused to drop capabilities")
