"""Namespaces of a child: its own processes, network and IPC, and the granted files alone.

Source: namespaces(7), pivot_root(2), open_tree(2), move_mount(2), mount_setattr(2).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from core.media.sandbox.landlock import DEVICE, EXECUTE, WRITE_FILE, FileGrant
from core.media.sandbox.walls import Wall
from core.process_control import end_with_parent

NEW_MOUNTS, NEW_CGROUP, NEW_NAMES, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
MOVE_MOUNT_NUMBER, OPEN_TREE_NUMBER, MOUNT_SETATTR_NUMBER = 429, 428, 442
"""Numbers of the system calls, the same on every machine."""
PIVOT_ROOT_NUMBERS = {"x86_64": 155, "aarch64": 41}
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000
OPEN_TREE_CLONE_CODE = 1
MOVE_FROM_EMPTY_PATH_CODE = 4
READ_ONLY, NO_SETUID, NO_DEVICE, NO_EXECUTE = 1, 2, 4, 8
MS_RECURSIVE, MS_PRIVATE = 1 << 14, 1 << 18
DETACH_CODE = 2
ROOT_BYTES = 4 * 2**20
"""Room of the folder that holds the mount points: nothing is written there."""


class NotSupportedError(OSError):
    """The kernel refused a step; the wall does not stand."""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    done = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if done < 0:
        raise NotSupportedError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


class Entered(msgspec.Struct, frozen=True):
    """The namespaces of a process, and the pipe that ends with the process outside of them."""

    names: list[Wall]
    outer: int

    def end_with_outer(self) -> None:
        """End when the process outside does; to be called again after a change of user, which takes it back.

        That process has no number as seen from inside, so that its death before this call shows in the pipe only.
        """
        end_with_parent(os.getppid())
        if select.select([self.outer], [], [], 0)[0]:
            os._exit(os.EX_OSERR)


def enter_namespaces(parent_pid: int) -> Entered | None:
    """Continue in a process with namespaces of its own; None where the kernel refuses them.

    The calling process stays outside, waits for the new one, and ends as that ends. Other users than root get a user
    namespace as well, and with it rights over the others that `close_walls` drops.
    """
    uid, gid, root = os.geteuid(), os.getegid(), os.geteuid() == 0
    flags = NEW_MOUNTS | NEW_CGROUP | NEW_NAMES | NEW_IPC | NEW_PROCESSES | NEW_NETWORK
    if _libc().unshare(flags if root else flags | NEW_USER) != 0:
        return None
    if not root:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        end_with_parent(parent_pid)  # again: new rights take it back
    read_end, write_end = os.pipe()
    child = os.fork()
    if child:
        os.close(read_end)
        _await_end(child, write_end)
    os.close(write_end)
    user: list[Wall] = [] if root else ["user_namespace"]
    entered = Entered(names=["mounts", "processes", "network", "ipc", *user], outer=read_end)
    entered.end_with_outer()
    return entered


def _await_end(child: int, write_end: int) -> NoReturn:
    """End as ``child`` ends.

    SIGXCPU is ignored by the first process of a namespace, so one killed at its limit counts as ended by it.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.closerange(3, write_end)
    os.closerange(write_end + 1, os.sysconf("SC_OPEN_MAX"))
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    import resource  # noqa: PLC0415 - needed here only, and this process should stay small

    limit_s = resource.getrlimit(resource.RLIMIT_CPU)[0]
    used_up = limit_s != resource.RLIM_INFINITY and usage.ru_utime + usage.ru_stime >= limit_s
    ended_by = signal.SIGXCPU if used_up and -code == signal.SIGKILL else signal.Signals(-code)
    if ended_by not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(ended_by, signal.SIG_DFL)
    os.kill(os.getpid(), ended_by)
    os._exit(os.EX_OSERR)


