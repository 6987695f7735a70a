"""The API on its real server: slow heads and bodies are cut, streams flow, SIGTERM drains."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from api.server import make_server
from tests.api.fakes import KEY, SearchTwin, make_app
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S


class SlowSearch(SearchTwin):
    """Answers when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def search(self, *_: Any) -> Any:
        self.asked.set()
        await self.answers.wait()
        return {"hits": []}


@asynccontextmanager
async def serving(headers_s: float = 0.4, **changes: Any) -> AsyncIterator[tuple[int, Any]]:
    (port,) = free_ports(1)
    server = make_server(make_app(**changes), "127.0.0.1", port, headers_s=headers_s)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the server ended before it listened"
        await asyncio.sleep(0.01)
    try:
        yield port, server
    finally:
        server.should_exit = True
        await task


async def exchange(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause_s)
    answer = await asyncio.wait_for(reader.read(), HANG_S)
    writer.close()
    return answer


async def test_an_endless_request_head_is_disconnected() -> None:
    async with serving() as (port, _):
        answer = await exchange(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n")
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"slow-headers" in answer
        whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        second = await exchange(port, whole, b"GET /healthz HTTP/1.1\r\nHo", pause_s=0.1)
        assert second.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in second


@pytest.mark.parametrize(
    "head", [b"GET /v1/projects?q=" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"no HTTP at all\r\n\r\n"]
)
async def test_an_unreadable_request_head_is_a_problem(head: bytes) -> None:
    async with serving() as (port, _):
        status, _, body = (await exchange(port, head)).partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in status
    assert json.loads(body)["code"] == "malformed-request"


async def test_many_slow_heads_do_not_disturb_a_good_client() -> None:
    async with serving(headers_s=HANG_S) as (port, _):
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        for _, writer in slow:
            writer.write(b"GET / HTTP/1.1\r\n")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=HANG_S) as client:
            for _ in range(20):
                assert (await client.get("/healthz")).status_code == 200
        assert not any(reader.at_eof() for reader, _ in slow)  # the client waited for none of them
        for _, writer in slow:
            writer.close()


async def test_a_stalled_request_body_is_disconnected() -> None:
    async with serving(body_idle_s=0.3) as (port, _):
        head = (
            b"POST /v1/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
            b"Authorization: Bearer " + KEY.plain.encode() + b"\r\n\r\n"
        )
        answer = await exchange(port, head, b'{"title":')
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"slow-body" in answer


async def test_a_running_request_is_answered_while_the_server_drains() -> None:
    search = SlowSearch()
    async with serving(search=search) as (port, server):
        headers = {"Authorization": f"Bearer {KEY.plain}"}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=HANG_S) as client:
            under_way = asyncio.create_task(client.get("/v1/search?q=a"))
            await asyncio.wait_for(search.asked.wait(), HANG_S)
            server.should_exit = True
            search.answers.set()
            assert (await under_way).status_code == 200
