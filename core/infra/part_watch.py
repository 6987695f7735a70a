"""Ends requests that wait for a part which no longer answers, before that part's client would notice.

A black hole (a network that drops packets, a server that stands still) leaves a client waiting for its own timeouts: up
to 30 s, several times over. Work that takes longer than ``GRACE_S`` is watched: its part is probed, and where the probe
fails the work is given up with Unavailable. Work at a part that answers may take as long as it takes.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, TypeVar, cast

from core.errors import Unavailable

Probe = Callable[[], Awaitable[None]]
"""Asks one part whether it works; raises anything when not."""
Result = TypeVar("Result")
Port = TypeVar("Port")
GRACE_S = 0.5
"""Most requests have ended by then, and cost no probe."""
PROBE_S = 1.2
"""Together with ``GRACE_S`` below the two seconds after which a caller should know."""
SLICES_COUNT = 20
"""Parts of its time in which a probe may answer."""
LATE_SHARE = 1 / 3
"""What a part counts in which our own loop came late: there, a missing answer says little about the part."""


class LateTasks:
    """Tasks that are cancelled and not waited for: to end, they may need the part that is away."""

    def __init__(self) -> None:
        """None yet."""
        self._tasks: set[asyncio.Task[Any]] = set()

    def cancel(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task; its error is of no interest any more."""
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        task.cancel()

    async def probe(self, probe: Probe, seconds: float) -> BaseException | None:
        """None where the probe succeeds in time, TimeoutError where it is late, else its error."""

        async def ask() -> None:
            await probe()

        task = asyncio.create_task(ask())
        try:
            # in slices: a loop that gets no processor time reads what has arrived before the time counts as over
            left_count = float(SLICES_COUNT)
            while left_count > 0 and not task.done():
                left_count -= await _wait_slice(task, seconds / SLICES_COUNT)
        finally:
            if not task.done():
                self.cancel(task)
        if not task.done() or task.cancelled():
            return TimeoutError()
        return task.exception()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


async def _wait_slice(task: asyncio.Task[None], slice_s: float) -> float:
    """Wait for a slice, and return what it counts: less where our own loop took twice its time."""
    now = asyncio.get_running_loop().time
    begun_s = now()
    await asyncio.wait({task}, timeout=slice_s)
    return LATE_SHARE if now() - begun_s > 2 * slice_s else 1.0


class PartWatch:
    """Watches work at parts that have a probe; requests that wait for the same part share its probes."""

    def __init__(self, probes: Mapping[str, Probe], *, grace_s: float = GRACE_S, probe_s: float = PROBE_S) -> None:
        """Nothing is probed before work takes long."""
        self._probes, self._grace_s, self._probe_s = probes, grace_s, probe_s
        self._running: dict[str, asyncio.Task[bool]] = {}
        self._down: set[str] = set()
        self.late = LateTasks()

    async def guard(self, part: str, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of the work. Raises Unavailable, and cancels it, once the part no longer answers."""
        if part not in self._probes:
            return await work
        task = asyncio.ensure_future(work)
        try:
            while True:
                await asyncio.wait({task}, timeout=0.0 if part in self._down else self._grace_s)
                if not task.done():
                    probe = self._probe(part)
                    await asyncio.wait({task, probe}, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    return task.result()
                if not probe.result():
                    raise Unavailable(part, "no answer to a probe")
        finally:
            if not task.done():  # its cancellation may need an answer of the part: nothing waits for that
                self.late.cancel(task)

    def _probe(self, part: str) -> asyncio.Task[bool]:
        running = self._running.get(part)
        if running is None or running.done():
            running = self._running[part] = asyncio.create_task(self._answers(part))
        return running

    async def _answers(self, part: str) -> bool:
        up = await self.late.probe(self._probes[part], self._probe_s) is None
        self._down.discard(part) if up else self._down.add(part)
        return up


class _WatchedPort:
    """A port whose coroutines are guarded; all else of it is passed on."""

    def __init__(self, port: Any, watch: PartWatch, part: str) -> None:
        self._port, self._watch, self._part = port, watch, part

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        return partial(self._call, attribute) if inspect.iscoroutinefunction(attribute) else attribute

    async def _call(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._watch.guard(self._part, function(*args, **kwargs))


def watched(port: Port, watch: PartWatch, part: str) -> Port:
    """The port, with every coroutine of it guarded."""
    return cast(Port, _WatchedPort(port, watch, part))
