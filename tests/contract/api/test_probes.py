"""A part that is busy with our own slow requests answers its probe: it is not judged dead."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest

from api.health.probes import CALL_S
from api.http.metrics import ApiMetrics
from api.wiring import _open
from core.domain.identity.actors import NOBODY
from core.infra import meilisearch
from core.infra.part_watch import PROBE_S
from core.infra.s3 import client as s3
from core.settings import Settings
from schemas.common import ObjectRef
from tests.contract.rigs.servers import make_settings
from tests.support.progress import await_while_moving

LISTED = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></ListBucketResult>'


class SlowPart:
    """An HTTP server that keeps what is called ``slow``, and answers all else at once."""

    def __init__(self) -> None:
        self.kept_count, self.let_go = 0, asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        sizes = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        body = await reader.readexactly(int(sizes[0])) if sizes else b""
        if b"slow" in head.split(b"\r\n")[0] + body:
            self.kept_count += 1
            await self.let_go.wait()
        answer = LISTED if head.startswith(b"GET") else b'{"results": []}'
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running(part: SlowPart) -> AsyncIterator[str]:
    server = await asyncio.start_server(part.answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        part.let_go.set()
        server.close()


@pytest.mark.parametrize("name", ["search", "objects"])
async def test_a_probe_does_not_wait_behind_slow_work(name: str) -> None:
    part = SlowPart()
    ref = ObjectRef(key="slow", sha256=hashlib.sha256(LISTED).hexdigest(), size=len(LISTED))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running(part))
        settings = make_settings(s3=url, s3_access_key="a", s3_secret_key="b", meilisearch=url)
        context = await _open(settings, ApiMetrics(), cast(Any, None), stack)
        count = meilisearch.THREADS if name == "search" else s3.THREADS
        work = [
            asyncio.create_task(
                cast(
                    Any,
                    context.search.search_each(NOBODY, [("segments", {})], "slow")
                    if name == "search"
                    else context.objects.get(ref),
                )
            )
            for _ in range(2 * count)
        ]
        await await_while_moving(lambda: asyncio.sleep(0.01, part.kept_count == count), "every thread is at work")
        for _ in range(3):
            assert await context.watch.late.probe(context.probes[name], 10 * CALL_S) is None
        assert not any(task.done() for task in work), "the work was not given up"
        part.let_go.set()
        await asyncio.gather(*work)


async def test_a_stall_of_our_loop_is_not_an_outage_of_postgres(postgres: Settings) -> None:
    async def stall() -> None:
        await asyncio.sleep(0)
        time.sleep(PROBE_S + 0.3)

    async with AsyncExitStack() as stack:
        settings = make_settings(postgres_api=postgres.postgres_api)
        context = await _open(settings, ApiMetrics(), cast(Any, None), stack)
        knock = context.watch._probes["postgres"]
        error, _ = await asyncio.gather(context.watch.late.probe(knock, PROBE_S), stall())
        assert error is None
