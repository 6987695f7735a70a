"""The documents that a batch of messages adds up to, before any is written. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas import events
from streams.sinks.batch_consumer import Arrived
from streams.sinks.search import search_documents
from streams.sinks.search.search_documents import SEARCHED_INDEXES, Document, Indexed


class IndexedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that changes the search index."""

    arrived: Arrived
    event: Indexed

    @property
    def stone(self) -> str:
        """Id that the tombstone of its project has."""
        return search_documents.tombstone_id(self.event)


def find_indexed(batch: Sequence[Arrived]) -> list[IndexedMessage]:
    """Messages of a batch that change the search index."""
    pairs = ((arrived, arrived.event) for arrived in batch)
    return [IndexedMessage(arrived=arrived, event=event) for arrived, event in pairs if isinstance(event, Indexed)]


class PendingWrites:
    """Documents by index and id, and the events they come from."""

    def __init__(self) -> None:
        """Begin without documents."""
        self.documents: dict[str, dict[str, Document]] = {index: {} for index in SEARCHED_INDEXES}
        self.completed: list[events.TranscriptCompleted] = []
        self.studied: dict[str, events.IntelligenceCompleted] = {}
        """The last event of each project: documents of earlier ones are deleted."""

    def add(self, index: str, documents: Sequence[Document]) -> None:
        """Add documents; the later of two with one id wins."""
        self.documents[index] |= {document["id"]: document for document in documents}

    def version(self, event: events.TranscriptCompleted) -> int:
        """Newest version of the event's transcript in the batch so far; 0 without one."""
        owner = (event.org_id, event.project_id)
        return max(
            (
                completed_event.version
                for completed_event in self.completed
                if (completed_event.org_id, completed_event.project_id) == owner
            ),
            default=0,
        )

    def studied_version(self, event: events.IntelligenceCompleted) -> int:
        """Newest transcript version that study has seen in the batch so far; 0 without one."""
        last = self.studied.get(search_documents.tombstone_id(event))
        return last.transcript_version if last else 0
