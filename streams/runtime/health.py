"""A worker's pulse and HTTP server: /healthz, /readyz, /metrics. Watches progress, not the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.media.sandbox.walls import SandboxPolicy, describe_missing
from streams.runtime.metrics import CONTENT_TYPE, ProcessMetrics
from streams.runtime.stage import AttemptProgress

DATE_S = 1.0
"""Seconds between two renewals of the date in the responses."""


class Pulse:
    """Tells whether waiting work moves. A commit, or growth of the child's counter, is movement."""

    def __init__(self, *, stall_s: float, now: Callable[[], float]) -> None:
        """``stall_s``: longest time that messages may wait without movement; ``now`` is loop time in seconds."""
        self._stall_s = stall_s
        self._now = now
        self._moved_at = now()
        self.lag = 0

    def beat(self) -> None:
        """Note that an event was brought to its end."""
        self._moved_at = self._now()

    def look(self, lag: int, progress: AttemptProgress | None) -> None:
        """Note the present lag and the counter of the attempt in flight."""
        self.lag = lag
        if progress is not None:
            self._moved_at = max(self._moved_at, progress.moved_at)
        # An idle worker is not stuck: nothing waits for it.
        elif lag == 0:
            self._moved_at = self._now()

    @property
    def stuck(self) -> bool:
        """Whether work waits and has not moved for ``stall_s``."""
        return self._now() - self._moved_at > self._stall_s


class _QuietServer(uvicorn.Server):
    """Leaves signals to its process, and wakes once a second: the library's server does ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Let ``serve`` end."""
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        """Renew the date of the responses each second until told to leave."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), DATE_S)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _describe_sandbox(sandbox: SandboxPolicy) -> dict[str, object]:
    """Walls of the latest child (null before the first), and what `strict` misses."""
    return {
        "policy": sandbox.policy,
        "walls": None if sandbox.standing is None else list(sandbox.standing),
        "missing": describe_missing(sandbox.missing) if sandbox.missing else "",
    }


@asynccontextmanager
async def serve_health(
    host: str,
    port: int,
    pulse: Pulse,
    metrics: ProcessMetrics,
    ready: Callable[[], bool],
    sandbox: SandboxPolicy | None = None,
) -> AsyncIterator[None]:
    """Serve the three routes while the body runs (port 0: any free one).

    ``sandbox``: of a process that starts children; /readyz says which of their walls stand.
    """

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        is_ready = ready() and not pulse.stuck and (sandbox is None or sandbox.is_ready)
        answer: dict[str, object] = {"ready": is_ready, "lag": pulse.lag, "stuck": pulse.stuck}
        if sandbox is not None:
            answer["sandbox"] = _describe_sandbox(sandbox)
        return JSONResponse(answer, 200 if is_ready else 503)

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
