"""Which chunks of an export are there already, in an earlier file of the clip, and which are to be made. Child side.

A picture that comes otherwise than the index says ends the reuse, for the chunk may then not be what would be made.
Those that nobody needs (`needed`) came as it says when the chunk was made: else it would not have been remembered.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av

from schemas.documents.export import Chunk
from streams.renderer.codecs import in_chunks
from streams.renderer.compositor import Scene
from streams.renderer.job import RenderTask
from streams.renderer.segments.cache_key import keys_of
from streams.renderer.segments.packets import EarlierFile, Packets, Taken
from streams.renderer.segments.required_frames import looked_at, needless_ms
from streams.renderer.segments.segment_plan import Run, cuts_of, picture_times, runs_of, shown_ms
from streams.renderer.timeline.slots import Slot, Timeline

WORTH = 0.5
"""Share of the pictures that must be there for the encoder to have the threads that they were made with."""


class Otherwise(Exception):
    """The source's pictures do not come as its index says: all of the export is to be made."""


class Chunking:
    """The chunks of one export."""

    def __init__(self, task: RenderTask, timeline: Timeline, scene: Scene) -> None:
        """Cut the export, name its chunks and look for them in the task's earlier files."""
        self.threads = task.encoding.threads
        self.runs: list[Run] = []
        self.taken: dict[int, Taken] = {}
        self._names: list[str] = []
        self._odd: set[int] = set()
        self._due: set[int] = set()
        self._times: list[int] = []
        self._shown: list[int] = []
        self._firsts: list[int] = []
        if not in_chunks(task.encoding):
            return
        self._times = picture_times(task.index)
        self._shown = shown_ms(timeline, self._times)
        self.runs = runs_of(timeline, self._shown, cuts_of(task.plan))
        self._firsts = [run.first for run in self.runs]
        if self._times:
            self._names = keys_of(task, timeline, scene, self._shown, self.runs)
            self._take(task.earlier, timeline)
        self._due = {number for one in self.taken.values() for number in one.looked_at()}

    def wants(self, number: int) -> bool:
        """Whether the picture of a slot is to be encoded."""
        return not self.taken or self._run_at(number).first not in self.taken

    def is_due(self, number: int) -> bool:
        """Whether the certificate looks at a slot whose packet is there already."""
        return number in self._due

    def look_at(self, numbers: Collection[int]) -> None:
        """The certificate looks at further slots."""
        self._due.update(numbers if self.taken else ())

    def needless_ms(self, timeline: Timeline, tile_ms: float | None) -> set[int]:
        """When pictures of the source begin that nobody needs; ``tile_ms``: how far apart the storyboard's are."""
        if not self.taken:
            return set()
        looked = looked_at(timeline, self._shown, lambda n: self.wants(n) or self.is_due(n), tile_ms)
        return needless_ms(timeline, self._shown, self._times, looked)

    def see(self, at_ms: int, slots: Sequence[Slot], *, damaged: bool) -> None:
        """A picture of the source and the slots that show it. Raises Otherwise where it belongs to a taken chunk
        and is not the one that the index tells of.
        """
        for slot in slots if self.runs else ():
            if damaged or self._shown[slot.number] != at_ms:
                self._doubt(self._run_at(slot.number).first)

    def doubt_all(self) -> None:
        """Pictures depend on others than those shown. Raises Otherwise where any chunk is taken."""
        for run in self.runs:
            self._doubt(run.first)

    def noted(self, path: Path, rate: Fraction) -> list[Chunk]:
        """What a finished file remembers: chunks whose pictures all came as the index says."""
        if not self._names or len(self._odd) == len(self.runs):
            return []
        packets = Packets(path, rate)
        found = []
        for run, name in zip(self.runs, self._names, strict=True):
            digest = packets.digest(run)
            if run.first not in self._odd and digest is not None:
                found.append(Chunk(key=name, first=run.first, slots=run.slots, digest=digest))
        return found

    def _doubt(self, first: int) -> None:
        if first in self.taken:
            raise Otherwise
        self._odd.add(first)

    def _run_at(self, number: int) -> Run:
        return self.runs[bisect_right(self._firsts, number) - 1]

    def _take(self, files: Sequence[EarlierFile], timeline: Timeline) -> None:
        """From the files made with the number of threads that gives most; the task's own where it is nothing much."""
        found = {self.threads: dict[int, Taken]()}
        for file in files:
            for first, taken in self._found(file, timeline.rate).items():
                found.setdefault(file.threads, {}).setdefault(first, taken)
        best = max(found, key=lambda threads: (_slots(found[threads]), threads == self.threads))
        if _slots(found[best]) >= WORTH * timeline.count:
            self.threads = best
        self.taken = found[self.threads]

    def _found(self, file: EarlierFile, rate: Fraction) -> dict[int, Taken]:
        """Chunks that a file has; a file that is not what it was has none."""
        known = {chunk.key: chunk for chunk in file.chunks}
        wanted = [(run, known[name]) for run, name in zip(self.runs, self._names, strict=True) if name in known]
        try:
            packets = Packets(Path(file.path), rate) if wanted else None
        except (av.FFmpegError, OSError, ValueError, IndexError):
            return {}
        found = {}
        for run, chunk in wanted:
            there = Run(first=chunk.first, end=chunk.first + chunk.slots)
            if packets is not None and chunk.slots == run.slots and packets.digest(there) == chunk.digest:
                found[run.first] = Taken(run, there, packets)
        return found


def _slots(taken: Mapping[int, Taken]) -> int:
    return sum(one.run.slots for one in taken.values())
