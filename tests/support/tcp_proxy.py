"""A TCP proxy with faults: connections are reset, refused, or carried nowhere (a black hole), as a test says.

Its own thread and event loop, so that a test of either kind can use it: ``with TcpProxy("127.0.0.1", 5432) as proxy``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Literal, Self

from tests.support.progress import HANG_S

Mode = Literal["open", "black-hole", "refuse"]
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset: on, for no time."""
CHUNK_BYTES = 65_536
WAKE_S = 0.02


class TcpProxy:
    """Passes on each connection to its port to a server, as long as ``mode`` is ``open``."""

    def __init__(self, host: str, port: int) -> None:
        """Nothing listens yet. ``host``, ``port``: the server behind."""
        self._server_at = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self.mode: Mode = "open"
        self.port = 0
        self.accepted = 0

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._wait(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        """Reset what is open, and end the thread."""
        self.mode = "refuse"
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(HANG_S)
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection that is open; new ones are accepted as ``mode`` says."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def _wait(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(HANG_S)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        assert self._listener is not None
        self._listener.close()
        self._reset_all()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            self._reset(writer)

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        raw = writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        try:
            if self.mode == "refuse":
                return
            await self._until_open()
            behind_reader, behind = await asyncio.open_connection(*self._server_at)
            self._writers.add(behind)
            try:
                await asyncio.gather(self._copy(reader, behind), self._copy(behind_reader, writer))
            finally:
                self._reset(behind)
        except (OSError, asyncio.CancelledError):
            return  # the server is away, one side left, or the proxy ends; a stream's task must not end as cancelled
        finally:
            self._reset(writer)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while body := await reader.read(CHUNK_BYTES):
            await self._until_open()
            writer.write(body)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def _until_open(self) -> None:
        """In a black hole nothing is passed on, and nothing lost: it comes late, as on a network that heals."""
        while self.mode == "black-hole":
            await asyncio.sleep(WAKE_S)
