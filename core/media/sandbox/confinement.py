"""What a child does to itself before it meets a hostile byte: limits, no new rights, no network. Never undone."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from pathlib import Path

import msgspec

from core.media.sandbox import seccomp

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
AUTOGROUP = Path("/proc/self/autogroup")
SESSION_NICE_MOST = 5
"""A third of another session's weight: enough to give way at once; more gains little, and starves beside other work."""


class ChildLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one child may use. ``memory_bytes`` is address space; ``file_bytes`` the largest file it may write."""

    memory_bytes: int = 1_500_000_000
    cpu_s: int = 900
    wall_s: float = 900.0
    file_bytes: int = 8 * 2**30
    open_files: int = 64
    nice: int = 10
    """A worker takes its next event at once, and the API answers, while children have every core."""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent_pid: int) -> None:
    """SIGKILL for this process when its parent ends; at once when it has ended already."""
    _libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def set_limits(limits: ChildLimits) -> None:
    """Rlimits and niceness. Threads count as processes, and a user's are counted together: NPROC is not touched."""
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
    be_nice(limits.nice)


def be_nice(by: int) -> None:
    """Lower our priority, and make our session as nice as we are: where the kernel shares the processor between
    sessions first (autogroup, sched(7)), a child in a session of its own would else weigh as much as the API.
    """
    niceness = min(os.nice(by), SESSION_NICE_MOST)
    for _ in range(4 if niceness > 0 else 0):
        try:
            AUTOGROUP.write_text(str(niceness))
        except BlockingIOError:  # the kernel takes ten a second from those who are not root
            time.sleep(0.1)
        except OSError:  # no such kernel
            return
        else:
            return


def cut_network() -> bool:
    """Move into an empty network namespace where the kernel lets us; says whether it did.

    Root keeps its user namespace: losing its rights over files would hide code that another user owns.
    """
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    return bool(_libc().unshare(flags) == 0)


def confine(limits: ChildLimits, parent_pid: int, *, may_execute: bool = False) -> dict[str, bool]:
    """All of the above plus the system call filter; says which optional walls stand.

    ``may_execute`` is for a process that then becomes another program: its walls stay, but it could become a third.
    """
    die_with_parent(parent_pid)
    set_limits(limits)
    network_cut = cut_network()
    if _libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_NO_NEW_PRIVS")
    return {"network_namespace": network_cut, "system_calls": seccomp.install(may_execute=may_execute)}
