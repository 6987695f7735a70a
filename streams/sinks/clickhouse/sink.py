"""All topics → ClickHouse: rows of events, segments, moments, sub-scores, costs, checks and labels.

Of customers' words it stores titles and metadata alone (`labels`), and nothing of an erased project.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TypeAlias
from uuid import UUID

from core.errors import InputRejected
from core.infra.clickhouse import open_analytics, schema_text
from core.infra.kafka.message import Message
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Pool, create_pool
from core.infra.postgres.known_owners import read_owners
from core.infra.s3.object_store import open_objects
from core.ports.stores import Analytics, Objects
from core.services.upload_signatures import KEY, Verifier, is_internal
from core.settings import Settings
from core.storage.labels import Labels, PostgresLabels
from schemas import codec, events
from schemas.documents.moments import ClipFacts, MomentList
from schemas.documents.transcript import Transcript
from streams.runtime.metrics import SINK_ROWS, ProcessMetrics
from streams.sinks.batch_consumer import ALL_TOPICS, Arrived, CountWritten, Health, Refused, Sink
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import COLUMNS, TOMBSTONE_COLUMNS, ProjectKey, erased_of, project_key
from streams.sinks.clickhouse.storable_rows import UNSTORABLE, event_row, find_unstorable_fact, refuse, split_storable
from streams.sinks.confirmed_events import handle_confirmed
from streams.sinks.poison import handle_all
from streams.sinks.search.search_documents import BadReferenceError, Indexed, read_document, reference_of

NAME = "clickhouse"
MAX_BATCH_MESSAGES = 2_000
"""Messages of a batch.

