"""The API behind its real server: slow heads and bodies are let go, streams flow, SIGTERM drains."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from api.server import make_server
from tests.api.fakes import KEY, SearchTwin, make_app
from tests.contract.rigs.servers import free_ports


class SlowSearch(SearchTwin):
    async def search(self, *_: Any) -> Any:
        await asyncio.sleep(0.5)
        return {"hits": []}


@asynccontextmanager
async def serving(headers_s: float = 0.4, **changes: Any) -> AsyncIterator[tuple[int, Any]]:
    (port,) = free_ports(1)
    server = make_server(make_app(**changes), "127.0.0.1", port, headers_s=headers_s)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield port, server
    finally:
        server.should_exit = True
        await task


async def talk(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause_s)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_a_head_that_does_not_end_is_let_go() -> None:
    async with serving() as (port, _):
        begun = time.perf_counter()
        answer = await talk(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n")
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"slow-headers" in answer
        assert time.perf_counter() - begun < 2
        whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        second = await talk(port, whole, b"GET /healthz HTTP/1.1\r\nHo", pause_s=0.1)
        assert second.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in second


async def test_many_slow_heads_do_not_disturb_a_good_client() -> None:
    async with serving(headers_s=2.0) as (port, _):
        slow = [asyncio.create_task(talk(port, b"GET / HTTP/1.1\r\n")) for _ in range(100)]
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(20):
                assert (await client.get("/healthz")).status_code == 200
        assert not any(task.done() for task in slow)  # it did not have to wait for any of them
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in await asyncio.gather(*slow))


async def test_a_body_that_stops_coming_is_let_go() -> None:
    async with serving(body_idle_s=0.3) as (port, _):
        head = (
            b"POST /v1/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
            b"Authorization: Bearer " + KEY.plain.encode() + b"\r\n\r\n"
        )
        answer = await talk(port, head, b'{"title":')
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"slow-body" in answer


async def test_a_request_under_way_is_answered_while_the_server_drains() -> None:
    async with serving(search=SlowSearch()) as (port, server):
        headers = {"Authorization": f"Bearer {KEY.plain}"}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            under_way = asyncio.create_task(client.get("/v1/search?q=a"))
            await asyncio.sleep(0.1)
            server.should_exit = True
            assert (await under_way).status_code == 200
