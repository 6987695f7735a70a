"""The reason why a child's wall time is over: it waited for the machine and us, or stood still itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from core.errors import Overdue, Starved, Unavailable

STARVED_SHARE = 0.25
"""Share of the wall time in which a child waited for a processor, or for bytes of its source, that makes it starved.

On a machine that has time a child waits for a hundredth of it; where two processes share a core, for half of it.
"""
_NS_PER_S = 1e9


class SourceWait:
    """The time that a child has waited for bytes of its source."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._ended_s, self._since_s = 0.0, float("nan")
        self._waits = False

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Count the time of this block."""
        self._since_s, self._waits = monotonic(), True
        try:
            yield
        finally:
            self._ended_s, self._waits = self.seconds, False

    @property
    def seconds(self) -> float:
        """Seconds so far, a wait that lasts included."""
        return self._ended_s + (monotonic() - self._since_s if self._waits else 0.0)


def measure_run_delay_s(session: int, wall_s: float, cores_count: int, proc: Path = Path("/proc")) -> float:
    """Seconds that a session's most delayed thread was ready and waited while others had the processor.

    Threads also wait for each other: they cannot have lost more than its cores' time that the session did not use.
    0 where the kernel does not say it (``CONFIG_SCHED_INFO``).
    """
    times = list(_thread_times_s(session, proc))
    unused_s = cores_count * wall_s - sum(ran_s for ran_s, _ in times)
    return max(0.0, min(unused_s, max((delay_s for _, delay_s in times), default=0.0)))


def _thread_times_s(session: int, proc: Path) -> Iterator[tuple[float, float]]:
    """Seconds that each thread of a session ran, and that it waited for a processor."""
    for process in proc.iterdir():
        if not process.name.isdecimal():
            continue
        with suppress(OSError, ValueError, IndexError):
            # the name of the program may hold anything, so the fields are counted from behind it
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                for thread in (process / "task").iterdir():
                    with suppress(OSError, ValueError):  # one that has ended
                        ran_ns, delay_ns = (thread / "schedstat").read_text().split()[:2]
                        yield int(ran_ns) / _NS_PER_S, int(delay_ns) / _NS_PER_S


def judge_timeout(session: int, wall_s: float, source_wait_s: float = 0.0) -> Unavailable:
    """Starved or Overdue, of a child that still runs; ``session`` is its process id."""
    cores_count = os.cpu_count() or 1
    with suppress(OSError):
        cores_count = len(os.sched_getaffinity(session))
    waited_s = measure_run_delay_s(session, wall_s, cores_count) + source_wait_s
    return Starved(wall_s) if waited_s >= STARVED_SHARE * wall_s else Overdue(wall_s)