Some refer to an object to read: a batch must end well before the sink counts as stalled.
"""
ERASURES = ("erase_events.sql", *(f"erase_{table}.sql" for table in fact_rows.TABLES))
IDS_PER_QUERY_LIMIT = 500
Verify: TypeAlias = Callable[[Message, codec.Envelope, events.UploadReceived], Awaitable[None]]
"""Raises InputRejected for an upload with a false sender: its organisation may be any."""


def batch_token(batch: Sequence[Arrived]) -> str:
    """A token of a batch, from its first and last offset in each partition.

    Equal batches have equal tokens.
    """
    places: dict[tuple[str, int], list[int]] = {}
    for arrived in batch:
        places.setdefault((arrived.message.topic, arrived.message.partition), []).append(arrived.message.offset)
    text = ";".join(f"{topic}-{p}-{min(at)}-{max(at)}-{len(at)}" for (topic, p), at in sorted(places.items()))
    return hashlib.sha256(text.encode()).hexdigest()


class ClickHouseSink:
    """Writes batches."""

    def __init__(
        self,
        analytics: Analytics,
        objects: Objects,
        verify: Verify,
        wrote: CountWritten | None = None,
        *,
        labels: Labels | None = None,
    ) -> None:
        """All may raise Unavailable: the batch then comes again.

        ``wrote`` gets the table and the number of rows. Without ``labels`` only the labels of uploads are written.
        """
        self._analytics, self._objects, self._labels = analytics, objects, labels
        self._verify, self._wrote = verify, wrote or (lambda *_: None)

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        """Write a batch and return the events that no table can hold, or whose object is missing or wrong.

        Twice, or in another order, gives the same rows.
        """
        trusted = [arrived for arrived in batch if await self._is_trusted(arrived)]
        await self._erase([arrived for arrived in trusted if isinstance(arrived.event, events.ProjectErased)])
        erased_keys = await self._erased({project_key(arrived.event) for arrived in trusted})
        retained = [arrived for arrived in trusted if project_key(arrived.event) not in erased_keys]
        if not retained:
            return ()
        storable, unstorable = split_storable(retained)
        rows, refused = await self._facts(storable)
        await self._insert("events", COLUMNS, [event_row(arrived) for arrived in storable], storable)
        for table, table_rows in rows.items():
            await self._insert(table, fact_rows.COLUMNS[table], table_rows, storable)
        late_erased = await self._erased({project_key(arrived.event) for arrived in retained})
        await self._delete(late_erased)  # erased by another process between the question and the insert
        return [*unstorable, *refused]

    async def _insert(
        self, table: str, columns: Sequence[str], rows: list[list[object]], batch: Sequence[Arrived]
    ) -> None:
        if rows:
            await self._analytics.insert(table, columns, rows, batch_token(batch))
            self._wrote(table, len(rows))

    async def _facts(self, batch: Sequence[Arrived]) -> tuple[fact_rows.Rows, list[Refused]]:
        """Rows of the events and their objects, and the events with a bad object or an impossible number."""
        rows: fact_rows.Rows = {table: [] for table in fact_rows.TABLES}
        refused: list[Refused] = []
        for arrived in batch:
            try:
                facts = await self._facts_of(arrived)
            except BadReferenceError as error:
                refused.append(refuse(arrived, error.reason, error.detail))
                continue
            except OverflowError as error:
                refused.append(refuse(arrived, UNSTORABLE, f"a time is out of range: {error}"))
                continue
            if fault := find_unstorable_fact(facts):
                refused.append(refuse(arrived, UNSTORABLE, fault))
                continue
            for table, table_rows in facts.items():
                rows[table] += table_rows
        return rows, refused

    async def _facts_of(self, arrived: Arrived) -> fact_rows.Rows:
        event = arrived.event
        if isinstance(event, events.UploadReceived):
            return fact_rows.label_rows(arrived.envelope, event, [fact_rows.upload_label(event)])
        rows = await self._build_rows(arrived)
        if isinstance(event, fact_rows.Labelling) and self._labels is not None:
            clip_id, exports = getattr(event, "clip_id", None), fact_rows.exports_named(event)
            labels = await self._labels.read_labels_of(event.org_id, event.project_id, clip_id, exports)
            rows = rows | fact_rows.label_rows(arrived.envelope, event, labels)
        return rows

    async def _build_rows(self, arrived: Arrived) -> fact_rows.Rows:
        event, envelope = arrived.event, arrived.envelope
        if isinstance(event, events.CostIncurred):
            return fact_rows.cost_rows(envelope, event)
        if isinstance(event, events.ExportCompleted):
            return fact_rows.check_rows(envelope, event)
        if isinstance(event, events.TranscriptCompleted):
            return fact_rows.segment_rows(envelope, event, read_document(await self._load(event), Transcript))
        if isinstance(event, events.MomentsDetected):
            return fact_rows.moment_rows(envelope, event, read_document(await self._load(event), MomentList))
        if isinstance(event, events.ClipMeasured):
            return fact_rows.own_clip_rows(envelope, event, read_document(await self._load(event), ClipFacts))
        return {}

    async def _load(self, event: Indexed) -> bytes:
        """Read the object of an event. Raises BadReferenceError."""
        reference = reference_of(event)
        assert reference is not None
        try:
            return await self._objects.get(reference)
        except KeyError:
            raise BadReferenceError("object.missing", f"{reference.key!r} is not there") from None

    async def _is_trusted(self, arrived: Arrived) -> bool:
        """Whether an upload has a true sender; ingest writes the dead letter of a false one."""
        if not isinstance(arrived.event, events.UploadReceived):
            return True
        try:
            await self._verify(arrived.message, arrived.envelope, arrived.event)
        except InputRejected:
            return False
        return True

    async def _erase(self, erasures: Sequence[Arrived]) -> None:
        if not erasures:
            return
        rows = [(*project_key(erasure.event), erasure.envelope.time) for erasure in erasures]
        await self._analytics.insert("tombstones", TOMBSTONE_COLUMNS, rows, batch_token(erasures))
        self._wrote("tombstones", len(rows))
        await self._delete(erased_of(erasure.event for erasure in erasures))

    async def _erased(self, keys: Collection[ProjectKey]) -> set[ProjectKey]:
        """Find the erased projects among these."""
        sql = schema_text("statements", "erased_projects.sql")
        ids = sorted({str(project_id) for _, project_id in keys})
        erased: set[ProjectKey] = set()
        for start in range(0, len(ids), IDS_PER_QUERY_LIMIT):
            rows = await self._analytics.query(sql, {"project_ids": ids[start : start + IDS_PER_QUERY_LIMIT]})
            erased |= {(UUID(str(row["org_id"])), UUID(str(row["project_id"]))) for row in rows}
        return erased & set(keys)

    async def _delete(self, keys: Collection[ProjectKey]) -> None:
        for org_id, project_id in sorted(keys):
            for name in ERASURES:
                sql = schema_text("statements", name)
                await self._analytics.command(sql, {"org_id": str(org_id), "project_id": str(project_id)})


class _LazyVerifier:
    """A Verifier whose pool opens at the first upload of an outside producer.

    The API's own uploads need no question to Postgres.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ring = open_key_ring(settings)
        self._pool: Pool | None = None

    async def verify(self, message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
        """Raises InputRejected, or Unavailable while Postgres is away."""
        key_id = message.headers.get(KEY)
        if self._pool is None and key_id and not is_internal(key_id):
            self._pool = await create_pool(self._settings.postgres_worker, size=1, name="clipstream-sink")
        await Verifier(pool=self._pool, ring=self._ring).verify(message, envelope, event)

    async def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            await self._pool.close()


def _count(metrics: ProcessMetrics, table: str, rows: int) -> None:
    metrics.count(SINK_ROWS, rows, sink=NAME, table=table)


async def run_clickhouse_sink(settings: Settings, stop: asyncio.Event, health: Health, metrics: ProcessMetrics) -> None:
    """Run the sink until ``stop``; ``health`` is called after each completed poll."""
    analytics, objects = await open_analytics(settings), open_objects(settings)
    verifier = _LazyVerifier(settings)
    labels = PostgresLabels(settings.postgres_worker, name="clipstream-analytics")
    try:
        sink = ClickHouseSink(analytics, objects, verifier.verify, partial(_count, metrics), labels=labels)
        ask = partial(labels.ask, read_owners)
        handle = partial(handle_all, partial(handle_confirmed, sink.handle, ask), NAME)
        loop = Sink(
            settings=settings,
            name=NAME,
            handle=handle,
            most=MAX_BATCH_MESSAGES,
            stop=stop,
            health=health,
            metrics=metrics,
        )
        await loop.run(ALL_TOPICS)
    finally:
        await labels.close()
        await verifier.close()
        objects.close()
        await analytics.close()
