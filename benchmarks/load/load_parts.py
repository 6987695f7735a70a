"""The real parts of a load test: Postgres, Kafka, the object store, API processes and the relay.

Loopback only; every process ends with this one. No worker runs: what it would write for each project is no part of the
load. The places in the lane of ingest are freed as ends of attempts would free them (``free_places``).
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import msgspec
import psutil

from benchmarks.harness.rig import say
from core.infra.s3.object_store import ensure_bucket
from core.settings import Settings
from local.services.postgres import FLAGS
from tests.contract.promises.processes import ProductProcess
from tests.contract.rigs.brokers import run_cluster
from tests.contract.rigs.postgres import run_postgres
from tests.contract.rigs.servers import run_seaweedfs

SOURCE_HOST = "127.0.0.1:9"
"""Host of the URLs that are posted, allowed by the setting: no name is resolved, and nothing is fetched."""
FREE_EVERY_S = 0.25


class LoadParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that runs, but for the load generator."""

    settings: Settings
    api_ports: Sequence[int]
    pids: Mapping[str, int]
    """Part → its process; what lies below it counts as the part's."""


@contextmanager
def _run_servers(folder: Path, more_flags: Mapping[str, str]) -> Iterator[tuple[Settings, dict[str, int]]]:
    """The servers, Postgres as the stack of one machine configures it."""
    with contextlib.ExitStack() as stack:
        say("starting Postgres, Kafka and the object store")
        postgres = stack.enter_context(run_postgres({**FLAGS, **more_flags}))
        cluster = stack.enter_context(run_cluster(folder / "kafka", 1))
        (folder / "objects").mkdir()
        objects = stack.enter_context(run_seaweedfs(folder / "objects"))
        settings = msgspec.structs.replace(
            postgres, kafka=cluster.bootstrap, s3=objects.url, s3_access_key=objects.user,
            s3_secret_key=objects.password,
        )  # fmt: skip
        pids = {
            "kafka": cluster.brokers[0].pid,
            "objects": objects.pid(),
            "postgres": asyncio.run(_postmaster(settings)),
        }
        asyncio.run(ensure_bucket(settings))
        yield settings, pids


async def _postmaster(settings: Settings) -> int:
    connection = await asyncpg.connect(settings.postgres_owner)
    try:
        return psutil.Process(await connection.fetchval("select pg_backend_pid()")).ppid()
    finally:
        await connection.close()


@contextmanager
def run_parts(
    *, api_processes: int = 1, more_flags: Mapping[str, str] | None = None, log_folder: Path
) -> Iterator[LoadParts]:
    """Start everything; stop and remove it at the end. ``more_flags``: of Postgres."""
    with (
        tempfile.TemporaryDirectory(prefix="clipstream-load-") as place,
        _run_servers(Path(place), more_flags or {}) as (settings, pids),
    ):
        log_folder.mkdir(parents=True, exist_ok=True)
        allow = {"CLIPSTREAM_FETCH_ALLOW": SOURCE_HOST}
        api = [
            ProductProcess(["api"], settings, log_folder / f"api-{number}.log", **allow)
            for number in range(api_processes)
        ]
        relay = ProductProcess(["streams", "--relay"], settings, log_folder / "relay.log")
        try:
            asyncio.run(_start([*api, relay]))
            api_pids = {f"api {number}": _pid(part) for number, part in enumerate(api, start=1)}
            product_pids = api_pids | {"relay": _pid(relay)}
            yield LoadParts(settings=settings, api_ports=[part.port for part in api], pids=product_pids | pids)
        finally:
            for part in (*api, relay):
                part.end()


async def _start(parts: Sequence[ProductProcess]) -> None:
    for part in parts:
        part.start()
    for part in parts:
        await part.until_up()


def _pid(part: ProductProcess) -> int:
    assert part.process is not None
    return part.process.pid


@asynccontextmanager
async def free_places(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """End the place of everything in flight, four times a second, for as long as the block lasts."""

    async def run() -> None:
        while True:
            await connection.execute("delete from admissions")
            await asyncio.sleep(FREE_EVERY_S)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def count_unsent(connection: asyncpg.Connection) -> int:
    """Events in the outbox that are due and not sent."""
    return int(await connection.fetchval("select count(*) from outbox where published_at is null and due_at <= now()"))


async def drain_outbox(settings: Settings, max_s: float) -> int:
    """Wait until everything is sent, for ``max_s`` at most; gives what is left."""
    until_s = asyncio.get_running_loop().time() + max_s
    connection = await asyncpg.connect(settings.postgres_owner)
    try:
        while (left := await count_unsent(connection)) and asyncio.get_running_loop().time() < until_s:
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
    return left
