"""Promise 16: uploads in parts that are cut at random bytes are resumed exactly; what does not fit is refused."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from tests.contract.rigs.api_world import Tenant, World, open_store, open_world
from tests.contract.rigs.servers import Server
from tests.support.progress import HANG_S
from tests.support.soak import SEED, record, time_out, volume

UPLOADS = volume(6, 1_000)
MIB = 2**20
LEAST_BYTES, MOST_BYTES = 10 * MIB, 12 * MIB
AT_ONCE = 2


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "cut-uploads") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, store: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=store, uploads=store) as made:
        yield made


async def cut_put(url: str, body: bytes, cut_at: int) -> None:
    """A PUT whose connection ends after ``cut_at`` bytes of the body."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    target = f"{parts.path}?{parts.query}"
    writer.write(f"PUT {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    writer.write(body[:cut_at])
    await writer.drain()
    writer.transport.abort()
    del reader


async def put(url: str, body: bytes) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=HANG_S, trust_env=False) as client:
        return await client.put(url, content=body)


async def ask(tenant: Tenant, method: str, path: str, body: Any = None) -> Any:
    answer = await tenant.client.request(method, path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def resume_upload(world: World, store: S3Objects, dice: random.Random) -> None:
    """An upload of two parts, cut once within a part, resumed by what the API says is there."""
    body = dice.randbytes(dice.randrange(LEAST_BYTES, MOST_BYTES))
    signed = await ask(
        world.ann, "POST", "/v1/uploads/sign", {"filename": "a.mp4", "size_bytes": len(body), "parts": 2}
    )
    size, path = signed["part_size_bytes"], f"/v1/uploads/{signed['upload_id']}"
    pieces = {part["number"]: body[(part["number"] - 1) * size : part["number"] * size] for part in signed["parts"]}
    urls = {part["number"]: part["url"] for part in signed["parts"]}
    cut = dice.choice(sorted(pieces))
    for number in range(1, cut):
        assert (await put(urls[number], pieces[number])).status_code == 200
    await cut_put(urls[cut], pieces[cut], dice.randrange(len(pieces[cut])))

    arrived = (await ask(world.ann, "GET", path))["arrived"]
    assert [part["number"] for part in arrived] == list(range(1, cut)), "a part that was cut is not there"
    for number in range(cut, len(pieces) + 1):
        answer = await put(urls[number], pieces[number])
        assert answer.status_code == 200, answer.text
    await ask(world.ann, "POST", f"{path}/complete", {})
    assert await sha256_of(store, signed["object_key"], len(body)) == hashlib.sha256(body).hexdigest()


async def sha256_of(store: S3Objects, key: str, size: int) -> str:
    digest = hashlib.sha256()
    for at in range(0, size, 4 * MIB):
        digest.update(await store.read_range(key, at, min(4 * MIB, size - at)))
    return digest.hexdigest()


@time_out(7200)
async def test_cut_uploads_are_resumed_exactly(world: World, store: S3Objects) -> None:
    dice = random.Random(SEED)
    for at in range(0, UPLOADS, AT_ONCE):
        seeds = [dice.randrange(2**32) for _ in range(min(AT_ONCE, UPLOADS - at))]
        await asyncio.gather(*(resume_upload(world, store, random.Random(seed)) for seed in seeds))
    record(16, f"{UPLOADS} of {UPLOADS} cut uploads resumed, each equal to its source")


async def test_a_byte_too_many_is_refused(world: World) -> None:
    body = {"filename": "a.mp4", "size_bytes": LEAST_BYTES, "parts": 2}
    signed = await ask(world.ann, "POST", "/v1/uploads/sign", body)
    answer = await put(signed["parts"][0]["url"], bytes(signed["part_size_bytes"] + 1))
    assert answer.status_code in (400, 403), answer.text