def change_root(grants: Sequence[FileGrant], scratch: str, machine: str) -> None:
    """Make a new root folder of the granted files, read-only but where a grant says otherwise.

    Raises NotSupportedError; the old root then stays.
    """
    existing = _without_nested([grant for grant in grants if os.path.exists(grant.path)])
    links: dict[str, str] = {}
    targets = [_resolve(grant.path, links) for grant in existing]
    folders = [os.path.isdir(target) for target in targets]
    _check(_libc().mount(None, b"/", None, MS_RECURSIVE | MS_PRIVATE, None))
    trees = [_clone(grant) for grant in existing]
    _check(_libc().mount(b"tmpfs", scratch.encode(), b"tmpfs", NO_SETUID | NO_DEVICE, f"size={ROOT_BYTES}".encode()))
    mask = os.umask(0o022)  # the folders on the way are for the child's own user too, whatever the worker's mask
    try:
        os.chdir(scratch)
        for path, target in links.items():
            os.makedirs("." + os.path.dirname(path), exist_ok=True)
            os.symlink(target, "." + path)
        for tree, target, is_folder in zip(trees, targets, folders, strict=True):
            _place(tree, "." + target, is_folder=is_folder)
        _call(PIVOT_ROOT_NUMBERS[machine], b".", b".")
    except OSError:
        _libc().umount2(scratch.encode(), DETACH_CODE)
        os.chdir(scratch)
        raise
    finally:
        os.umask(mask)
    _check(_libc().umount2(b".", DETACH_CODE))
    os.chdir(scratch)


def _check(done: int) -> None:
    if done != 0:
        raise NotSupportedError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _without_nested(grants: Sequence[FileGrant]) -> list[FileGrant]:
    """Shorter paths first; without those that another one shows already with the same rights."""
    retained: list[FileGrant] = []
    for grant in sorted(grants, key=lambda grant: len(grant.path)):
        is_covered = any(
            f"{grant.path}/".startswith(f"{outer.path.rstrip('/')}/")
            for outer in retained
            if outer.rights == grant.rights
        )
        if not is_covered:
            retained.append(grant)
    return retained


def _resolve(path: str, links: dict[str, str]) -> str:
    """The real path; symbolic links on the way are noted in ``links``, to be made again."""
    parts = [part for part in path.split("/") if part]
    at = ""
    for place, part in enumerate(parts):
        current = f"{at}/{part}"
        if os.path.islink(current):
            links[current] = target = os.readlink(current)
            return _resolve(os.path.normpath(os.path.join(at or "/", target, *parts[place + 1 :])), links)
        at = current
    return at


def _clone(grant: FileGrant) -> int:
    """A detached copy of the mount at a path, with what the grant does not allow switched off."""
    flags = ctypes.c_uint(OPEN_TREE_CLONE_CODE | AT_RECURSIVE | os.O_CLOEXEC)
    tree = _call(OPEN_TREE_NUMBER, ctypes.c_int(AT_FDCWD), os.fsencode(grant.path), flags)
    off = NO_SETUID
    off |= 0 if grant.rights & WRITE_FILE else READ_ONLY
    off |= 0 if grant.rights & DEVICE == DEVICE or grant.path.startswith("/dev/") else NO_DEVICE
    off |= 0 if grant.rights & EXECUTE or not grant.rights & WRITE_FILE else NO_EXECUTE
    attributes = struct.pack("=QQQQ", off, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    _call(MOUNT_SETATTR_NUMBER, ctypes.c_int(tree), b"", ctypes.c_uint(AT_EMPTY_PATH | AT_RECURSIVE), attributes, size)
    return tree


def _place(tree: int, target: str, *, is_folder: bool) -> None:
    if is_folder:
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    flags = ctypes.c_uint(MOVE_FROM_EMPTY_PATH_CODE)
    _call(MOVE_MOUNT_NUMBER, ctypes.c_int(tree), b"", ctypes.c_int(AT_FDCWD), os.fsencode(target), flags)
    os.close(tree)
