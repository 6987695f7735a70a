"""Free ports for a stack: one block of its own, claimed while the stack lives.

A block is claimed by binding an abstract Unix socket, whose name is one for all users of the machine and goes away
with the process: a claim cannot be stale. Blocks lie below the ports that Linux hands out to outgoing connections
(32768 and up), and so do the ports 10000 above, which SeaweedFS opens in addition to its own.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Sequence

import msgspec

from local.errors import StackError

LOWEST, HIGHEST, SIZE = 20_000, 22_700, 50
GRPC_PORT_DISTANCE = 10_000
"""Distance from each port of SeaweedFS to its gRPC port."""
HOST = "127.0.0.1"


class PortClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A block of ports that is ours until ``holder`` is closed."""

    base: int
    holder: socket.socket

    def port(self, index: int) -> int:
        """The port at a place in the block."""
        assert 0 <= index < SIZE
        return self.base + index


def is_free(port: int, host: str = HOST) -> bool:
    """Could a server listen on this port now?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def order_of_blocks(preferred: int | None, seed: int) -> Iterable[int]:
    """Every block once: the preferred one first, then round from a place that depends on the stack."""
    blocks = list(range(LOWEST, HIGHEST, SIZE))
    start = seed % len(blocks)
    if preferred in blocks:
        yield preferred
    yield from (block for block in blocks[start:] + blocks[:start] if block != preferred)


def claim_block(*, preferred: int | None, seed: int, used: Sequence[int], also_above: Sequence[int]) -> PortClaim:
    """Claim a block whose ``used`` places are free (``also_above``: 10000 higher too). Raises StackError."""
    for base in order_of_blocks(preferred, seed):
        ports = [base + index for index in used] + [base + index + GRPC_PORT_DISTANCE for index in also_above]
        holder = _hold(base)
        if holder is None:
            continue
        if all(is_free(port) for port in ports):
            return PortClaim(base=base, holder=holder)
        holder.close()
    raise StackError(
        f"no block of {SIZE} free ports between {LOWEST} and {HIGHEST}: stop another stack (`clipstream down`) first"
    )


def _hold(base: int) -> socket.socket | None:
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(OSError):
        holder.bind(f"\0clipstream-ports-{base}")
        return holder
    holder.close()
    return None


def check_requested(port: int) -> None:
    """Raise StackError when a port that the person asked for by number is taken."""
    if not is_free(port):
        raise StackError(
            f"port {port} is taken: stop what listens there (`ss -ltnp 'sport = :{port}'`), or ask for another"
        )
