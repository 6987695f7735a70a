"""A worker's pulse and its small HTTP server: /healthz, /readyz, /metrics. Watches progress, not the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from streams.runtime.metrics import CONTENT_TYPE, ProcessMetrics
from streams.runtime.stage import AttemptProgress

DATE_S = 1.0
"""How often the date in the answers is made anew."""


class Pulse:
    """Says whether work that lies there moves. A commit, or growth of the child's own counter, is movement."""

    def __init__(self, *, stall_s: float, now: Callable[[], float]) -> None:
        """``stall_s``: so long may messages lie without any movement; ``now`` is loop time in seconds."""
        self._stall_s = stall_s
        self._now = now
        self._moved_at = now()
        self.lag = 0

    def beat(self) -> None:
        """Something was brought to its end."""
        self._moved_at = self._now()

    def look(self, lag: int, progress: AttemptProgress | None) -> None:
        """Take in the present lag and the counter of the attempt in flight."""
        self.lag = lag
        if progress is not None:
            self._moved_at = max(self._moved_at, progress.moved_at)
        elif lag == 0:
            self._moved_at = self._now()

    @property
    def stuck(self) -> bool:
        """Whether work lies there and has not moved for ``stall_s``."""
        return self._now() - self._moved_at > self._stall_s


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process that it is a guest in, and wakes up ten times less often than the library's."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def leave(self) -> None:
        """Let ``serve`` end."""
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """Each second a new date for the answers, until it is to leave."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), DATE_S)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serve_health(
    host: str, port: int, pulse: Pulse, metrics: ProcessMetrics, ready: Callable[[], bool]
) -> AsyncIterator[None]:
    """Serve the three routes while the body runs (port 0: any free one)."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        fine = ready() and not pulse.stuck
        return JSONResponse({"ready": fine, "lag": pulse.lag, "stuck": pulse.stuck}, 200 if fine else 503)

    async def counted(_: Request) -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", counted)]
    config = uvicorn.Config(
        Starlette(routes=routes), host=host, port=port, log_level="warning", access_log=False, lifespan="off"
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.leave()
        await task
