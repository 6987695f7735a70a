"""An open-loop load generator: requests fall due at random times, whatever is answered.

One JSON document on standard input (``OpenLoad``); ``begun`` and one document on standard output (``OpenResult``). A
latency runs from the time at which the request fell due, so a request that waits for a connection, or for this process
itself, has that waiting counted: no coordinated omission.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import deque
from typing import Any, cast

import msgspec
import uvloop

from benchmarks.load.load_plan import OpenLoad, compose, schedule

MAX_CONNECTIONS_COUNT = 256
"""To each port; further requests wait, and their waiting is counted."""
MAX_WAITING_COUNT = 5_000
"""Requests without an answer, at which the generator gives up: the rate is far beyond the knee."""
DRAIN_S = 5.0
"""How long answers may come after the last request."""


class KindResult(msgspec.Struct, kw_only=True):
    """One kind of request in the measured time."""

    due_count: int = 0
    achieved_count: int = 0
    """Good answers that ended in the measured time."""
    times_ms: list[float] = []
    """Of each good answer to a request that fell due in the measured time."""
    refused: dict[str, int] = {}
    """Status or error → how often."""


class OpenResult(msgspec.Struct, kw_only=True):
    """Everything that was measured."""

    kinds: dict[str, KindResult] = {}
    late_ms: list[float] = []
    """How late each request was sent that found a free connection."""
    gave_up: bool = False


class Exchange(msgspec.Struct, kw_only=True):
    """One request that fell due."""

    kind: str
    due_s: float
    body: bytes
    measured: bool


class Wire(asyncio.Protocol):
    """One connection that is kept open; one exchange at a time."""

    def __init__(self, pool: Pool) -> None:
        """Not connected yet."""
        self._pool, self._buffer, self._end = pool, bytearray(), -1
        self.exchange: Exchange | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Become usable."""
        self.transport = cast(asyncio.Transport, transport)
        self._pool.on_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the exchange that has no answer."""
        self._pool.on_lost(self, type(exc).__name__ if exc else "closed")

    def send(self, exchange: Exchange) -> None:
        """Send one request."""
        assert self.transport is not None
        self.exchange, self._end = exchange, -1
        self._buffer.clear()
        self.transport.write(exchange.body)

    def data_received(self, data: bytes) -> None:
        """Collect an answer; its head has a Content-Length."""
        self._buffer += data
        if self._end < 0 and (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            self._end = head + 4 + _content_length(bytes(self._buffer[:head]))
        if 0 <= self._end <= len(self._buffer) and self.exchange is not None:
            status, exchange = int(self._buffer[9:12]), self.exchange
            self.exchange = None
            self._pool.on_answer(self, exchange, status)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Pool:
    """Connections, the requests that wait for one, and the figures."""

    def __init__(self, load: OpenLoad, begun_s: float) -> None:
        """``begun_s``: when the schedule begins, by ``perf_counter``."""
        self._begin_s = begun_s + load.warm_up_s
        self._end_s = self._begin_s + load.seconds
        self._ports, self._opened, self._load = list(load.ports), 0, load
        self._free: deque[Wire] = deque()
        self._waiting: deque[Exchange] = deque()
        self.in_flight = 0
        self.result = OpenResult(kinds={kind.name: KindResult() for kind in load.kinds})

    def submit(self, exchange: Exchange) -> None:
        """Send now, or as soon as a connection is free."""
        self.in_flight += 1
        if exchange.measured:
            self.result.kinds[exchange.kind].due_count += 1
        if self._free:
            self.result.late_ms.append((time.perf_counter() - exchange.due_s) * 1000)
            self._free.popleft().send(exchange)
            return
        self._waiting.append(exchange)
        if self._opened < MAX_CONNECTIONS_COUNT * len(self._ports):
            self._open()

    def _open(self) -> None:
        port = self._ports[self._opened % len(self._ports)]
        self._opened += 1
        task = asyncio.ensure_future(
            asyncio.get_running_loop().create_connection(lambda: Wire(self), "127.0.0.1", port)
        )
        task.add_done_callback(self._on_opened)

    def _on_opened(self, task: asyncio.Future[Any]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._opened -= 1

    def on_free(self, wire: Wire) -> None:
        """Give a connection its next request."""
        if self._waiting:
            wire.send(self._waiting.popleft())
        else:
            self._free.append(wire)

    def on_answer(self, wire: Wire, exchange: Exchange, status: int) -> None:
        """Note an answer."""
        now_s, kind = time.perf_counter(), self.result.kinds[exchange.kind]
        self.in_flight -= 1
        if status >= 400:
            self._refuse(exchange, str(status))
        else:
            kind.achieved_count += self._begin_s <= now_s < self._end_s
            if exchange.measured:
                kind.times_ms.append((now_s - exchange.due_s) * 1000)
        self.on_free(wire)

    def on_lost(self, wire: Wire, why: str) -> None:
        """Note a connection that ended."""
        self._opened -= 1
        if wire in self._free:
            self._free.remove(wire)
        if wire.exchange is not None:
            self._refuse(wire.exchange, why)
            self.in_flight -= 1

    def _refuse(self, exchange: Exchange, why: str) -> None:
        if exchange.measured:
            refused = self.result.kinds[exchange.kind].refused
            refused[why] = refused.get(why, 0) + 1


async def generate(load: OpenLoad) -> OpenResult:
    """Send everything on time, then wait a little for the last answers."""
    plan, dice = schedule(load), random.Random(load.seed)
    begun_s = time.perf_counter()
    pool = Pool(load, begun_s)
    for at_s, position in plan:
        kind, due_s = load.kinds[position], begun_s + at_s
        body = compose(load, kind, dice)
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        pool.submit(Exchange(kind=kind.name, due_s=due_s, body=body, measured=at_s >= load.warm_up_s))
        if pool.in_flight > MAX_WAITING_COUNT:
            pool.result.gave_up = True
            break
    until_s = time.perf_counter() + DRAIN_S
    while pool.in_flight and time.perf_counter() < until_s:
        await asyncio.sleep(0.02)
    for kind_result in pool.result.kinds.values():
        if (silent := kind_result.due_count - len(kind_result.times_ms) - sum(kind_result.refused.values())) > 0:
            kind_result.refused["no answer"] = silent
    return pool.result


def main() -> None:
    """Send, print what was measured, and end with standard input."""
    load = msgspec.json.decode(sys.stdin.buffer.readline(), type=OpenLoad)
    sys.stdout.buffer.write(b"begun\n")
    sys.stdout.buffer.flush()
    result = uvloop.run(generate(load))
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()  # until its processor time was read


if __name__ == "__main__":
    main()
