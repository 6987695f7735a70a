"""Measures the processor time of each part of the stack between two moments of a job.

Samples from outside; never slows what it watches.

One pass over ``/proc`` a sample: a few ms. A process is recognised by what it and all that it has waited for took, so
that children which ended are counted with the process that started them.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.background import Background

EVERY_S = 5.0
PROC = Path("/proc")
TICKS_S = os.sysconf("SC_CLK_TCK")
IDLE = "idle"
IDLE_FIELDS = (4, 5)
"""Of a line of ``/proc/stat``: idle, and waiting for a disk."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Processor seconds since each part began, and of the machine that no one took (``IDLE``).

    At ``at_s`` (epoch).
    """

    at_s: float
    spent_s: Mapping[str, float]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process as ``/proc`` shows it; ``spent_s`` includes its ended children that were waited for."""

    parent: int
    spent_s: float


def process_of(line: str) -> Process:
    """A line of ``/proc/PID/stat``; names in it may hold blanks and brackets."""
    fields = line.rsplit(")", 1)[1].split()
    return Process(parent=int(fields[1]), spent_s=sum(map(int, fields[11:15])) / TICKS_S)


def shares(processes: Mapping[int, Process], parts: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds of each part, with all that lives below it.

    A process belongs to the nearest part above it.
    """
    names = {pid: name for name, pid in parts.items()}
    spent_s = dict.fromkeys(parts, 0.0)
    for pid, process in processes.items():
        above: int | None = pid
        while above is not None and above not in names:
            above = processes[above].parent if above in processes else None
        if above is not None:
            spent_s[names[above]] += process.spent_s
    return spent_s


def between(samples: Sequence[Sample], from_s: float, to_s: float) -> dict[str, float]:
    """Processor seconds of each part from about ``from_s`` to about ``to_s``, the most first.

    Empty without samples.
    """
    inside = [sample for sample in samples if from_s - EVERY_S <= sample.at_s <= to_s + EVERY_S]
    if len(inside) < 2:
        return {}
    first, last = inside[0].spent_s, inside[-1].spent_s
    spent = {name: last[name] - first.get(name, 0.0) for name in last}
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def told_of(spent: Mapping[str, float], most: int = 14) -> str:
    """One line of a report: the largest."""
    return "; ".join(f"{name} {seconds:.1f}" for name, seconds in list(spent.items())[:most] if seconds >= 0.05)


class Cores(Background):
    """Takes samples in a thread, while entered."""

    def __init__(self, parts: Mapping[str, int], every_s: float = EVERY_S) -> None:
        """``parts``: their names and processes; restarts meanwhile are not followed."""
        super().__init__()
        self._parts, self._every_s = parts, every_s
        self.samples: list[Sample] = []

    def __exit__(self, *_: object) -> None:
        """Stop, with a last sample."""
        super().__exit__()
        self.samples.append(take_sample(self._parts))

    def _run(self) -> None:
        while True:
            self.samples.append(take_sample(self._parts))
            if self._stop.wait(self._every_s):
                return


def take_sample(parts: Mapping[str, int]) -> Sample:
    """A sample of now."""
    processes = {}
    for place in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            processes[int(place.name)] = process_of((place / "stat").read_text())
    fields = (PROC / "stat").read_text().splitlines()[0].split()
    idle_s = sum(int(fields[at]) for at in IDLE_FIELDS) / TICKS_S
    return Sample(at_s=time.time(), spent_s={**shares(processes, parts), IDLE: idle_s})
