"""Waiting for real parts: a wait ends when nothing moves any more, not when a busy machine is slow.

An absolute deadline fails on a machine with twice its load while the work still moves. A wait here names what it
watches: progress of a project, counters of attempts, rows, lag, log lines. It fails once that has not changed for
``STILL_S``, or at a generous cap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

STILL_S = 120.0
"""How long watched progress may stand still. Eight leases of the product (15 s): a worker whose counter stands still
for one lease loses its event, so nothing healthy stands still for eight.
"""
CAP_S = 800.0
"""Upper bound of any wait, below the last resort of a test: the longest project of the suite takes 3 minutes on two
quiet cores.
"""
HANG_S = 300.0
"""Guard around one call that must return, for ``wait_for``, ``communicate`` and the like. It measures nothing."""
SPIN_S = 0.05


class Patience:
    """The deadline of a wait: each change of the watched value extends it, up to the cap."""

    def __init__(
        self,
        awaited: str,
        *,
        still_s: float = STILL_S,
        cap_s: float = CAP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._awaited, self._still_s, self._cap_s, self._clock = awaited, still_s, cap_s, clock
        self._began_at = self._moved_at = clock()
        self._seen: object = None

    def check(self, progress: object = None) -> None:
        """Take in the present progress. Raises AssertionError if it stood still for too long, or at the cap."""
        now = self._clock()
        if progress != self._seen:
            self._seen, self._moved_at = progress, now
        still_s, waited_s = now - self._moved_at, now - self._began_at
        assert still_s < self._still_s, f"{self._awaited}: nothing moved for {still_s:.0f} s, last {self._seen!r:.2000}"
        assert waited_s < self._cap_s, f"{self._awaited}: not within {waited_s:.0f} s, last {self._seen!r:.2000}"


def wait_while_moving(
    ask: Callable[[], Found],
    awaited: str,
    *,
    progress: Callable[[], object] = lambda: None,
    still_s: float = STILL_S,
    cap_s: float = CAP_S,
    every_s: float = 0.1,
) -> Found:
    """Return the first true answer. Raises AssertionError once ``progress`` stands still."""
    patience = Patience(awaited, still_s=still_s, cap_s=cap_s)
    while not (found := ask()):
        patience.check(progress())
        time.sleep(every_s)
    return found


async def await_while_moving(
    ask: Callable[[], Awaitable[Found]],
    awaited: str,
    *,
    progress: Callable[[], object] = lambda: None,
    still_s: float = STILL_S,
    cap_s: float = CAP_S,
    every_s: float = 0.05,
) -> Found:
    """Return the first true answer of a coroutine. Raises AssertionError once ``progress`` stands still."""
    patience = Patience(awaited, still_s=still_s, cap_s=cap_s)
    while not (found := await ask()):
        patience.check(progress())
        await asyncio.sleep(every_s)
    return found


def measure_slowness() -> float:
    """Return the slowdown of a piece of work compared with a free core, at least 1.

    For the few limits in seconds on a quiet machine: the limit is multiplied by it.
    """
    wall_s, spent_s = time.monotonic(), time.thread_time()
    while time.thread_time() - spent_s < SPIN_S:
        pass
    return max(1.0, (time.monotonic() - wall_s) / SPIN_S)
