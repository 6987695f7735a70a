"""Messages of one worker, some at once, each acknowledged when all before it on its partition are. Handles none itself.

Faust's own ``concurrency`` commits whatever is done: a message before it that is not is lost with the worker.
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
    """Handles up to ``most`` events at once; ends those that are under way on leaving, unacknowledged."""

    def __init__(self, handle: Handle, most: int, broken: Callable[[BaseException], None]) -> None:
        """``broken`` is told when ``handle`` raises: that event must not be acknowledged, nor any behind it."""
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
        """Cancel what is under way, and wait until it has given back what it held."""
        tasks = [task for taken in self._taken.values() for _, task in taken]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self, event: Any) -> None:
        """Begin with an event as soon as there is room."""
        await self._room.acquire()
        task = asyncio.ensure_future(self._handle(event))
        self._taken[event.message.tp].append((event, task))
        task.add_done_callback(lambda _: self._ended(event.message.tp, task))

    def _ended(self, place: Any, ended: asyncio.Task[object]) -> None:
        self._room.release()
        if not ended.cancelled() and (error := ended.exception()) is not None:
            self._broken(error)
        taken = self._taken[place]
        while taken and taken[0][1].done() and not taken[0][1].cancelled() and taken[0][1].exception() is None:
            event, _ = taken.popleft()
            event.ack()
