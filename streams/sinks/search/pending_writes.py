"""What a batch of messages comes to for the search engine, before anything is written. Pure; asks nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas import events
from streams.sinks.batch_consumer import Arrived
from streams.sinks.search import search_documents
from streams.sinks.search.search_documents import FOUND, Document, Indexed


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A message that changes what can be found."""

    arrived: Arrived
    event: Indexed

    @property
    def stone(self) -> str:
        """Id of its project's tombstone, if it has one."""
        return search_documents.tombstone_id(self.event)


def find(batch: Sequence[Arrived]) -> list[Found]:
    """What of a batch concerns search."""
    pairs = ((one, one.event) for one in batch)
    return [Found(arrived=one, event=event) for one, event in pairs if isinstance(event, Indexed)]


class Gathered:
    """Documents by index and id, and the events they are of."""

    def __init__(self) -> None:
        """Empty."""
        self.documents: dict[str, dict[str, Document]] = {index: {} for index in FOUND}
        self.completed: list[events.TranscriptCompleted] = []
        self.studied: dict[str, events.IntelligenceCompleted] = {}
        """By project, the last one: what others left is deleted."""

    def add(self, index: str, found: Sequence[Document]) -> None:
        """Add documents; of two of one id the later wins."""
        self.documents[index] |= {document["id"]: document for document in found}

    def version(self, event: events.TranscriptCompleted) -> int:
        """Newest version of the event's transcript so far, 0 when there is none."""
        owner = (event.org_id, event.project_id)
        return max((e.version for e in self.completed if (e.org_id, e.project_id) == owner), default=0)

    def studied_version(self, event: events.IntelligenceCompleted) -> int:
        """The same of what was studied."""
        last = self.studied.get(search_documents.tombstone_id(event))
        return last.transcript_version if last else 0
