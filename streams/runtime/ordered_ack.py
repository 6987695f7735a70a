"""Concurrent messages of one worker, acknowledged in the order of their partition.

Faust's own ``concurrency`` commits every finished message: an unfinished one before it is lost with the worker.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

Handle = Callable[[Any], Awaitable[object]]
"""Takes a Faust event to its end."""


class OrderedAcknowledger:
    """Handles up to ``most`` events at once; on leaving, cancels those under way, unacknowledged."""

    def __init__(self, handle: Handle, most: int, broken: Callable[[BaseException], None]) -> None:
        """``broken`` is called when ``handle`` raises: neither that event nor a later one may be acknowledged."""
        self._handle = handle
        self._broken = broken
        self._room = asyncio.Semaphore(most)
        self._taken: defaultdict[Any, deque[tuple[Any, asyncio.Task[object]]]] = defaultdict(deque)

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Cancel the events under way, and wait until each has released its lease."""
        tasks = [task for taken in self._taken.values() for _, task in taken]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self, event: Any) -> None:
        """Start handling an event as soon as a place is free."""
        await self._room.acquire()
        task = asyncio.ensure_future(self._handle(event))
        self._taken[event.message.tp].append((event, task))
        task.add_done_callback(lambda _: self._acknowledge_done(event.message.tp, task))

    def _acknowledge_done(self, place: Any, ended: asyncio.Task[object]) -> None:
        self._room.release()
        if not ended.cancelled() and (error := ended.exception()) is not None:
            self._broken(error)
        taken = self._taken[place]
        # An offset acknowledges all before it: only the head of the partition may be.
        while taken and taken[0][1].done() and not taken[0][1].cancelled() and taken[0][1].exception() is None:
            event, _ = taken.popleft()
            event.ack()
