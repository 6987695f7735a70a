"""Transcripts and moments → the search engine. Never an old transcript over a newer, nor an erased project back.

Documents are merged by id, so events may come twice and in any order. Tombstones of erased projects are an index of
their own in the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

import msgspec

from schemas import events
from schemas.documents import MomentList, Transcript
from streams.adapters.meilisearch import open_search
from streams.adapters.objects import open_objects
from streams.adapters.ports import Objects, Search
from streams.metrics import SINK_ROWS, Metrics
from streams.settings import Settings
from streams.sinks import documents
from streams.sinks.batches import Arrived, Health, Refused, Sink, Wrote
from streams.sinks.documents import CLIPS, SEGMENTS, TOMBSTONES, BadReferenceError, Document, Indexed
from streams.sinks.isolate import handle_all

T = TypeVar("T")
NAME = "meilisearch"
MOST_RECORDS = 100
"""Each may be an object to read and a task to wait for: a batch must end well before the sink counts as stalled."""
DOCUMENTS_A_TASK = 2_000
IDS_A_QUESTION = 500


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A message that changes what can be found."""

    arrived: Arrived
    event: Indexed

    @property
    def stone(self) -> str:
        """Id of its project's tombstone, if it has one."""
        return documents.tombstone_id(self.event)


class Gathered:
    """What a batch comes to, before it is written: documents by id, and the transcripts they are of."""

    def __init__(self) -> None:
        """Empty."""
        self.segments: dict[str, Document] = {}
        self.clips: dict[str, Document] = {}
        self.completed: list[events.TranscriptCompleted] = []

    def version(self, event: events.TranscriptCompleted) -> int:
        """Newest version of the event's transcript so far, 0 when there is none."""
        owner = (event.org_id, event.project_id)
        return max((e.version for e in self.completed if (e.org_id, e.project_id) == owner), default=0)


def find(batch: Sequence[Arrived]) -> list[Found]:
    """What of a batch concerns search."""
    pairs = ((one, one.event) for one in batch)
    return [Found(arrived=one, event=event) for one, event in pairs if isinstance(event, Indexed)]


class MeilisearchSink:
    """Writes batches."""

    def __init__(self, search: Search, objects: Objects, wrote: Wrote | None = None) -> None:
        """Both may raise Unavailable: the batch then comes again. ``wrote``: told the index and how many documents."""
        self._search, self._objects, self._wrote = search, objects, wrote or (lambda *_: None)

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        """Write a batch; returns the events whose object is missing or wrong."""
        found = find(batch)
        await self._erase([one for one in found if isinstance(one.event, events.ProjectErased)])
        gone = await self._erased(found)
        kept = [one for one in found if one.stone not in gone]
        refused: list[Refused] = []
        gathered = Gathered()
        for one in kept:
            try:
                await self._gather(one.event, gathered)
            except BadReferenceError as error:
                message = one.arrived.message
                refused.append(Refused(message=message, reason=error.reason, detail=error.detail, event=one.event))
        await self._write(SEGMENTS, gathered.segments)
        await self._write(CLIPS, gathered.clips)
        for event in gathered.completed:
            await self._search.delete(SEGMENTS, documents.older_filter(event))
        await self._forget_late(kept)
        return refused

    async def _gather(self, event: Indexed, gathered: Gathered) -> None:
        if isinstance(event, events.ClipSelected):
            _merge(gathered.clips, [documents.clip_document(event)])
        elif isinstance(event, events.MomentsDetected):
            _merge(gathered.clips, documents.clip_documents(event, await self._load(event, MomentList)))
        elif isinstance(event, events.TranscriptCompleted):
            newest = max(await self._newest_version(event), gathered.version(event))
            if event.version >= newest:
                transcript = await self._load(event, Transcript)
                _merge(gathered.segments, documents.segment_documents(event, transcript))
                gathered.completed.append(event)

    async def _load(self, event: Indexed, kind: type[T]) -> T:
        """The document that an event refers to; raises BadReferenceError."""
        reference = documents.reference_of(event)
        assert reference is not None
        try:
            body = await self._objects.get(reference)
        except KeyError:
            raise BadReferenceError("object.missing", f"{reference.key!r} is not there") from None
        return documents.read_document(body, kind)

    async def _newest_version(self, event: events.TranscriptCompleted) -> int:
        options = {
            "filter": documents.project_filter(event),
            "sort": ["version:desc"],
            "limit": 1,
            "attributesToRetrieve": ["version"],
        }
        hits = (await self._search.search(SEGMENTS, "", options))["hits"]
        return int(hits[0]["version"]) if hits else 0

    async def _write(self, index: str, found: dict[str, Document]) -> None:
        every = list(found.values())
        for start in range(0, len(every), DOCUMENTS_A_TASK):
            part = every[start : start + DOCUMENTS_A_TASK]
            await self._search.upsert(index, part)
            self._wrote(index, len(part))

    async def _erase(self, erasures: Sequence[Found]) -> None:
        if not erasures:
            return
        stones = [documents.tombstone_document(one.event, one.arrived.envelope.time) for one in erasures]
        await self._search.upsert(TOMBSTONES, stones)
        self._wrote(TOMBSTONES, len(stones))
        for one in erasures:
            await self._delete_project(one.event)

    async def _delete_project(self, event: Indexed) -> None:
        for index in (SEGMENTS, CLIPS):
            await self._search.delete(index, documents.project_filter(event))

    async def _erased(self, found: Sequence[Found]) -> set[str]:
        """Tombstones that are there, of the projects of these events."""
        ids = sorted({one.stone for one in found})
        gone: set[str] = set()
        for start in range(0, len(ids), IDS_A_QUESTION):
            asked = ids[start : start + IDS_A_QUESTION]
            options = {"filter": documents.tombstones_filter(asked), "limit": len(asked)}
            gone |= {hit["id"] for hit in (await self._search.search(TOMBSTONES, "", options))["hits"]}
        return gone

    async def _forget_late(self, kept: Sequence[Found]) -> None:
        """Delete again what another process erased between the question and the writing."""
        gone = await self._erased(kept)
        for event in {one.stone: one.event for one in kept if one.stone in gone}.values():
            await self._delete_project(event)


def _merge(into: dict[str, Document], found: Sequence[Document]) -> None:
    """Add documents; of two of one id the later's fields win."""
    for document in found:
        into[document["id"]] = into.get(document["id"], {}) | document


def _count(metrics: Metrics, table: str, rows: int) -> None:
    metrics.count(SINK_ROWS, rows, sink=NAME, table=table)


async def run_meilisearch_sink(settings: Settings, stop: asyncio.Event, health: Health, metrics: Metrics) -> None:
    """Run the sink until ``stop``; ``health`` is called after each poll that came to its end."""
    search, objects = open_search(settings), open_objects(settings)
    try:
        sink = MeilisearchSink(search, objects, partial(_count, metrics))
        handle = partial(handle_all, sink.handle, NAME)
        loop = Sink(
            settings=settings, name=NAME, handle=handle, most=MOST_RECORDS, stop=stop, health=health, metrics=metrics
        )
        await loop.run(documents.TOPICS)
    finally:
        search.close()
        objects.close()
