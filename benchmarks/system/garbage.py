"""What garbage on ``uploads.v1`` costs good uploads: in the consumer of ingest, and in both sinks.

``python -m benchmarks.system.garbage [--quick]``. Ingest: 2,000 good uploads through claim, empty work and commit; and
the same with 10,000 messages among them that are no events. The work itself is left out: with it the ratio is smaller.
Sinks: a real Kafka holds 2,000 projects' first events, and the same with 10,000 such messages among them; the real sink
takes them into the real store, from its first batch to the end of the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks.harness.claims import Claim, percentile, spread
from benchmarks.harness.rig import Rig, judged
from core.infra.clickhouse import migrate_clickhouse
from core.infra.meilisearch import migrate_meilisearch
from core.infra.postgres.connection import create_pool
from core.services.upload_signatures import sign_as_relay
from core.settings import Settings
from schemas import codec, events
from schemas.topics import PARTITIONS, route
from streams.runtime.metrics import OF_SINK, SINK_LAG, ProcessMetrics
from streams.sinks.clickhouse.sink import run_clickhouse_sink
from streams.sinks.search.sink import run_meilisearch_sink
from tests.contract.rigs.brokers import run_cluster
from tests.contract.rigs.postgres import new_org, run_postgres
from tests.contract.rigs.servers import run_clickhouse_front, run_search_front
from tests.contract.runtime.test_poison import Rig as ConsumerRig
from tests.support.keys import ring_of

LIMIT_RATIO = 1.2
GOOD_COUNT, BAD_COUNT = 2_000, 10_000
PROGRESS_COUNT = 10
"""Events of a project's progress that follow its upload: fewer than a real one has."""
ROUNDS_COUNT = 5
Run = Callable[[Settings, asyncio.Event, Callable[[], None], ProcessMetrics], Awaitable[None]]


