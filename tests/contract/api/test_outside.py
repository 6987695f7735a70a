"""The outside client over real sockets: public addresses only, resumed downloads, webhooks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import InputRejected, Unavailable
from core.infra.http.client import OutsideHttp

BODY = os.urandom(3_000_000)


class Origin:
    """A plain HTTP server that hangs up after ``cut_bytes`` of each answer and knows Range."""

    def __init__(self) -> None:
        self.cut_bytes = len(BODY)
        self.requests: list[str] = []
        self.connections = 0
        self.silent = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(head)
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if self.silent:
            await asyncio.sleep(30)
        if head.startswith("POST"):
            await reader.readexactly(int(fields["content-length"]))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            start = int(fields["range"].removeprefix("bytes=").rstrip("-")) if "range" in fields else 0
            status = f"206 Part\r\ncontent-range: bytes {start}-{len(BODY) - 1}/{len(BODY)}" if start else "200 OK"
            writer.write(f'HTTP/1.1 {status}\r\netag: "v"\r\ncontent-length: {len(BODY) - start}\r\n\r\n'.encode())
            writer.write(BODY[start : start + self.cut_bytes])
        await writer.drain()
        writer.close()


@pytest.fixture
async def origin() -> AsyncIterator[tuple[Origin, int]]:
    made = Origin()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, server.sockets[0].getsockname()[1]
    server.close()


async def test_a_cut_download_is_finished(origin: tuple[Origin, int], tmp_path: Path) -> None:
    made, port = origin
    made.cut_bytes = 1_200_000
    client = OutsideHttp(allow=[f"127.0.0.1:{port}"])
    seen: list[int] = []
    async for _ in client.download(
        f"http://127.0.0.1:{port}/film", tmp_path / "film", max_bytes=10**7, report=seen.append
    ):
        pass
    assert (tmp_path / "film").read_bytes() == BODY
    assert made.connections == 3
    assert seen == sorted(seen)
    await client.close()


async def test_a_server_that_is_not_allowed_gets_no_request(origin: tuple[Origin, int], tmp_path: Path) -> None:
    made, port = origin
    client = OutsideHttp(allow=[f"127.0.0.1:{port + 1}"], plain_posts=True)
    for host in ("127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"):
        with pytest.raises(InputRejected):
            await client.post(f"http://{host}:{port}/", b"{}", {}, 5)
    assert made.connections == 0
    await client.close()


async def test_a_webhook_arrives_with_its_headers(origin: tuple[Origin, int]) -> None:
    made, port = origin
    client = OutsideHttp(allow=[f"127.0.0.1:{port}"], plain_posts=True)
    answer = await client.post(f"http://127.0.0.1:{port}/hook", b"{}", {"webhook-id": "msg_1"}, 5)
    assert answer.status == 204
    assert "webhook-id: msg_1" in made.requests[0]
    assert f"Host: 127.0.0.1:{port}" in made.requests[0]
    await client.close()


async def test_a_silent_or_absent_server_is_unavailable(origin: tuple[Origin, int]) -> None:
    made, port = origin
    made.silent = True
    client = OutsideHttp(allow=[f"127.0.0.1:{port}", "127.0.0.1:9"], plain_posts=True)
    with pytest.raises(Unavailable, match="within"):
        await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, 0.3)
    with pytest.raises(Unavailable):
        await client.post("http://127.0.0.1:9/", b"{}", {}, 5)
    await client.close()
