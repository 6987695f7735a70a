"""What a parent says to a child and hears of it, by its standard streams. Starts and ends no process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

READ_BYTES = 65_536


async def send_order(process: asyncio.subprocess.Process, order: bytes) -> None:
    """All of ``order`` on its stdin, then the end; a child that died before it was read says so in another way."""
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(order)
        await process.stdin.drain()
    process.stdin.close()


async def read_tail(process: asyncio.subprocess.Process, tail: bytearray, most_bytes: int) -> None:
    """Keep the end of its stderr in ``tail``: a child on a hostile file may say gigabytes."""
    assert process.stderr is not None
    while part := await process.stderr.read(READ_BYTES):
        tail += part
        del tail[:-most_bytes]
