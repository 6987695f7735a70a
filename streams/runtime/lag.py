"""The lag of a worker: messages of its partitions that it has not acknowledged.

Over a connection of its own: a consumer that has silently stopped fetching sees nothing new, and what is asked on its
connection waits behind its fetch for up to 1.5 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import faust
from aiokafka import TopicPartition

from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.topic_reader import open_offsets


class Offsets(Protocol):
    """Requests to the broker for offsets: a `PartitionOffsets`."""

    async def beginning_offsets(self, partitions: list[Any]) -> Mapping[Any, int]:
        """The first offset that retention has left."""
        ...

    async def end_offsets(self, partitions: list[Any]) -> Mapping[Any, int]:
        """The offset that the next message gets."""
        ...


class Ends(NamedTuple):
    """The broker's last answer about each partition."""

    first: Mapping[Any, int]
    next: Mapping[Any, int]


class Lag:
    """Counts by the broker's last answer; asks in the background, so that its silence delays nothing."""

    def __init__(
        self,
        offsets: Offsets,
        assigned: Callable[[], Collection[TopicPartition]],
        committed: Callable[[TopicPartition], int | None],
    ) -> None:
        """``committed`` is None where nothing is."""
        self._offsets, self._assigned, self._committed = offsets, assigned, committed
        self._asking: asyncio.Task[Ends] | None = None
        self._known = Ends({}, {})

    def count(self) -> int:
        """Messages not acknowledged and committed. Starts the next question to the broker."""
        assigned = [TopicPartition(*place) for place in sorted(self._assigned())]
        if self._asking is not None and self._asking.done():
            # A question that failed leaves the last answer; the next one is asked below.
            if not self._asking.cancelled() and self._asking.exception() is None:
                self._known = self._asking.result()
            self._asking = None
        if self._asking is None and assigned:
            self._asking = asyncio.create_task(self._ask(assigned))
        return sum(self._partition_lag(place) for place in assigned)

    def _partition_lag(self, place: TopicPartition) -> int:
        """Messages behind the committed offset, or behind the first one that retention has left."""
        done = max(self._known.first.get(place, 0), self._committed(place) or 0)
        return max(0, self._known.next.get(place, 0) - done)

    async def _ask(self, places: list[TopicPartition]) -> Ends:
        """End offsets; first offsets only where something seems to wait: elsewhere they change nothing."""
        ends = await self._offsets.end_offsets(places)
        lagging_places = [place for place in places if ends[place] > (self._committed(place) or 0)]
        return Ends(first=await self._offsets.beginning_offsets(lagging_places) if lagging_places else {}, next=ends)

    def forget(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()


@asynccontextmanager
async def open_lag_counter(access: KafkaAccess, app: faust.App) -> AsyncIterator[Lag]:
    """The lag of a worker, while the body runs. ``app`` has been started."""
    consumer: Any = app.consumer
    async with open_offsets(access) as offsets:
        lag = Lag(
            offsets,
            consumer.assignment,
            lambda place: consumer._committed_offset.get(place),  # noqa: PLW0108
        )  # there is no public one
        try:
            yield lag
        finally:
            lag.forget()
