"""What a stage is to the runtime: the protocol, the work at hand with its progress, the commit it returns."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ParamSpec, Protocol, TypeVar

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause
from schemas import events

P = ParamSpec("P")
T = TypeVar("T")
Commit = Callable[[Connection], Awaitable[None]]
"""Writes a stage's result rows and outbox rows on the given connection."""
LOOK_S = 2.0
"""How often it is looked whether a function in a thread takes processor time."""
LONGEST_S = 900.0
"""Processor time beyond which it is taken for one that never ends."""


class Work(msgspec.Struct, kw_only=True):
    """What a stage is given beside the event. ``report`` takes a counter that only grows; ``cpu_ms`` is filled in."""

    cause: Cause
    report: Callable[[int], None]
    moved: Callable[[], None] = lambda: None
    """Says that the work moves where there is nothing to count."""
    cpu_ms: int = 0
    tries: int = 1

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """As `timed_in_thread`, of what may last longer than a lease: it moves while it takes processor time."""
        clocks: list[int] = []

        def run() -> T:
            clocks.append(time.pthread_getcpuclockid(threading.get_ident()))
            return function(*args, **kwargs)

        running = asyncio.create_task(timed_in_thread(run))
        watching = asyncio.create_task(self._watch(clocks))
        try:
            return await running
        finally:
            running.cancel()
            watching.cancel()

    async def _watch(self, clocks: Sequence[int]) -> None:
        """Move while the clock of the thread does; there is none before the thread begins."""
        began_s = seen_s = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = time.clock_gettime(clocks[0]) if clocks else 0.0
            began_s = began_s or now_s
            if seen_s < now_s < began_s + LONGEST_S:
                self.moved()
            seen_s = now_s


class Stage(Protocol):
    """One actor: pure decisions and adapters joined, without any delivery logic."""

    name: events.Stage

    def wants(self, event: events.AnyEvent) -> bool:
        """Whether the event concerns this stage at all."""
        ...

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Do the work outside of any transaction and return what is to be written. Raises Rejected, Unavailable."""
        ...

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Write what it means that this event will never be worked on."""
        ...


class AttemptProgress:
    """The counter of the attempt in flight. ``moved_at`` is when it last grew (loop time, seconds)."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Start at zero, as moved now."""
        self._now = now
        self.counter = 0
        self.began_at = self.moved_at = now()

    def report(self, counter: int) -> None:
        """Note the child's or model's own counter; only growth counts as movement."""
        if counter > self.counter:
            self.counter = counter
            self.moved()

    def moved(self) -> None:
        """Note that the work moves, though nothing is counted."""
        self.moved_at = self._now()


async def timed_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
    """Result of a pure function run beside the event loop, and the CPU time it took in ms (at least 1)."""

    def run() -> tuple[T, int]:
        began = time.thread_time()
        result = function(*args, **kwargs)
        return result, max(1, round((time.thread_time() - began) * 1000))

    return await asyncio.to_thread(run)
