"""Find and remove what a killed stack leaves outside its directory: shared memory, sockets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from local.config.ports import GRPC_PORT_DISTANCE, SIZE

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory is, on Linux
SOCKETS = Path("/tmp")  # noqa: S108 - where SeaweedFS puts its sockets, whatever TMPDIR says


def shm_prefix(stack_id: str) -> str:
    """Prefix of the names of shared memory of this stack's Triton."""
    return f"clipstream_{stack_id}_"


def leftover_files(stack_id: str, port_base: int) -> Iterator[Path]:
    """Every such file there is now. The stack must not run."""
    yield from SHARED_MEMORY.glob(f"{shm_prefix(stack_id)}*")
    ports = range(port_base, port_base + SIZE)
    for path in SOCKETS.glob("seaweedfs-*.sock"):
        number = path.stem.rsplit("-", 1)[-1]
        if number.isdigit() and (int(number) in ports or int(number) - GRPC_PORT_DISTANCE in ports):
            yield path


def remove_leftover_files(stack_id: str, port_base: int) -> None:
    """Unlink them, and what Tritons left that can no longer be told apart."""
    for path in leftover_files(stack_id, port_base):
        with contextlib.suppress(OSError):
            path.unlink()
    if not any("tritonserver" in (process.info["name"] or "") for process in psutil.process_iter(["name"])):
        remove_forsaken(SOCKETS)


def remove_forsaken(place: Path) -> None:
    """Remove the empty ``python_env_…`` that a killed Triton leaves there, if they are this user's.

    Their stack is unknown: only to be called while no Triton runs.
    """
    for path in place.glob("python_env_??????"):
        with contextlib.suppress(OSError):
            if path.stat().st_uid == os.geteuid():
                path.rmdir()  # refuses one that is not empty


def remove_shared_memory(stack_id: str) -> None:
    """Unlink what a fallen Triton of this stack left, before the next one starts."""
    for path in SHARED_MEMORY.glob(f"{shm_prefix(stack_id)}*"):
        with contextlib.suppress(OSError):
            path.unlink()
