"""All topics → ClickHouse: every event one row. Never stores customers' words, nor anything of an erased project."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TypeAlias
from uuid import UUID

from schemas import codec, events
from streams.adapters.clickhouse import open_analytics, schema_text
from streams.adapters.ports import Analytics
from streams.adapters.postgres import Pool, create_pool
from streams.errors import Rejected
from streams.messages import Message
from streams.metrics import SINK_ROWS, Metrics
from streams.producers import INTERNAL_KEY_ID, KEY, Verifier
from streams.settings import Settings
from streams.sinks.batches import ALL_TOPICS, Arrived, Health, Refused, Sink, Wrote
from streams.sinks.isolate import handle_all
from streams.sinks.rows import COLUMNS, TOMBSTONE_COLUMNS, ProjectKey, erased_of, project_key, row_of

NAME = "clickhouse"
MOST_RECORDS = 5_000
IDS_A_QUESTION = 500
Verify: TypeAlias = Callable[[Message, codec.Envelope, events.UploadReceived], Awaitable[None]]
"""Raises Rejected for an upload whose sender is not who it says: its org may be anybody's."""


def token_of(batch: Sequence[Arrived]) -> str:
    """The same batch has the same token: where it begins and ends in each partition."""
    places: dict[tuple[str, int], list[int]] = {}
    for one in batch:
        places.setdefault((one.message.topic, one.message.partition), []).append(one.message.offset)
    text = ";".join(f"{topic}-{p}-{min(at)}-{max(at)}-{len(at)}" for (topic, p), at in sorted(places.items()))
    return hashlib.sha256(text.encode()).hexdigest()


class ClickHouseSink:
    """Writes batches."""

    def __init__(self, analytics: Analytics, verify: Verify, wrote: Wrote | None = None) -> None:
        """Both may raise Unavailable: the batch then comes again. ``wrote`` is told the table and how many rows."""
        self._analytics, self._verify, self._wrote = analytics, verify, wrote or (lambda *_: None)

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        """Write a batch. Doing it twice, or in another order, leaves the same rows."""
        trusted = [one for one in batch if await self._is_trusted(one)]
        await self._erase([one for one in trusted if isinstance(one.event, events.ProjectErased)])
        gone = await self._erased({project_key(one.event) for one in trusted})
        kept = [one for one in trusted if project_key(one.event) not in gone]
        if kept:
            await self._analytics.insert("events", COLUMNS, [_row(one) for one in kept], token_of(kept))
            self._wrote("events", len(kept))
            late = await self._erased({project_key(one.event) for one in kept})
            await self._delete(late)  # erased by another process between the question and the insert
        return ()

    async def _is_trusted(self, one: Arrived) -> bool:
        """An upload may come from outside; ingest writes the dead letter about a false one."""
        if not isinstance(one.event, events.UploadReceived):
            return True
        try:
            await self._verify(one.message, one.envelope, one.event)
        except Rejected:
            return False
        return True

    async def _erase(self, erasures: Sequence[Arrived]) -> None:
        if not erasures:
            return
        rows = [(*project_key(one.event), one.envelope.time) for one in erasures]
        await self._analytics.insert("tombstones", TOMBSTONE_COLUMNS, rows, token_of(erasures))
        self._wrote("tombstones", len(rows))
        await self._delete(erased_of(one.event for one in erasures))

    async def _erased(self, keys: Collection[ProjectKey]) -> set[ProjectKey]:
        """Those of these projects that have a tombstone."""
        sql = schema_text("statements", "erased_projects.sql")
        ids = sorted({str(project_id) for _, project_id in keys})
        found: set[ProjectKey] = set()
        for start in range(0, len(ids), IDS_A_QUESTION):
            rows = await self._analytics.query(sql, {"project_ids": ids[start : start + IDS_A_QUESTION]})
            found |= {(UUID(str(row["org_id"])), UUID(str(row["project_id"]))) for row in rows}
        return found & set(keys)

    async def _delete(self, keys: Collection[ProjectKey]) -> None:
        sql = schema_text("statements", "erase_events.sql")
        for org_id, project_id in sorted(keys):
            await self._analytics.command(sql, {"org_id": str(org_id), "project_id": str(project_id)})


def _row(one: Arrived) -> list[object]:
    message = one.message
    return row_of(one.envelope, one.event, topic=message.topic, partition=message.partition, offset=message.offset)


class _LazyVerifier:
    """A Verifier whose pool opens at the first upload of a producer outside: our own need no question to Postgres."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: Pool | None = None

    async def verify(self, message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
        """Raises Rejected, or Unavailable while Postgres is away."""
        if self._pool is None and message.headers.get(KEY) not in (None, "", INTERNAL_KEY_ID):
            self._pool = await create_pool(self._settings.postgres_worker, size=1, name="clipstream-sink")
        await Verifier(pool=self._pool, master=self._settings.secret).verify(message, envelope, event)

    async def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            await self._pool.close()


def _count(metrics: Metrics, table: str, rows: int) -> None:
    metrics.count(SINK_ROWS, rows, sink=NAME, table=table)


async def run_clickhouse_sink(settings: Settings, stop: asyncio.Event, health: Health, metrics: Metrics) -> None:
    """Run the sink until ``stop``; ``health`` is called after each poll that came to its end."""
    analytics = await open_analytics(settings)
    verifier = _LazyVerifier(settings)
    try:
        sink = ClickHouseSink(analytics, verifier.verify, partial(_count, metrics))
        handle = partial(handle_all, sink.handle, NAME)
        loop = Sink(
            settings=settings, name=NAME, handle=handle, most=MOST_RECORDS, stop=stop, health=health, metrics=metrics
        )
        await loop.run(ALL_TOPICS)
    finally:
        await verifier.close()
        await analytics.close()
