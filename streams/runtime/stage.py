"""A stage as the runtime sees it: the protocol, the work with its progress, the commit it returns."""

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
CPU_CLOCK_POLL_S = 2.0
"""Time between two looks at the CPU clock of a function in a thread."""
MAX_THREAD_CPU_S = 900.0
"""CPU time after which a function in a thread no longer counts as moving: it may never end."""


class Work(msgspec.Struct, kw_only=True):
    """Inputs and counters of one try. ``report`` takes a growing counter; the stage fills in ``cpu_ms``."""

    cause: Cause
    report: Callable[[int], None]
    moved: Callable[[], None] = lambda: None
    """Report movement where there is nothing to count."""
    cpu_ms: int = 0
    tries: int = 1

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """Run `timed_in_thread` for work that may outlast a lease: it moves while it takes processor time."""
        clocks: list[int] = []

        def run() -> T:
            clocks.append(time.pthread_getcpuclockid(threading.get_ident()))
            return function(*args, **kwargs)

        work_task = asyncio.create_task(timed_in_thread(run))
        watch_task = asyncio.create_task(self._watch(clocks))
        try:
            return await work_task
        finally:
            work_task.cancel()
            watch_task.cancel()

    async def _watch(self, clocks: Sequence[int]) -> None:
        """Report progress while the thread's CPU clock advances; it exists only once the thread runs."""
        began_s = seen_s = 0.0
        while True:
            await asyncio.sleep(CPU_CLOCK_POLL_S)
            now_s = time.clock_gettime(clocks[0]) if clocks else 0.0
            began_s = began_s or now_s
            if seen_s < now_s < began_s + MAX_THREAD_CPU_S:
                self.moved()
            seen_s = now_s


class Stage(Protocol):
    """One actor: pure decisions and adapters joined, without any delivery logic."""

    name: events.Stage

    def wants(self, event: events.AnyEvent) -> bool:
        """Whether the event concerns this stage at all."""
        ...

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Do the work outside of any transaction and return its commit. Raises InputRejected, Unavailable."""
        ...

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Write what follows from never working on this event."""
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
            self.note_movement()

    def note_movement(self) -> None:
        """Note that the work moves, though nothing is counted."""
        self.moved_at = self._now()


async def timed_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
    """Run a pure function in a thread; its result and its CPU time in ms (at least 1)."""

    def run() -> tuple[T, int]:
        began = time.thread_time()
        result = function(*args, **kwargs)
        return result, max(1, round((time.thread_time() - began) * 1000))

    return await asyncio.to_thread(run)
