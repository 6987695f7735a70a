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
PART_MESSAGES = 100
"""Messages with documents that are written together, and need at most some twenty tasks."""
Pause = Callable[[float], Awaitable[None]]


class TaskPace:
    """How many tasks the engine may get; ``now`` in seconds."""

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

    async def search_each(
        self, index_queries: Sequence[tuple[str, Mapping[str, Any]]], query: str
    ) -> Sequence[Mapping[str, Any]]:
        """Search several indexes; no task."""
        return await self._search.search_each(index_queries, query)


def pause_until(stop: asyncio.Event) -> Pause:
    """A pause that ends with ``stop``: a process that is to end waits for no pace."""

    async def pause(seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

    return pause


async def handle_paced(
    handle: Handle, pace: TaskPace, pause: Pause, health: Health, batch: Sequence[Arrived]
) -> list[Refused]:
    """Hand a batch over in parts, each once no task is owed; ``health`` is called after each."""
    refused: list[Refused] = []
    for part in _split_batch(batch):
        if (wait_s := pace.wait_s()) and any(isinstance(one.event, Indexed) for one in part):
            await pause(wait_s)
        refused += await handle(part)
        health()
    return refused


def _split_batch(batch: Sequence[Arrived]) -> Iterator[list[Arrived]]:
    part: list[Arrived] = []
    indexed_count = 0
    for one in batch:
        part.append(one)
        indexed_count += isinstance(one.event, Indexed)
        if indexed_count == PART_MESSAGES:
            yield part
            part, indexed_count = [], 0
    if part:
        yield part
