"""Calls of a process on itself between fork and work: end with its parent, give way to others."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_PDEATHSIG_CODE = 1
"""Option of prctl(2): a signal at the parent's death."""
PR_GET_DUMPABLE_CODE, PR_SET_DUMPABLE_CODE = 3, 4
"""Options of prctl(2): whether others of the same user may look into a process."""
AUTOGROUP = Path("/proc/self/autogroup")
MAX_SESSION_NICE = 5
"""Niceness of a session at most: a third of another session's weight gives way at once; more would starve it."""
AUTOGROUP_TRIES = 4
AUTOGROUP_WAIT_S = 0.1
"""Time between tries: the kernel takes ten changes a second from users other than root."""
_LIBC = ctypes.CDLL(None, use_errno=True)


def end_with_parent(parent_pid: int, death_signal: int = signal.SIGKILL) -> None:
    """Get a signal when the parent ends; at once if it has ended already."""
    _LIBC.prctl(PR_SET_PDEATHSIG_CODE, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), death_signal)


def lower_priority(by: int) -> None:
    """Make this process and its session nicer.

    Linux may share the processor between sessions first (autogroup, sched(7)): in a session of its own, a nice process
    would then weigh as much as any other.
    """
    niceness = min(os.nice(by), MAX_SESSION_NICE)
    for _ in range(AUTOGROUP_TRIES if niceness > 0 else 0):
        try:
            AUTOGROUP.write_text(str(niceness))
        except BlockingIOError:
            time.sleep(AUTOGROUP_WAIT_S)
        except OSError:  # this kernel has no autogroups
            return
        else:
            return


def hide_memory() -> None:
    """Close this process's memory, environment and descriptors to other processes of its user.

    Forks inherit it. Root with CAP_SYS_PTRACE still reads them. Its files in /proc are root's from now on.
    """
    _LIBC.prctl(PR_SET_DUMPABLE_CODE, 0, 0, 0, 0)


def is_memory_hidden() -> bool:
    """Whether `hide_memory` holds for this process."""
    return bool(_LIBC.prctl(PR_GET_DUMPABLE_CODE, 0, 0, 0, 0) == 0)
