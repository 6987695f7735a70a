"""Concurrent messages of one worker: turns of organisations, acknowledgement in order.

Faust's own ``concurrency`` commits every finished message: an unfinished one before it is lost with the worker.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Any, Self

import msgspec

from streams.runtime.turn_queue import TurnQueue

Handle = Callable[[Any], Awaitable[object]]
"""Takes a Faust event to its end."""
Forward = Callable[[Any], Awaitable[bool]]
"""Ends a Faust event at once, if it is one that needs no turn."""
MAX_WAITING_MESSAGES = 256
"""Messages that a worker holds besides those under way, so that another organisation's behind them has its turn."""


class _Owned(msgspec.Struct):
    org_id: str = ""


class _Taken:
    """One event in the order of its partition."""

    def __init__(self, event: Any) -> None:
        self.event = event
        self.is_done = False


def sender_of(event: Any) -> str:
    """The organisation that a message names, unproven, for its turn; empty where it names none."""
    try:
        return msgspec.json.decode(event.message.value or b"", type=_Owned).org_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


class OrderedAcknowledger:
    """Handles up to ``most`` events at once; on leaving, cancels those under way, unacknowledged."""

    def __init__(
        self,
        handle: Handle,
        most: int,
        broken: Callable[[BaseException], None],
        *,
        most_of_org: int | None = None,
        forward: Forward | None = None,
    ) -> None:
        """``broken`` is called when one raises: neither that event nor a later one may be acknowledged."""
        self._handle = handle
        self._forward = forward
        self._broken = broken
        self._most = most
        self._room = asyncio.Semaphore(most + MAX_WAITING_MESSAGES)
        self._turns: TurnQueue[_Taken] = TurnQueue(most_of_org or most)
        self._tasks: set[asyncio.Task[object]] = set()
        self._taken: defaultdict[Any, deque[_Taken]] = defaultdict(deque)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Cancel the events under way, and wait until each has released its lease."""
        self._most = 0
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take(self, event: Any) -> None:
        """Take an event as soon as there is room; its handling starts when its organisation has the turn."""
        entry = _Taken(event)
        self._taken[event.message.tp].append(entry)
        if self._forward is not None:
            try:
                entry.is_done = await self._forward(event)
            except Exception as error:  # noqa: BLE001 - Faust would acknowledge what its agent raised at
                self._broken(error)
                return
        if entry.is_done:
            self._acknowledge_done(event.message.tp)
            return
        await self._room.acquire()
        self._turns.put(sender_of(event), entry)
        self._start()

    def _start(self) -> None:
        while len(self._tasks) < self._most and (turn := self._turns.take()) is not None:
            org, entry = turn
            task = asyncio.ensure_future(self._handle(entry.event))
            self._tasks.add(task)
            task.add_done_callback(partial(self._end, org, entry))

    def _end(self, org: str, entry: _Taken, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        self._room.release()
        self._turns.end(org)
        if not task.cancelled():
            if (error := task.exception()) is not None:
                self._broken(error)
            else:
                entry.is_done = True
        self._acknowledge_done(entry.event.message.tp)
        self._start()

    def _acknowledge_done(self, place: Any) -> None:
        waiting = self._taken[place]
        # An offset acknowledges all before it: only the head of the partition may be.
        while waiting and waiting[0].is_done:
            waiting.popleft().event.ack()
