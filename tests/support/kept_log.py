"""In-memory fake of the event log: messages of a topic in order; it does not filter by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

from core.ports.stores import Logged
from schemas import codec, events
from schemas.topics import PARTITIONS

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class MemoryLog:
    """Messages that a topic kept."""

    def __init__(self, *kept: events.AnyEvent) -> None:
        self.kept = kept
        self.asked: list[tuple[str, int, dt.datetime]] = []

    async def count_partitions(self, topic: str) -> int:
        return PARTITIONS

    async def read(self, topic: str, partition: int, since: dt.datetime) -> AsyncIterator[Logged]:
        self.asked.append((topic, partition, since))
        for number, event in enumerate(self.kept):
            key, envelope = (
                str(event.project_id),
                codec.Envelope(id=UUID(int=number), source="/t", type=codec.type_name(type(event)), time=NOW),
            )
            yield Logged(key=key, headers={}, payload=b"no event")
            yield Logged(key=key, headers=codec.encode_headers(envelope), payload=codec.encode(event))
