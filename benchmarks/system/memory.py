"""Peak memory of each part of the stack during one job.

Samples from outside; slows the job a little, times nothing.

``python -m benchmarks.system.memory [--quick] [--state-dir DIR]``. Every half second each part's whole process tree is
summed as PSS (shared pages split among those who share them), so that parts can be added up; where the kernel does not
show that (another user's process), RSS is taken and the line says so. A peak shorter than the pause can be missed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec
import psutil

from benchmarks.harness.claims import Claim
from benchmarks.harness.rig import Rig, expect_completed, judged, say, start, wait

EVERY_S = 0.5
MIB = 2**20
JOB_TIMEOUT_S = 1800.0
Sample = Mapping[str, int]
"""Part → bytes of its process tree at one time."""


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The most a part held at one time, and what it held at first."""

    first_bytes: int
    most_bytes: int


def peaks(samples: Sequence[Sample]) -> dict[str, Peak]:
    """Each part's own peak, largest first; the parts' peaks need not fall together."""
    names = {name for sample in samples for name in sample}
    peak_by_part = {
        name: Peak(
            first_bytes=next(sample[name] for sample in samples if name in sample),
            most_bytes=max(sample.get(name, 0) for sample in samples),
        )
        for name in names
    }
    return dict(sorted(peak_by_part.items(), key=lambda item: -item[1].most_bytes))


def most_at_once(samples: Sequence[Sample]) -> int:
    """The most that all parts held together at one time."""
    return max((sum(sample.values()) for sample in samples), default=0)


def tree_bytes(pid: int, guessed: set[str], name: str) -> int:
    """PSS of a process and all below it; notes the part in ``guessed`` where RSS had to do."""
    total = 0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.AccessDenied:
                guessed.add(name)
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
            except psutil.Error:
                continue  # it ended meanwhile
    return total


class Sampler:
    """Samples the stack's parts in a thread, while entered."""

    def __init__(self, rig: Rig, every_s: float = EVERY_S) -> None:
        """Nothing is sampled yet."""
        self._rig, self._every_s = rig, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[Sample] = []
        self.guessed: set[str] = set()

    def __enter__(self) -> Self:
        """Begin with a sample of the stack at rest."""
        self._take()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self._take()

    def _take(self) -> None:
        pids = {name: part.pid for name, part in self._rig.read_parts().items() if part.pid}
        self.samples.append({name: tree_bytes(pid, self.guessed, name) for name, pid in pids.items()})


def claim_of(samples: Sequence[Sample], guessed: set[str], job: str) -> Claim:
    """All parts together; each part's peak in the lines."""
    lines = [
        f"{name}: {peak.most_bytes / MIB:.0f} MiB (at rest {peak.first_bytes / MIB:.0f})"
        + (" as RSS" if name in guessed else "")
        for name, peak in peaks(samples).items()
    ]
    at_rest = sum(samples[0].values()) / MIB
    return Claim(
        name="memory of the whole stack during a job, at most at one time (PSS)",
        measured=most_at_once(samples) / MIB,
        unit="MiB",
        where=(f"{job}; {len(samples)} samples, each {EVERY_S} s; at rest {at_rest:.0f} MiB", *lines),
    )


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    video = rig.recipe()
    rig.warm()
    with contextlib.closing(rig.client()) as client, Sampler(rig) as sampler:
        say("memory: one job")
        project = expect_completed(wait(client, start(client, video, {"max_clips": 5}), timeout_s=JOB_TIMEOUT_S))
    job = f"{rig.minutes:g} minutes of 1080p → {project['clip_count']} clips"
    return [claim_of(sampler.samples, sampler.guessed, job)]


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