async def _seconds(settings: Settings, good_count: int, bad_count: int) -> float:
    pool = await create_pool(settings.postgres_worker, size=4)
    rig = ConsumerRig(settings, pool, await new_org(settings))
    began = time.perf_counter()
    for _ in range(good_count):
        for _ in range(bad_count // good_count):
            await rig.take(b"no event", {})
        body = rig.body()
        assert await rig.take(body, rig.headers(body)) == "committed"
    spent_s = time.perf_counter() - began
    await pool.close()
    return spent_s


async def _measure(settings: Settings, *, quick: bool) -> list[Claim]:
    good_count, bad_count = (GOOD_COUNT, BAD_COUNT) if not quick else (200, 1_000)
    await _seconds(settings, 50, 0)
    alone_s = await _seconds(settings, good_count, 0)
    among_s = await _seconds(settings, good_count, bad_count)
    details = (f"{good_count} good ones alone: {alone_s:.1f} s; with {bad_count} bad ones: {among_s:.1f} s",)
    return [Claim(name="good uploads among garbage", measured=among_s / alone_s, limit=LIMIT_RATIO, where=details)]


async def _publish(settings: Settings, good_count: int, bad_count: int) -> None:
    """Write good projects' events, with garbage among them on ``uploads.v1``."""
    org_id, project_ids = await new_org(settings), [uuid4() for _ in range(good_count)]
    await _write_projects(settings, org_id, project_ids)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", linger_ms=20)
    await producer.start()
    deliveries: list[Any] = []
    for number, project_id in enumerate(project_ids):
        upload = events.UploadReceived(org_id=org_id, project_id=project_id, source_url="https://example.org/a")
        progress = events.ProjectProgressed(
            org_id=org_id, project_id=project_id, version=1, stage="render", state="running", percent=9,
            elapsed_ms=9, cpu_ms=9,
        )  # fmt: skip
        for event in (upload, *[progress] * PROGRESS_COUNT):
            deliveries.append(await _send(producer, event))
        for _ in range(bad_count // good_count):
            deliveries.append(await producer.send("uploads.v1", b"no event", partition=number % PARTITIONS))
    await asyncio.gather(*deliveries)
    await producer.stop()


async def _write_projects(settings: Settings, org_id: UUID, project_ids: Sequence[UUID]) -> None:
    """Rows of running projects: the sinks count only what rows confirm."""
    owner = await asyncpg.connect(settings.postgres_owner)
    await owner.execute("select set_config('app.org', $1, false)", str(org_id))
    await owner.execute(
        "insert into projects (org_id, project_id, source_url, options, state) "
        "select $1, unnest($2::uuid[]), 'https://example.org/a', '{}', 'running'",
        org_id,
        list(project_ids),
    )
    await owner.close()


async def _send(producer: Any, event: events.AnyEvent) -> Any:
    topic, key, slot = route(event)
    envelope = codec.Envelope(
        id=uuid4(), source="/bench", type=codec.type_name(type(event)), time=dt.datetime.now(dt.UTC)
    )
    body, headers = codec.encode(event), codec.encode_headers(envelope)
    if isinstance(event, events.UploadReceived):
        headers |= sign_as_relay(headers, body, ring=ring_of(), org_id=event.org_id)
    pairs = [(name, value.encode()) for name, value in headers.items()]
    return await producer.send(topic.name, body, key=str(key).encode(), partition=slot % PARTITIONS, headers=pairs)


async def _drain_s(run: Run, name: str, settings: Settings) -> float:
    """Seconds from a sink's first batch until it is at the end of the log."""
    stop, metrics, beats = asyncio.Event(), ProcessMetrics(OF_SINK), list[float]()
    task = asyncio.ensure_future(run(settings, stop, lambda: beats.append(time.perf_counter()), metrics))
    began = 0.0
    while True:
        await asyncio.sleep(0.005)
        lag = metrics.registry.get_sample_value(SINK_LAG.name, {"sink": name})
        if lag and not began:
            began = time.perf_counter()
        if began and lag == 0:
            break
        if task.done():
            await task
    spent_s = time.perf_counter() - began
    stop.set()
    await task
    return spent_s


async def _measure_sink(run: Run, name: str, settings: Settings, *, quick: bool) -> Claim:
    good_count, bad_count = (GOOD_COUNT, BAD_COUNT) if not quick else (200, 1_000)
    await _publish(settings, 50, 0)
    await _drain_s(run, name, settings)
    alone, among = list[float](), list[float]()
    for _ in range(1 if quick else ROUNDS_COUNT):
        for spent, bad in ((alone, 0), (among, bad_count)):
            await _publish(settings, good_count, bad)
            spent.append(await _drain_s(run, name, settings))
    ratio = percentile(among, 0.5) / percentile(alone, 0.5)
    details = (f"{good_count} projects alone, s: {spread(alone)}", f"with {bad_count} bad messages, s: {spread(among)}")
    return Claim(name=f"good projects among garbage, sink {name}", measured=ratio, limit=LIMIT_RATIO, where=details)


@contextlib.contextmanager
def _stores(postgres: Settings) -> Iterator[Settings]:
    """A broker and both sinks' stores."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for part in ("kafka", "columns", "search"):
            (folder / part).mkdir()
        kafka = stack.enter_context(run_cluster(folder / "kafka", 1)).bootstrap
        columns = stack.enter_context(run_clickhouse_front(folder / "columns"))
        search = stack.enter_context(run_search_front(folder / "search"))
        yield msgspec.structs.replace(
            postgres, kafka=kafka, clickhouse=columns.url, meilisearch=search.url, meilisearch_key=search.password
        )


async def _measure_sinks(settings: Settings, *, quick: bool) -> list[Claim]:
    await migrate_clickhouse(settings)
    await migrate_meilisearch(settings)
    return [
        await _measure_sink(run_clickhouse_sink, "clickhouse", settings, quick=quick),
        await _measure_sink(run_meilisearch_sink, "meilisearch", settings, quick=quick),
    ]


def bench(rig: Rig) -> list[Claim]:
    """A ratio of the same run for ingest and for each sink."""
    with run_postgres() as settings:
        claims = asyncio.run(_measure(settings, quick=rig.quick))
        with _stores(settings) as store_settings:
            return claims + asyncio.run(_measure_sinks(store_settings, quick=rig.quick))


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
