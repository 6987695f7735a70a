"""Transcripts, moments and intelligence → the search engine, in their newest versions.

Documents are merged by id, so events may come twice and in any order. Tombstones of erased projects are an index of
their own in the engine.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from core.infra.meilisearch import open_search
from core.infra.postgres.known_owners import read_projects
from core.infra.s3.object_store import open_objects
from core.infra.sentence_embeddings import read_rows
from core.ports.stores import Objects, Search
from core.settings import Settings
from core.storage.labels import Labels, PostgresLabels
from schemas import events
from schemas.documents.intelligence import Intelligence
from schemas.documents.moments import ClipFacts, MomentList
from schemas.documents.transcript import Transcript
from streams.runtime.metrics import SINK_ROWS, ProcessMetrics
from streams.sinks.batch_consumer import Arrived, CountWritten, Health, Refused, Sink
from streams.sinks.confirmed_events import handle_confirmed
from streams.sinks.poison import handle_all
from streams.sinks.search import intelligence_documents, search_documents
from streams.sinks.search.pending_writes import IndexedMessage, PendingWrites, find_indexed
from streams.sinks.search.reconcile import DocumentChanges, ProjectDocuments, reconcile_documents, rename_documents
from streams.sinks.search.search_documents import (
    CHAPTERS,
    CLIPS,
    ENTITIES,
    SEARCHED_INDEXES,
    SEGMENTS,
    TOMBSTONES,
    BadReferenceError,
    Document,
    Indexed,
    Renamed,
)
from streams.sinks.search.task_pace import CountedSearch, PacedBatches, TaskPace, pause_until

T = TypeVar("T")
NAME = "meilisearch"
MAX_BATCH_MESSAGES = 400
"""Messages of a batch; most are no documents, and what is written together is limited by `task_pace`."""
DOCUMENTS_PER_TASK = 2_000
IDS_PER_QUERY_LIMIT = 500
DOCUMENTS_PER_PAGE = 1_000
CLIP_EVENTS = (events.MomentsDetected, events.ClipMeasured)
"""Events that only make documents of clips."""


class MeilisearchSink:
    """Writes batches."""

    def __init__(
        self, search: Search, objects: Objects, wrote: CountWritten | None = None, *, labels: Labels | None = None
    ) -> None:
        """All may raise Unavailable: the batch then comes again.

        ``wrote`` gets the index and the number of documents. Without ``labels`` titles are those in the events'
        objects.
        """
        self._search, self._objects, self._wrote = search, objects, wrote or (lambda *_: None)
        self._labels = labels

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        """Write a batch and return the events whose object is missing or wrong."""
        messages = find_indexed(batch)
        await self._erase(
            [indexed_message for indexed_message in messages if isinstance(indexed_message.event, events.ProjectErased)]
        )
        gone = await self._erased(messages)
        retained = [indexed_message for indexed_message in messages if indexed_message.stone not in gone]
        refused: list[Refused] = []
        gathered = PendingWrites()
        for indexed_message in retained:
            try:
                await self._gather(indexed_message.event, indexed_message.arrived.envelope.time, gathered)
            except BadReferenceError as error:
                message = indexed_message.arrived.message
                refused.append(
                    Refused(message=message, reason=error.reason, detail=error.detail, event=indexed_message.event)
                )
        for index, documents in gathered.documents.items():
            await self._write(index, documents)
        await self._forget_older(gathered)
        await self._agree(
            [indexed_message.event for indexed_message in retained if not isinstance(indexed_message.event, Renamed)]
        )
        await self._rename([indexed_message.event for indexed_message in retained])
        await self._forget_late(retained)
        return refused

    async def _gather(self, event: Indexed, at: dt.datetime, gathered: PendingWrites) -> None:
        if isinstance(event, events.MomentsDetected):
            moments = await self._load(event, MomentList)
            gathered.add(CLIPS, search_documents.clip_documents(event, moments, told_at=at))
        elif isinstance(event, events.ClipMeasured):
            facts = await self._load(event, ClipFacts)
            gathered.add(CLIPS, [search_documents.own_clip_document(event, facts, told_at=at)])
        elif isinstance(event, events.IntelligenceCompleted):
            newest = max([await self._newest_version(event, index) for index in (CHAPTERS, ENTITIES)])
            if event.transcript_version < max(newest, gathered.studied_version(event)):
                return
            intelligence = await self._load(event, Intelligence)
            gathered.add(CHAPTERS, intelligence_documents.chapter_documents(event, intelligence, told_at=at))
            gathered.add(ENTITIES, intelligence_documents.entity_documents(event, intelligence, told_at=at))
            gathered.studied[search_documents.tombstone_id(event)] = event
        elif isinstance(event, events.TranscriptCompleted):
            newest = max(await self._newest_version(event, SEGMENTS), gathered.version(event))
            if event.version >= newest:
                transcript = await self._load(event, Transcript)
                if transcript.meaning is not None:
                    search_documents.check_owner(event, transcript.meaning.rows)
                rows = await read_rows(self._objects, transcript.meaning)
                gathered.add(SEGMENTS, search_documents.segment_documents(event, transcript, rows, told_at=at))
                gathered.completed.append(event)

    async def _forget_older(self, gathered: PendingWrites) -> None:
        await self._delete(SEGMENTS, [search_documents.older_filter(event) for event in gathered.completed])
        stale = [intelligence_documents.stale_filter(studied) for studied in gathered.studied.values()]
        for index in (CHAPTERS, ENTITIES):
            await self._delete(index, stale)

    async def _agree(self, changed: Sequence[Indexed]) -> None:
        """Bring the documents of each changed project to one transcript.

        Each process reads after it has written, so that the later of two sees the documents of both. One process
        handles a transcript's partition; moments come by another, so for those only clips are written.
        """
        by_project: dict[str, list[Indexed]] = {}
        for event in changed:
            by_project.setdefault(search_documents.tombstone_id(event), []).append(event)
        updates: dict[str, dict[str, Document]] = {}
        gone: list[str] = []
        for project_events in by_project.values():
            changes = await self._reconcile(project_events[0])
            if changes is None:
                continue
            indexes = (CLIPS,) if all(isinstance(event, CLIP_EVENTS) for event in project_events) else SEARCHED_INDEXES
            for index in indexes:
                updates.setdefault(index, {}).update(
                    {document["id"]: document for document in changes.updates.get(index, ())}
                )
            if changes.gone and ENTITIES in indexes:
                gone.append(search_documents.ids_filter(project_events[0], changes.gone))
        for index, documents in updates.items():
            await self._write(index, documents)
        await self._delete(ENTITIES, gone)

    async def _reconcile(self, event: Indexed) -> DocumentChanges | None:
        """The changes that bring a project's documents to one transcript, or None."""
        document_lists = [await self._everything(event, index) for index in (CLIPS, CHAPTERS, ENTITIES)]
        if not any(document_lists):
            return None
        segments = await self._everything(event, SEGMENTS)
        clips, chapters, entities = document_lists
        return reconcile_documents(
            ProjectDocuments(segments=segments, clips=clips, chapters=chapters, entities=entities)
        )

    async def _rename(self, changed: Sequence[Indexed]) -> None:
        """Give the documents of each changed project its current titles.

        The objects may hold older titles; so this follows each write, not only a renaming.
        """
        if self._labels is None:
            return
        renamed: dict[str, dict[str, Document]] = {}
        stubs: dict[str, list[str]] = {}
        for event in {search_documents.tombstone_id(event): event for event in changed}.values():
            titles = await self._labels.read_titles(event.org_id, event.project_id)
            if titles is None:
                continue
            for index in SEARCHED_INDEXES:
                documents = await self._everything(event, index, search_documents.TITLE_FIELDS)
                if changes := rename_documents(index, documents, titles):
                    renamed.setdefault(index, {}).update({document["id"]: document for document in changes})
                    stubs.setdefault(index, []).append(search_documents.stub_filter(event))
        for index, titled in renamed.items():
            await self._write(index, titled)
            await self._delete(index, stubs[index])

    async def _everything(self, event: Indexed, index: str, fields: Sequence[str] = ("*",)) -> list[Document]:
        """Every document of a project in one index, in order; ``fields`` are those to read."""
        documents: list[Document] = []
        while True:
            start = documents[-1]["ordinal"] + 1 if documents else 0
            options = search_documents.page_options(event, index, start, DOCUMENTS_PER_PAGE, fields)
            hits = (await self._search.search(index, "", options))["hits"]
            documents += hits
            if len(hits) < DOCUMENTS_PER_PAGE:
                return documents

    async def _load(self, event: Indexed, kind: type[T]) -> T:
        """Read the object of an event. Raises BadReferenceError."""
        reference = search_documents.reference_of(event)
        assert reference is not None
        try:
            body = await self._objects.get(reference)
        except KeyError:
            raise BadReferenceError("object.missing", f"{reference.key!r} is not there") from None
        return search_documents.read_document(body, kind)

    async def _newest_version(self, event: Indexed, index: str) -> int:
        hits = (await self._search.search(index, "", search_documents.newest_options(event)))["hits"]
        return int(hits[0]["version"]) if hits else 0

    async def _write(self, index: str, documents: dict[str, Document]) -> None:
        all_documents = list(documents.values())
        for start in range(0, len(all_documents), DOCUMENTS_PER_TASK):
            part = all_documents[start : start + DOCUMENTS_PER_TASK]
            await self._search.upsert(index, part)
            self._wrote(index, len(part))

    async def _erase(self, erasures: Sequence[IndexedMessage]) -> None:
        if not erasures:
            return
        stones = [
            search_documents.tombstone_document(erasure.event, erasure.arrived.envelope.time) for erasure in erasures
        ]
        await self._search.upsert(TOMBSTONES, stones)
        self._wrote(TOMBSTONES, len(stones))
        await self._delete_projects([erasure.event for erasure in erasures])

    async def _delete_projects(self, erased: Sequence[Indexed]) -> None:
        for index in SEARCHED_INDEXES:
            await self._delete(index, [search_documents.project_filter(event) for event in erased])

    async def _delete(self, index: str, filters: Sequence[str]) -> None:
        """Delete what matches one of the filters, as one task: the engine works its tasks off one by one."""
        if filters:
            await self._search.delete(index, " OR ".join(f"({filter_text})" for filter_text in dict.fromkeys(filters)))

    async def _erased(self, messages: Sequence[IndexedMessage]) -> set[str]:
        """Find the tombstones of these events' projects."""
        ids = sorted({message.stone for message in messages})
        gone: set[str] = set()
        for start in range(0, len(ids), IDS_PER_QUERY_LIMIT):
            wanted_ids = ids[start : start + IDS_PER_QUERY_LIMIT]
            options = {"filter": search_documents.tombstones_filter(wanted_ids), "limit": len(wanted_ids)}
            gone |= {hit["id"] for hit in (await self._search.search(TOMBSTONES, "", options))["hits"]}
        return gone

    async def _forget_late(self, messages: Sequence[IndexedMessage]) -> None:
        """Delete documents of projects that another process erased between the question and the write."""
        gone = await self._erased(messages)
        await self._delete_projects([message.event for message in messages if message.stone in gone])


def _count(metrics: ProcessMetrics, table: str, rows: int) -> None:
    metrics.count(SINK_ROWS, rows, sink=NAME, table=table)


async def run_meilisearch_sink(
    settings: Settings, stop: asyncio.Event, health: Health, metrics: ProcessMetrics
) -> None:
    """Run the sink until ``stop``; ``health`` is called after each completed poll."""
    pace = TaskPace(asyncio.get_running_loop().time)
    search, objects = open_search(settings), open_objects(settings)
    labels = PostgresLabels(settings.postgres_worker, name="clipstream-search")
    try:
        counted_search = CountedSearch(search, pace)
        sink = MeilisearchSink(counted_search, objects, partial(_count, metrics), labels=labels)
        ask = partial(labels.ask, read_projects)
        handle_once = partial(handle_all, partial(handle_confirmed, sink.handle, ask), NAME)
        paced = PacedBatches(handle_once, pace, pause_until(stop), health)
        loop = Sink(
            settings=settings,
            name=NAME,
            handle=paced.handle,
            most=MAX_BATCH_MESSAGES,
            stop=stop,
            health=health,
            metrics=metrics,
        )
        await loop.run(search_documents.TOPICS)
    finally:
        await labels.close()
        search.close()
        objects.close()
