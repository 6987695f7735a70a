"""The whole pipeline in this process, without Kafka: each outbox row goes to every stage and sink that takes it.

Real Postgres, objects, search and analytics; twins for Triton only.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import pytest

from api.http.limits.rate_limits import TokenBuckets
from core.errors import InputRejected
from core.infra.clickhouse import migrate_clickhouse, open_analytics
from core.infra.kafka.message import Message
from core.infra.meilisearch import migrate_meilisearch, open_search
from core.infra.postgres.connection import Pool, Row, create_pool, org_transaction, transaction
from core.ports.stores import Logged
from core.services.erasure import erase
from core.settings import Settings
from schemas import codec, events
from schemas.stages import STAGES
from schemas.topics import BY_NAME, PARTITIONS
from streams.registry import make_stage
from streams.runtime.attempts import Attempts
from streams.runtime.context import StageContext
from streams.runtime.stage import Commit, Stage, Work
from streams.sinks.batch_consumer import Arrived
from streams.sinks.clickhouse.sink import ClickHouseSink
from streams.sinks.search.sink import MeilisearchSink
from tests.contract.rigs.api_world import World, open_store, open_world
from tests.contract.rigs.search_keys import open_api_search, with_search_key
from tests.contract.rigs.servers import Server
from tests.contract.rigs.stage_rig import RULES, SPANS, context_with_fakes

NOT_HERE = ("deliver",)
"""It calls receivers, and no project waits for it."""
MOST_EVENTS = 2000
"""More than a project of a few seconds makes: beyond, events call for one another without end."""
MOST_A_MINUTE = 1_000_000
"""Requests without a valid key: a test sends as many as it likes."""
_FRESH = "select * from outbox where seq > $1 order by seq"


class Nowhere:
    """The outside network, where nothing answers."""

    async def download(self, *_: object, **__: object) -> AsyncIterator[int]:
        raise InputRejected("url.not_found", "There is no such host.")
        yield 0


class RefusingStage:
    """A stage that refuses each event of its kind, and gives up as the real one does."""

    def __init__(self, stage: Stage) -> None:
        self.name, self._stage = stage.name, stage

    def wants(self, event: events.AnyEvent) -> bool:
        return self._stage.wants(event)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        raise InputRejected("media.corrupt", "It is broken.")

    async def give_up(self, *arguments: Any) -> None:
        await self._stage.give_up(*arguments)


class Pipeline:
    """One organisation's events, with all stages and sinks that take them."""

    def __init__(
        self, world: World, context: StageContext, sinks: tuple[ClickHouseSink, MeilisearchSink], relay: Pool
    ) -> None:
        self.world, self.context, self.sinks, self._relay = world, context, sinks, relay
        self.client, self.org_id = world.ann.client, world.ann.org_id
        self.stages = {name: self._attempts(make_stage(name, context)) for name in STAGES if name not in NOT_HERE}
        self._seen, self._taken = 0, 0
        context.log = self

    def _attempts(self, stage: Stage) -> tuple[Stage, Attempts]:
        return stage, Attempts(
            pool=self.context.pool, stage=stage, worker="w", rules=RULES, clock=lambda: dt.datetime.now(dt.UTC)
        )

    async def count_partitions(self, topic: str) -> int:
        return PARTITIONS

    async def read(self, topic: str, partition: int, since: dt.datetime) -> AsyncIterator[Logged]:
        """Messages of a topic, for replays."""
        async with org_transaction(self.world.api, self.org_id) as rows:
            sql = "select * from outbox where topic = $1 and partition % $3 = $2"
            kept = await rows.fetch(sql, topic, partition, PARTITIONS)
        for row in kept:
            yield Logged(key=row["key"], headers=row["headers"], payload=row["payload"])

    async def run(self, *, until: type[Any] | None = None) -> int:
        """Process everything that is due and all that follows, or stop before an event of this type.

        Returns how many events were taken.
        """
        taken_before = self._taken
        while rows := await self._fresh():
            for row in rows:
                arrived = self._arrived(row)
                if until is not None and isinstance(arrived.event, until):
                    return self._taken - taken_before
                self._seen, self._taken = row["seq"], self._taken + 1
                assert self._taken < MOST_EVENTS, f"it does not come to an end: {arrived.event}"
                await self._take(arrived)
        return self._taken - taken_before

    async def run_refused(self, name: events.Stage) -> None:
        """Process everything that is due, while one stage refuses what it is given."""
        real = self.stages[name]
        self.stages[name] = self._attempts(RefusingStage(real[0]))
        await self.run()
        self.stages[name] = real

    async def _fresh(self) -> list[Row]:
        """Events that are not taken yet; each has its place in its lane at once."""
        async with org_transaction(self.world.api, self.org_id) as rows:
            fresh = list(await rows.fetch(_FRESH, self._seen))
        async with transaction(self._relay) as rows:
            await rows.execute("update outbox set waits = false where seq = any($1)", [row["seq"] for row in fresh])
        return fresh

    def _arrived(self, row: Row) -> Arrived:
        envelope, event = codec.decode(BY_NAME[row["topic"]], row["headers"], row["payload"])
        place = {"topic": row["topic"], "partition": row["partition"], "offset": row["seq"], "key": row["key"]}
        message = Message(**place, headers=row["headers"], payload=row["payload"])
        return Arrived(message=message, envelope=envelope, event=event)

    async def _take(self, arrived: Arrived) -> None:
        for name in BY_NAME[arrived.message.topic].consumers:
            stage, attempts = self.stages.get(name, (None, None))
            if stage and attempts and stage.wants(arrived.event):
                await attempts.run(arrived.message, arrived.envelope, arrived.event)
        for sink in self.sinks:
            assert not list(await sink.handle([arrived])), arrived.event
        if isinstance(arrived.event, events.ProjectErased):
            await erase(self.context.pool, self.context.objects, self.org_id, arrived.event.project_id)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Make a request that must succeed, and return its answer."""
        answer = await self.client.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content and "json" in answer.headers["content-type"] else {}

    async def upload(self, file: bytes, **wanted: Any) -> str:
        """A file sent by its signed URL; the id of the upload."""
        told = {"filename": "film.mp4", "size_bytes": len(file)} | wanted
        signed = await self.ask("POST", "/v1/uploads/sign", told)
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.put(signed["url"], content=file, headers=signed["headers"])).is_success
        return str(signed["upload_id"])

    async def project(self, file: bytes, **options: Any) -> str:
        """A project of a file; nothing has worked on it yet."""
        wanted = {"upload_id": await self.upload(file), "title": "A film", "options": options}
        return str((await self.ask("POST", "/v1/projects", wanted))["project_id"])


async def _no_key(*_: object) -> None:
    """Every upload here is the API's own."""


