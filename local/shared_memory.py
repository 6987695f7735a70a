"""Names and removes the shared memory of one stack's Triton. Never touches another's."""

from __future__ import annotations

import contextlib
from pathlib import Path

PLACE = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory is, on Linux


def shm_prefix(stack_id: str) -> str:
    """How the shared memory of this stack's Triton is named."""
    return f"clipstream_{stack_id}_"


def remove_shared_memory(stack_id: str) -> None:
    """Unlink what a killed Triton of this stack left behind."""
    for path in PLACE.glob(f"{shm_prefix(stack_id)}*"):
        with contextlib.suppress(OSError):
            path.unlink()
