"""Why a child's wall time is over: it waited for the machine and for us, or it stood still by itself."""

from __future__ import annotations

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
    """How long a child has waited for bytes of its source."""

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


def measure_run_delay_s(session: int, proc: Path = Path("/proc")) -> float:
    """Seconds that the threads of a session were ready to run, and waited for a processor.

    0 where the kernel does not say it (``CONFIG_SCHED_INFO``).
    """
    delay_ns = 0
    for process in proc.iterdir():
        if not process.name.isdecimal():
            continue
        with suppress(OSError, ValueError, IndexError):
            # the name of the program may hold anything, so the fields are counted from behind it
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                delay_ns += sum(_thread_delay_ns(thread) for thread in (process / "task").iterdir())
    return delay_ns / _NS_PER_S


def _thread_delay_ns(thread: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int((thread / "schedstat").read_text().split()[1])
    return 0


def judge_timeout(session: int, wall_s: float, source_wait_s: float = 0.0) -> Unavailable:
    """Starved or Overdue, of a child that still runs; ``session`` is its process id."""
    waited_s = measure_run_delay_s(session) + source_wait_s
    return Starved(wall_s) if waited_s >= STARVED_SHARE * wall_s else Overdue(wall_s)
