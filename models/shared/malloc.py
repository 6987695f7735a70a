"""Memory that a model gives back stays with its process. Changes glibc's allocator alone; frees and takes nothing.

A network takes and frees blocks of megabytes for every batch. glibc hands such blocks back to the system at once and
asks for them anew: each time every page of 4 KiB faults once more, a third of the processor time of a Whisper on one
thread.
"""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX, ARENA_MAX = -1, -2, -4, -8
"""Parameters of mallopt(3)."""
MIB = 2**20
NEVER = 2**31 - 1


def keep() -> bool:
    """One heap for all threads that grows 64 MiB at a time and never shrinks; False where the C library is not
    glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((ARENA_MAX, 1), (MMAP_MAX, 0), (TRIM_THRESHOLD, NEVER), (TOP_PAD, 64 * MIB))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)
