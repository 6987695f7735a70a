"""tus with foreign clients, against the API's own process: tus-js-client and tuspy, on connections that are cut."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
from tusclient.client import TusClient

from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from tests.contract.promises.processes import Customer, ProductProcess, all_up, new_customer
from tests.contract.rigs.api_world import open_store
from tests.contract.rigs.servers import Server
from tests.openapi.tools import node_packages
from tests.support.progress import HANG_S
from tests.support.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.contract, pytest.mark.timeout(600)]
BUCKET = "tus-clients"
CLIENT = Path(__file__).parents[2] / "tus"
MIB = 2**20
BODY = random.Random(16).randbytes(24 * MIB + 17)
CUTS = 4


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


@pytest.fixture
async def customer(postgres: Settings) -> Customer:
    return await new_customer(postgres)


@pytest.fixture
def proxy(api: ProductProcess) -> Iterator[TcpProxy]:
    with TcpProxy("127.0.0.1", api.port) as opened:
        yield opened


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(BODY)
    return path


async def cut_now_and_then(proxy: TcpProxy) -> None:
    dice = random.Random(1)
    for _ in range(CUTS):
        await asyncio.sleep(dice.uniform(0.2, 0.6))
        proxy.cut()


async def becomes_a_project(api: ProductProcess, store: S3Objects, customer: Customer, url: str) -> None:
    """The bytes of the upload are the file's, and its id makes a project."""
    upload_id = urlsplit(url).path.rpartition("/")[2]
    async with httpx2.AsyncClient(
        base_url=api.url, headers=customer.headers, trust_env=False, timeout=HANG_S
    ) as client:
        standing = (await client.get(f"/v1/uploads/{upload_id}")).json()
        assert (standing["state"], standing["filename"]) == ("complete", "Talk.mp4")
        assert await store.read_range(standing["object_key"], 0, len(BODY) + 1) == BODY
        assert (await client.post("/v1/projects", json={"upload_id": upload_id})).status_code == 202


@pytest.mark.parametrize(
    ("chunk", "with_creation", "cut"),
    [("all", "no", True), ("all", "yes", False), (str(3 * MIB), "yes", True), (str(7 * MIB), "no", False)],
)
async def test_tus_js_client_uploads(
    api: ProductProcess, store: S3Objects, customer: Customer, proxy: TcpProxy, film: Path,
    chunk: str, with_creation: str, cut: bool,
) -> None:  # fmt: skip
    environment = {"NODE_PATH": str(node_packages("tus-node", CLIENT)), "PATH": os.environ["PATH"]}
    command = ["node", str(CLIENT / "upload.js"), f"http://{proxy.address}/v1/uploads/tus", str(film), chunk]
    cutter = asyncio.create_task(cut_now_and_then(proxy)) if cut else None
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        env=environment | {"KEY": customer.key, "WITH_CREATION": with_creation},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    if cutter is not None:
        cutter.cancel()
    assert done.returncode == 0, done.stderr
    assert not cut or proxy.accepted > 2, "it was never cut off"
    await becomes_a_project(api, store, customer, done.stdout.strip())


@pytest.mark.parametrize(("chunk", "cut"), [(6 * MIB, True), (2**40, False)])
async def test_tuspy_uploads_with_checksums(
    api: ProductProcess, store: S3Objects, customer: Customer, proxy: TcpProxy, film: Path, chunk: int, cut: bool
) -> None:
    client = TusClient(f"http://{proxy.address}/v1/uploads/tus", headers=customer.headers)
    uploader = client.uploader(
        str(film),
        chunk_size=chunk,
        retries=20,
        retry_delay=1,
        metadata={"filename": "Talk.mp4"},
        upload_checksum=True,
    )
    await asyncio.to_thread(lambda: uploader.set_url(uploader.create_url()))
    cutter = asyncio.create_task(cut_now_and_then(proxy)) if cut else None
    await asyncio.to_thread(uploader.upload)
    if cutter is not None:
        cutter.cancel()
        with suppress(asyncio.CancelledError):
            await cutter
        assert proxy.accepted > len(BODY) // chunk + 3, "it was never cut off"
    await becomes_a_project(api, store, customer, uploader.url)
