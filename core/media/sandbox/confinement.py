"""Confines a child before it reads hostile bytes: limits, no new privileges, no network."""

from __future__ import annotations

import ctypes
import os
import resource

import msgspec

from core.media.sandbox import seccomp
from core.process_control import end_with_parent, lower_priority

PR_SET_NO_NEW_PRIVS_CODE = 38
CLONE_NEWUSER_CODE = 0x10000000
CLONE_NEWNET_CODE = 0x40000000


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


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def set_limits(limits: ChildLimits) -> None:
    """Set rlimits and niceness.

    NPROC stays: threads count as processes, over all processes of the user.
    """
    wanted = {
        resource.RLIMIT_AS: (limits.memory_bytes, limits.memory_bytes),
        resource.RLIMIT_CPU: (limits.cpu_s, limits.cpu_s + 2),
        resource.RLIMIT_FSIZE: (limits.file_bytes, limits.file_bytes),
        resource.RLIMIT_NOFILE: (limits.open_files, limits.open_files),
        resource.RLIMIT_CORE: (0, 0),
    }
    for name, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(name)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901 - an operator's own limit is lower
        resource.setrlimit(name, (soft, hard))
    lower_priority(limits.nice)


def cut_network() -> bool:
    """Move into an empty network namespace where the kernel allows it; returns whether it did.

    Root keeps its user namespace: without its rights over files it could not read code that another user owns.
    """
    flags = CLONE_NEWNET_CODE if os.geteuid() == 0 else CLONE_NEWNET_CODE | CLONE_NEWUSER_CODE
    return bool(_libc().unshare(flags) == 0)


def apply_confinement(limits: ChildLimits, parent_pid: int, *, may_execute: bool = False) -> dict[str, bool]:
    """Apply all limits and the system call filter; returns which optional ones hold.

    ``may_execute`` is for a process that then becomes another program: its confinement stays, but it could become a
    third.
    """
    end_with_parent(parent_pid)
    set_limits(limits)
    network_cut = cut_network()
    if _libc().prctl(PR_SET_NO_NEW_PRIVS_CODE, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_NO_NEW_PRIVS")
    return {"network_namespace": network_cut, "system_calls": seccomp.install_filter(may_execute=may_execute)}
