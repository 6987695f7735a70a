"""uvicorn with a deadline for request headers, which it lacks."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems.problem_details import MEDIA_TYPE, Problem
from api.problems.problem_types import CATALOGUE

HEADERS_S = 10.0
KEEP_ALIVE_S = 30
DRAIN_S = 20


def _answer(code: str, phrase: str, detail: str) -> bytes:
    """A whole response with a problem, for a head that no app sees."""
    kind = CATALOGUE[code]
    problem = Problem(type=f"/problems/{code}", title=kind.title, status=kind.status, detail=detail, code=code)
    body = msgspec.json.encode(problem)
    head = f"HTTP/1.1 {kind.status} {phrase}\r\nContent-Type: {MEDIA_TYPE}\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_SLOW = _answer("slow-headers", "Request Timeout", "The head of a request must arrive at once.")
_MALFORMED = _answer(
    "malformed-request", "Bad Request", "The head of the request is not HTTP/1.1, or its path is longer than 64 KiB."
)


class PunctualProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose request heads must arrive within ``headers_s``, on new and on kept connections."""

    headers_s = HEADERS_S
    head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head of a new connection."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes: they may begin the next head."""
        if self.head_deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """End the wait: the head is complete."""
        self._head_came()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the wait: the client has gone."""
        self._head_came()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer a head that cannot be read with a problem, where uvicorn writes plain text."""
        self.transport.write(_MALFORMED)
        self.transport.close()

    def _await_head(self) -> None:
        self.head_deadline = self.loop.call_later(self.headers_s, self._let_go)

    def _head_came(self) -> None:
        if self.head_deadline is not None:
            self.head_deadline.cancel()
            self.head_deadline = None

    def _let_go(self) -> None:
        self.head_deadline = None
        if not self.transport.is_closing():
            self.transport.write(_SLOW)
            self.transport.close()


class DrainingServer(uvicorn.Server):
    """Server that drains and returns at SIGTERM, instead of ending by the signal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT while serving; restore the handlers afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(app: Any, host: str, port: int, *, headers_s: float = HEADERS_S) -> uvicorn.Server:
    """A server that drains for ``DRAIN_S`` at SIGTERM, does not log and trusts no forwarded headers."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=type("Protocol", (PunctualProtocol,), {"headers_s": headers_s}),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        limit_concurrency=10_000,
        backlog=512,
    )
    return DrainingServer(config)