@pytest.fixture(name="pipeline")
async def make_pipeline(
    postgres: Settings, seaweedfs: Server, clickhouse_front: Server, search_front: Server, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    settings = msgspec.structs.replace(
        postgres, clickhouse=clickhouse_front.url, meilisearch=search_front.url, meilisearch_key=search_front.password,
        work_dir=str(tmp_path / "work"), spans=SPANS,
    )  # fmt: skip
    await migrate_clickhouse(settings)
    await migrate_meilisearch(settings)
    async with AsyncExitStack() as stack:
        objects = await stack.enter_async_context(open_store(settings, seaweedfs, f"pipeline-{uuid4().hex[:8]}"))
        analytics, search = await open_analytics(settings), open_api_search(settings)
        stack.push_async_callback(analytics.close)
        stack.callback(search.close)
        index = open_search(with_search_key(settings, "sink-meilisearch"))
        stack.callback(index.close)
        pool = await create_pool(settings.postgres_worker, size=4)
        stack.push_async_callback(pool.close)
        relay = await create_pool(settings.postgres_relay, size=1)
        stack.push_async_callback(relay.close)
        refusals = TokenBuckets(MOST_A_MINUTE, time.monotonic)
        world = await stack.enter_async_context(
            open_world(
                settings, analytics=analytics, search=search, objects=objects, uploads=objects, refusals=refusals
            )
        )
        context = context_with_fakes(settings, pool, objects=objects, outside=Nowhere())
        stack.push_async_callback(context.close)
        sinks = (ClickHouseSink(analytics, objects, _no_key), MeilisearchSink(index, objects))
        yield Pipeline(world, context, sinks, relay)
