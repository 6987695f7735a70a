"""Promise 16, by tus: whatever goes through the API, a writer holds one part in memory."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from tests.contract.promises.processes import Customer, ProductProcess, all_up, new_customer
from tests.contract.promises.test_cut_tus import TUS, sha256_of
from tests.contract.rigs.api_world import open_store
from tests.contract.rigs.servers import Server
from tests.support.soak import record, time_out, volume

MIB = 2**20
FILES = 4
FILE_MIB = volume(40, 256)
MOST_GROWTH_MIB = 64
"""Two copies of each writer's part of 5 MiB, and what threads and sockets hold."""
BUCKET = "upload-memory"
BLOCK = random.Random(5).randbytes(MIB)


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, BUCKET) as opened:
        yield opened


@pytest.fixture
async def api(postgres: Settings, seaweedfs: Server, store: S3Objects, tmp_path: Path) -> AsyncIterator[ProductProcess]:
    settings = msgspec.structs.replace(
        postgres, s3=seaweedfs.url, s3_access_key=seaweedfs.user, s3_secret_key=seaweedfs.password, s3_bucket=BUCKET
    )
    process = ProductProcess(["api"], settings, tmp_path / "api.log")
    async with all_up([process]):
        yield process


def memory_mib(api: ProductProcess) -> float:
    """Resident memory of the process now."""
    assert api.process is not None
    lines = Path(f"/proc/{api.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


async def blocks(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield number.to_bytes(8, "big") + BLOCK[8:]


async def upload(api: ProductProcess, customer: Customer, size_mib: int) -> str:
    headers = customer.headers | TUS
    async with httpx2.AsyncClient(base_url=api.url, headers=headers, trust_env=False, timeout=None) as client:
        made = await client.post("/v1/uploads/tus", headers={"Upload-Length": str(size_mib * MIB)})
        assert made.status_code == 201, made.text
        path = str(made.headers["location"])
        sent = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        sent["Content-Length"] = str(size_mib * MIB)
        answer = await client.patch(path, headers=sent, content=blocks(size_mib))
        assert answer.status_code == 204, answer.text
        return str((await client.get(path.replace("/tus/files", ""))).json()["object_key"])


@time_out(3600)
async def test_a_writer_holds_one_part(postgres: Settings, store: S3Objects, api: ProductProcess) -> None:
    customer = await new_customer(postgres)
    for _ in range(FILES):
        await upload(api, customer, 1)
    before_mib = most_mib = memory_mib(api)
    uploads = [asyncio.create_task(upload(api, customer, FILE_MIB)) for _ in range(FILES)]
    while not all(one.done() for one in uploads):
        most_mib = max(most_mib, memory_mib(api))
        await asyncio.sleep(0.02)
    digest = hashlib.sha256()
    async for block in blocks(FILE_MIB):
        digest.update(block)
    for one in uploads:
        assert await sha256_of(store, one.result()) == digest.hexdigest()
    grown_mib = most_mib - before_mib
    record(
        16, f"tus: {FILES * FILE_MIB} MiB in {FILES} uploads at once: +{grown_mib:.0f} MiB of memory (limit +64 MiB)"
    )
    assert grown_mib <= MOST_GROWTH_MIB
