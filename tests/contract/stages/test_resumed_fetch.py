"""Resuming a fetch after kill -9: the next worker on the machine continues, unless the source changed.

A real server counts the bytes that it sends; the worker is a process of its own that does what ingest does.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.media.hostile_files import film
from tests.support.progress import HANG_S, Patience

pytestmark = pytest.mark.contract
CHUNK, SLACK_BYTES = 32 * 1024, 512 * 1024
WORKER = """
import asyncio, sys, time, uuid
from pathlib import Path
from schemas.events import UploadReceived
from core.infra.http.client import OutsideHttp
from streams.ingest.partial_downloads import PartialDownloads
from streams.ingest.source_importer import import_source
from core.settings import MediaLimits, SpanRules
from tests.core.media.fakes import ObjectsTwin

async def main(url, work):
    scratch = work / str(uuid.uuid4())
    scratch.mkdir()
    client = OutsideHttp(allow=[url.split("/")[2]])
    prepared = await import_source(
        UploadReceived(org_id=uuid.UUID(int=1), project_id=uuid.UUID(int=2), source_url=url),
        objects=ObjectsTwin(), outside=client, limits=MediaLimits(), rules=SpanRules(),
        partials=PartialDownloads(work / "downloads", max_bytes=10**9, now_s=time.time),
        scratch=scratch, prefix="p", report=lambda _: None,
    )
    print(prepared.source.sha256, prepared.source.size, len(prepared.spans))

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


def padded_film(path: Path, fill: bytes) -> bytes:
    """A film of some megabytes: an ordinary small film, with a box that players skip."""
    padding = fill * 6_000_000
    return film(path).read_bytes() + struct.pack(">I4s", len(padding) + 8, b"free") + padding


class Origin:
    """An HTTP server with Range and If-Range; counts the bytes of its bodies, and stalls on request."""

    def __init__(self, body: bytes) -> None:
        self.body, self.validator = body, 'etag: "one"\r\n'
        self.stall_after = 10**12
        self.sent = 0
        self.stalled = asyncio.Event()
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        asked = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        same = "if-range" in asked and f"etag: {asked['if-range']}" in self.validator
        start = int(asked["range"][6:-1]) if same else 0
        total = len(self.body)
        status = f"206 Part\r\ncontent-range: bytes {start}-{total - 1}/{total}" if start else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\n{self.validator}content-length: {total - start}\r\n\r\n".encode())
        for at in range(start, total, CHUNK):
            if at - start >= self.stall_after:
                self.stalled.set()
                await reader.read()
                return
            writer.write(self.body[at : at + CHUNK])
            await writer.drain()
            self.sent += len(self.body[at : at + CHUNK])


class Bench:
    """The server, and workers that fetch from it into one work directory."""

    def __init__(self, origin: Origin, port: int, work: Path) -> None:
        self.origin, self.url, self.work = origin, f"http://127.0.0.1:{port}/film.mp4", work

    async def start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-c", WORKER, self.url, str(self.work))
        return await asyncio.create_subprocess_exec(*command, stdout=pipe, cwd=Path(__file__).parents[3])

    async def kill_one_midway(self, after: int) -> int:
        """Start a worker, kill -9 it after it has sent and written ``after`` bytes; returns the files on disk."""
        self.origin.stall_after = after
        worker = await self.start()
        stalled = asyncio.ensure_future(self.origin.stalled.wait())
        ended = asyncio.ensure_future(worker.wait())
        await asyncio.wait((stalled, ended), timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED)
        assert not ended.done(), f"the worker ended by itself, with {worker.returncode}"
        patience = Patience("the bytes on the disk")
        while self.on_disk() < self.origin.sent:
            patience.check(self.on_disk())
            await asyncio.sleep(0.02)
        worker.kill()
        await ended
        self.origin.stall_after = 10**12
        self.origin.stalled.clear()
        return self.on_disk()

    def on_disk(self) -> int:
        return sum(path.stat().st_size for path in self.work.rglob("source.bin"))

    async def finish(self) -> None:
        """Another worker finishes with the right bytes and leaves nothing on the disk."""
        out, _ = await asyncio.wait_for((await self.start()).communicate(), HANG_S)
        body = self.origin.body
        assert out.decode().split() == [hashlib.sha256(body).hexdigest(), str(len(body)), "1"]
        assert list((self.work / "downloads").iterdir()) == []


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    origin = Origin(padded_film(tmp_path / "one.mp4", b"a"))
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    (tmp_path / "work").mkdir()
    yield Bench(origin, server.sockets[0].getsockname()[1], tmp_path / "work")
    server.close()


async def test_each_byte_is_fetched_once_over_two_kills(bench: Bench) -> None:
    first = await bench.kill_one_midway(2_000_000)
    second = await bench.kill_one_midway(2_000_000)
    assert 2_000_000 <= first < second
    await bench.finish()
    assert f"range: bytes={first}-" in bench.origin.heads[1].lower()
    assert f"range: bytes={second}-" in bench.origin.heads[2].lower()
    assert bench.origin.sent <= len(bench.origin.body) + 2 * SLACK_BYTES
    assert not (await _processes_left(bench.work))


async def test_a_file_that_changed_meanwhile_is_fetched_whole(bench: Bench, tmp_path: Path) -> None:
    await bench.kill_one_midway(3_000_000)
    bench.origin.body, bench.origin.validator = padded_film(tmp_path / "two.mp4", b"b"), 'etag: "two"\r\n'
    await bench.finish()
    assert 'if-range: "one"' in bench.origin.heads[1].lower()


async def test_a_fetch_without_a_validator_is_not_resumed(bench: Bench) -> None:
    bench.origin.validator = ""
    await bench.kill_one_midway(3_000_000)
    await bench.finish()
    assert "range:" not in bench.origin.heads[1].lower()


async def _processes_left(work: Path) -> list[int]:
    """Processes that still name the work directory on their command line."""
    named = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            named += [int(entry.name)] if str(work).encode() in line else []
    return named
