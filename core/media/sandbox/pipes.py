"""Writes to a child's stdin, and keeps the end of its stderr."""

from __future__ import annotations

import asyncio
from contextlib import suppress

READ_BYTES = 65_536
"""Bytes read at a time."""


async def send_order(process: asyncio.subprocess.Process, order: bytes) -> None:
    """Write ``order`` to stdin and close it.

    A child that dies before reading it reports that by its exit.
    """
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(order)
        await process.stdin.drain()
    process.stdin.close()


async def read_tail(process: asyncio.subprocess.Process, tail: bytearray, most_bytes: int) -> None:
    """Keep the end of stderr in ``tail``: a child on a hostile file may write gigabytes."""
    assert process.stderr is not None
    while part := await process.stderr.read(READ_BYTES):
        tail += part
        del tail[:-most_bytes]
