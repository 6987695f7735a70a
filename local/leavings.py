"""Names and removes what a killed stack leaves outside its directory: shared memory, sockets. Never another stack's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from local.ports import GRPC_OFFSET, SIZE

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory is, on Linux
SOCKETS = Path("/tmp")  # noqa: S108 - where SeaweedFS puts its sockets, whatever TMPDIR says


def shm_prefix(stack_id: str) -> str:
    """How the shared memory of this stack's Triton is named."""
    return f"clipstream_{stack_id}_"


def leavings(stack_id: str, port_base: int) -> Iterator[Path]:
    """Every such file there is now. The stack must not run."""
    yield from SHARED_MEMORY.glob(f"{shm_prefix(stack_id)}*")
    ports = range(port_base, port_base + SIZE)
    for path in SOCKETS.glob("seaweedfs-*.sock"):
        number = path.stem.rsplit("-", 1)[-1]
        if number.isdigit() and (int(number) in ports or int(number) - GRPC_OFFSET in ports):
            yield path


def remove_leavings(stack_id: str, port_base: int) -> None:
    """Unlink them."""
    for path in leavings(stack_id, port_base):
        with contextlib.suppress(OSError):
            path.unlink()


def remove_shared_memory(stack_id: str) -> None:
    """Unlink what a fallen Triton of this stack left, before the next one starts."""
    for path in SHARED_MEMORY.glob(f"{shm_prefix(stack_id)}*"):
        with contextlib.suppress(OSError):
            path.unlink()
