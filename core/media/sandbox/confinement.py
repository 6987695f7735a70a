"""Puts up the walls around a child before it reads hostile bytes."""

from __future__ import annotations

import ctypes
import errno
import importlib.util
import os
import platform
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.media.sandbox import landlock, seccomp, users
from core.media.sandbox.landlock import FileGrant
from core.media.sandbox.namespaces import Entered, NotSupportedError, change_root, enter_namespaces
from core.media.sandbox.walls import Wall
from core.process_control import end_with_parent, lower_priority

PR_SET_NO_NEW_PRIVS_CODE = 38
MIN_THREADS = 256
"""Threads that a child may have at least: encoders start several a core."""
PACKAGES = ("core", "schemas", "streams")
"""Packages of ours that an entry may load from."""
READABLE = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime",
    "/usr/share/zoneinfo", "/sys/devices/system/cpu", "/dev/urandom",
)  # fmt: skip
"""What C libraries read, by traces."""
WRITABLE_DEVICE = "/dev/null"
DEVICE_GLOBS = ("/dev/nvidia*", "/dev/dri")
DEVICE_READABLE = (
    "/proc/driver", "/proc/devices", "/proc/modules", "/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/sys",
    "/usr/share", "/etc/nvidia",
)  # fmt: skip
"""What the driver of a GPU reads besides: of itself, of the modules, of the cards."""
LOADER_GLOBS = ("/lib64/ld-linux*.so*", "/lib/ld-linux*.so*", "/lib/ld-musl*.so*")


class ChildLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one child.

    ``memory_bytes`` is address space, ``file_bytes`` the largest file it may write.
    """

    memory_bytes: int = 1_500_000_000
    cpu_s: int = 900
    wall_s: float = 900.0
    file_bytes: int = 8 * 2**30
    open_files: int = 64
    nice: int = 10
    """Keeps workers and the API responsive while children use every core."""
    uses_device: bool = False
    """Whether it encodes on a GPU: its driver needs device files, and more calls."""


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """The parent's decisions about one child."""

    parent_pid: int
    limits: ChildLimits
    writes: list[str]
    """Folders that it may write; the first one is its working folder."""
    reads: list[str] = []
    """Further files that it may read."""
    executes: str = ""
    """The one program that it may become."""
    uid: int | None = None
    """User that it becomes; None to stay."""
    started_by_root: bool = False


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def set_limits(limits: ChildLimits) -> None:
    """Set rlimits and niceness; `limit_threads` comes later, when the user is the child's own."""
    limit_by_resource = {
        resource.RLIMIT_AS: (limits.memory_bytes, limits.memory_bytes),
        resource.RLIMIT_CPU: (limits.cpu_s, limits.cpu_s + 2),
        resource.RLIMIT_FSIZE: (limits.file_bytes, limits.file_bytes),
        resource.RLIMIT_NOFILE: (limits.open_files, limits.open_files),
        resource.RLIMIT_CORE: (0, 0),
    }
    for name, (soft, hard) in limit_by_resource.items():
        ceiling = resource.getrlimit(name)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901 - an operator's own limit is lower
        resource.setrlimit(name, (soft, hard))
    lower_priority(limits.nice)


def limit_threads() -> None:
    """Bound the threads of this process.

    The limit counts all threads of the user. Where that is not the child's own, the count of the others is not known:
    it lies below the first power of two at which one more process can start.
    """
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = 2**22 if hard == resource.RLIM_INFINITY else hard
    limit = min(MIN_THREADS, most)
    while limit < most:
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
        try:
            child = os.fork()
        except BlockingIOError:
            limit *= 2
            continue
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        break
    limit = min(2 * limit + MIN_THREADS, most)
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))


def list_grants(order: Confinement) -> list[FileGrant]:
    """Files and folders that the child may open, with its rights over each."""
    paths = [*READABLE, sys.prefix, *_standard_library(), *order.reads]
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        paths += (spec.submodule_search_locations or []) if spec else []
    grants = [FileGrant(path=path, rights=landlock.READ) for path in paths]
    grants.append(FileGrant(path=WRITABLE_DEVICE, rights=landlock.READ_FILE | landlock.WRITE_FILE))
    if order.executes:
        programs = [order.executes, *_match(LOADER_GLOBS)]
        grants += [FileGrant(path=program, rights=landlock.READ | landlock.EXECUTE) for program in programs]
    if order.limits.uses_device:
        grants += [FileGrant(path=path, rights=landlock.READ) for path in DEVICE_READABLE]
        grants += [FileGrant(path=path, rights=landlock.READ_DIR | landlock.DEVICE) for path in _match(DEVICE_GLOBS)]
    return grants + [FileGrant(path=path, rights=landlock.WRITE) for path in order.writes]


def _match(patterns: Sequence[str]) -> list[str]:
    """Existing paths; the patterns begin with a slash."""
    return [str(path) for pattern in patterns for path in Path("/").glob(pattern[1:])]


def _standard_library() -> list[str]:
    """Python's own folders: its prefix, unless that is the system's."""
    prefix = sys.base_prefix
    return [] if prefix in ("/", "/usr", "/usr/local") else [prefix]


def enter_walls(order: Confinement) -> Entered | None:
    """Set the limits and enter namespaces, where the kernel gives them.

    What is loaded from here on lies in the process that stays.
    """
    end_with_parent(order.parent_pid)
    set_limits(order.limits)
    return enter_namespaces(order.parent_pid)


def close_walls(order: Confinement, entered: Entered | None) -> list[Wall]:
    """Put up the rest: root folder, user, threads, Landlock, system calls. Returns the walls that stand.

    Raises OSError where the kernel refuses what every kernel gives.
    """
    standing = list(entered.names) if entered else []
    grants = list_grants(order)
    if "mounts" in standing:
        try:
            change_root(grants, order.writes[0], platform.machine())
        except NotSupportedError:
            standing.remove("mounts")
    if order.uid is not None:
        users.become_user(order.uid, reads_any="mounts" not in standing and landlock.read_version() > 0)
        standing.append("own_user")
    else:
        users.drop_capabilities()
    if entered:
        entered.end_with_outer()  # again: another user takes it back
        os.close(entered.outer)
    else:
        end_with_parent(order.parent_pid)
    limit_threads()
    if _libc().prctl(PR_SET_NO_NEW_PRIVS_CODE, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno() or errno.EPERM, "the kernel refused PR_SET_NO_NEW_PRIVS")
    if landlock.restrict(grants):
        standing.append("landlock")
    if seccomp.install_filter(may_execute=bool(order.executes), uses_device=order.limits.uses_device):
        standing.append("system_calls")
    return standing
