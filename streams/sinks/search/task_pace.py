"""The pace of the search engine's tasks: one a second in the long run, whatever is at work.

The engine works its tasks off one after the other, and a task costs it about the same for one document as for a
thousand. So where tasks are owed, the sink waits, and the next write holds what arrived meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from core.ports.stores import Search
from streams.sinks.batch_consumer import Arrived, Handle, Health, Refused
from streams.sinks.search.search_documents import Indexed

TASKS_PER_S = 1.0
BURST_COUNT = 60
"""Tasks that an idle minute leaves: the events of a few projects are found at once."""
LONGEST_WAIT_S = 30.0
"""A write that was cut into many, to find a message with a bug in it, is not paid for to the end."""
PART_MESSAGES = 40
"""Messages with documents that are written together, by at most some twenty tasks: well within the time (``stall_s``)
after which a sink that shows no health is ended."""
Pause = Callable[[float], Awaitable[None]]


class TaskPace:
    """The number of tasks that the engine may get; ``now`` in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Begin with what an idle minute leaves."""
        self._now, self._at_s, self._left = now, now(), float(BURST_COUNT)

    def _refill(self) -> None:
        at_s = self._now()
        self._left = min(float(BURST_COUNT), self._left + (at_s - self._at_s) * TASKS_PER_S)
        self._at_s = at_s

    def count(self) -> None:
        """Count a task that the engine gets."""
        self._refill()
        self._left -= 1

    def wait_s(self) -> float:
        """Seconds until the next write may begin; 0 where no task is owed."""
        self._refill()
        if self._left >= 0:
            return 0.0
        owed_s = -self._left / TASKS_PER_S
        if owed_s > LONGEST_WAIT_S:
            self._left = -LONGEST_WAIT_S * TASKS_PER_S
        return min(owed_s, LONGEST_WAIT_S)


class CountedSearch(Search):
    """A search engine whose tasks are counted."""

    def __init__(self, search: Search, pace: TaskPace) -> None:
        """``search`` does the work."""
        self._search, self._pace = search, pace

    async def upsert(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        """Write documents, as one task."""
        self._pace.count()
        await self._search.upsert(index, documents)

    async def delete(self, index: str, filter_expression: str) -> None:
        """Delete what matches, as one task."""
        self._pace.count()
        await self._search.delete(index, filter_expression)

    async def search(self, index: str, query: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Search; no task."""
        return await self._search.search(index, query, options)


def pause_until(stop: asyncio.Event) -> Pause:
    """A pause that ends with ``stop``: a process that is to end waits for no pace."""

    async def pause(seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

    return pause


class PacedBatches:
    """Hands batches over in parts, each once no task is owed."""

    def __init__(self, handle: Handle, pace: TaskPace, pause: Pause, health: Health) -> None:
        """``health`` is called after each part that was written, and after the pause before it."""
        self._handle, self._pace, self._pause, self._health = handle, pace, pause, health
        self._batch: Sequence[Arrived] | None = None
        self._refused: list[Refused] = []
        self._done_count = self._begun_count = 0

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        """Write a batch; the same one once more goes on at the part that failed, which does not show health."""
        if batch is not self._batch:
            self._batch, self._refused, self._done_count, self._begun_count = batch, [], 0, 0
        for part in list(_split_batch(batch))[self._done_count :]:
            await self._await_turn(part)
            self._refused += await self._handle(part)
            self._done_count += 1
            self._health()
        return self._refused

    async def _await_turn(self, part: Sequence[Arrived]) -> None:
        first_try, self._begun_count = self._begun_count == self._done_count, self._done_count + 1
        if (wait_s := self._pace.wait_s()) and any(isinstance(arrived.event, Indexed) for arrived in part):
            await self._pause(wait_s)
            if first_try:  # a part that fails at each try must count as standing still
                self._health()


def _split_batch(batch: Sequence[Arrived]) -> Iterator[list[Arrived]]:
    part: list[Arrived] = []
    indexed_count = 0
    for arrived in batch:
        part.append(arrived)
        indexed_count += isinstance(arrived.event, Indexed)
        if indexed_count == PART_MESSAGES:
            yield part
            part, indexed_count = [], 0
    if part:
        yield part
