"""Promise 26: clients that send slowly are let go in time, and disturb neither others nor the process's memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import psutil
import pytest

from benchmarks.harness.claims import percentile
from core.settings import Settings
from tests.contract.promises.processes import Customer, ProductProcess, new_customer
from tests.support.progress import HANG_S, measure_slowness
from tests.support.soak import bound, record, time_out, volume

HEADS = volume(150, 1_000)
BODIES = volume(30, 200)
GOOD_REQUESTS = volume(60, 600)
GOOD_EVERY_S = 0.02
HEADERS_S = 10.0
"""As the API's server sets it."""
BODY_IDLE_S = 30.0
LATE_S = 1.0
GOOD_P99_S = 0.250
GROWN_MIB = 100.0
MIB = 2**20
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def api(postgres: Settings, tmp_path: Path) -> AsyncIterator[ProductProcess]:
    """A running API."""
    part = ProductProcess(["api"], msgspec.structs.replace(postgres), tmp_path / "api.log")
    try:
        part.start()
        await part.until_up()
        yield part
    finally:
        part.end()


async def slow_heads(port: int, count: int) -> list[Connection]:
    """Connections that begin a head and say no more."""
    made = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in made:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    return made


async def slow_bodies(port: int, count: int, customer: Customer) -> list[Connection]:
    """Connections that begin a body and say no more."""
    made = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    head = (
        "POST /v1/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
        f"Authorization: Bearer {customer.key}\r\n\r\n"
    )
    for _, writer in made:
        writer.write(head.encode() + b'{"title":')
    return made


async def let_go_after(connection: Connection, since_s: float) -> tuple[float, bytes]:
    """Seconds until the server closed the connection, and what it said."""
    reader, writer = connection
    said = await asyncio.wait_for(reader.read(), HANG_S)
    writer.close()
    return time.monotonic() - since_s, said


async def good(client: httpx2.AsyncClient) -> list[float]:
    """Seconds that each good request took."""
    taken = []
    for _ in range(GOOD_REQUESTS):
        begun_s = time.monotonic()
        assert (await client.get("/v1/projects", params={"limit": 1})).status_code == 200
        taken.append(time.monotonic() - begun_s)
        await asyncio.sleep(GOOD_EVERY_S)
    return taken


@time_out(1200)
async def test_slow_clients_are_disconnected_and_others_are_served(postgres: Settings, api: ProductProcess) -> None:
    customer = await new_customer(postgres)
    assert api.process is not None
    process = psutil.Process(api.process.pid)
    async with httpx2.AsyncClient(
        base_url=api.url, headers=customer.headers, timeout=HANG_S, trust_env=False
    ) as client:
        alone = await good(client)
        before_mib = process.memory_info().rss / MIB
        begun_s = time.monotonic()
        heads = await slow_heads(api.port, HEADS)
        bodies = await slow_bodies(api.port, BODIES, customer)
        ends = [asyncio.create_task(let_go_after(one, begun_s)) for one in (*heads, *bodies)]
        beside = await good(client)
        grown_mib = process.memory_info().rss / MIB - before_mib
        ended = await asyncio.gather(*ends)
    assert all(b" 408 " in said for _, said in ended)
    heads_s, bodies_s = max(s for s, _ in ended[:HEADS]), max(s for s, _ in ended[HEADS:])
    p99_s, alone_p99_s = percentile(beside, 0.99), percentile(alone, 0.99)
    record(
        26,
        f"{HEADS} slow heads gone after {heads_s:.1f} s, {BODIES} slow bodies after {bodies_s:.1f} s; "
        f"others' p99 {p99_s * 1000:.0f} ms (alone {alone_p99_s * 1000:.0f}), +{grown_mib:.0f} MiB",
    )
    assert p99_s <= bound(GOOD_P99_S) * measure_slowness()
    assert grown_mib <= GROWN_MIB
    assert heads_s <= bound(HEADERS_S + LATE_S)
    assert bodies_s <= bound(BODY_IDLE_S + LATE_S)
