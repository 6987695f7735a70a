"""Decides which segments of an export are copied from earlier files, in the render child.

If a decoded frame's time differs from the index, reuse stops: the cached segment may not match a fresh encode. Skipped
frames were as the index says when the segment was made, else it would not have been listed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av

from schemas.documents.export import Chunk
from streams.renderer.codecs import is_segmentable
from streams.renderer.compositor import Compositor
from streams.renderer.job import EarlierFile, RenderJob
from streams.renderer.segments.cache_key import hash_segments
from streams.renderer.segments.packets import PacketFile, ReusedSegment
from streams.renderer.segments.required_frames import required_slots, skippable_frames_ms
from streams.renderer.segments.segment_plan import (
    SlotRange,
    list_cuts_ms,
    list_frame_times,
    map_slots_to_frames,
    plan_segments,
)
from streams.renderer.timeline.slots import OutputTimeline, Slot

MIN_REUSE_RATIO = 0.5
"""Share of frames that must be reusable for the encoder to adopt the earlier file's thread count."""


class SegmentMismatch(Exception):
    """The source's frames differ from its index: the whole export has to be encoded."""


class SegmentReuse:
    """The segments of one export."""

    def __init__(self, job: RenderJob, timeline: OutputTimeline, compositor: Compositor) -> None:
        """Cut the export, hash its segments and look for them in the job's earlier files."""
        self.threads = job.encoding.threads
        self.segments: list[SlotRange] = []
        self.reused: dict[int, ReusedSegment] = {}
        self._keys: list[str] = []
        self._mismatched: set[int] = set()
        self._checked_slots: set[int] = set()
        self._times: list[int] = []
        self._frame_starts_ms: list[int] = []
        self._first_slots: list[int] = []
        if not is_segmentable(job.encoding):
            return
        self._times = list_frame_times(job.index)
        self._frame_starts_ms = map_slots_to_frames(timeline, self._times)
        self.segments = plan_segments(timeline, self._frame_starts_ms, list_cuts_ms(job.plan))
        self._first_slots = [run.first for run in self.segments]
        if self._times:
            self._keys = hash_segments(job, timeline, compositor, self._frame_starts_ms, self.segments)
            self._choose_reused(job.earlier_files, timeline)
        self._checked_slots = {number for segment in self.reused.values() for number in segment.checked_slots()}

    def needs_encoding(self, number: int) -> bool:
        """Whether a slot's frame is encoded."""
        return not self.reused or self._segment_at(number).first not in self.reused

    def is_checked(self, number: int) -> bool:
        """Whether the certificate checks a slot of a reused segment."""
        return number in self._checked_slots

    def check_slots(self, numbers: Collection[int]) -> None:
        """Let the certificate check further slots."""
        self._checked_slots.update(numbers if self.reused else ())

    def skippable_ms(self, timeline: OutputTimeline, tile_ms: float | None) -> set[int]:
        """Start times of source frames that need no decoding; ``tile_ms``: the storyboard's interval."""
        if not self.reused:
            return set()
        required = required_slots(
            timeline, self._frame_starts_ms, lambda n: self.needs_encoding(n) or self.is_checked(n), tile_ms
        )
        return skippable_frames_ms(timeline, self._frame_starts_ms, self._times, required)

    def verify_frame(self, at_ms: int, slots: Sequence[Slot], *, damaged: bool) -> None:
        """Compare a source frame with the index. Raises SegmentMismatch where a reused segment shows another."""
        for slot in slots if self.segments else ():
            if damaged or self._frame_starts_ms[slot.number] != at_ms:
                self._reject(self._segment_at(slot.number).first)

    def reject_all(self) -> None:
        """Frames depend on their neighbours. Raises SegmentMismatch where any segment is reused."""
        for run in self.segments:
            self._reject(run.first)

    def list_reusable(self, path: Path, rate: Fraction) -> list[Chunk]:
        """Segments of the finished file whose frames all matched the index."""
        if not self._keys or len(self._mismatched) == len(self.segments):
            return []
        packets = PacketFile(path, rate)
        chunks = []
        for run, name in zip(self.segments, self._keys, strict=True):
            digest = packets.digest(run)
            if run.first not in self._mismatched and digest is not None:
                chunks.append(Chunk(key=name, first=run.first, slots=run.slot_count, digest=digest))
        return chunks

    def _reject(self, first: int) -> None:
        if first in self.reused:
            raise SegmentMismatch
        self._mismatched.add(first)

    def _segment_at(self, number: int) -> SlotRange:
        return self.segments[bisect_right(self._first_slots, number) - 1]

    def _choose_reused(self, files: Sequence[EarlierFile], timeline: OutputTimeline) -> None:
        """Reuse the files whose thread count gives most; the job's own threads where that is little."""
        by_threads = {self.threads: dict[int, ReusedSegment]()}
        for file in files:
            for first, segment in self._find_segments(file, timeline.rate).items():
                by_threads.setdefault(file.threads, {}).setdefault(first, segment)
        best = max(by_threads, key=lambda threads: (_slots(by_threads[threads]), threads == self.threads))
        if _slots(by_threads[best]) >= MIN_REUSE_RATIO * timeline.count:
            self.threads = best
        self.reused = by_threads[self.threads]

    def _find_segments(self, file: EarlierFile, rate: Fraction) -> dict[int, ReusedSegment]:
        """Segments that a file has; none where the file has changed."""
        chunks_by_key = {chunk.key: chunk for chunk in file.chunks}
        matches = [
            (run, chunks_by_key[name])
            for run, name in zip(self.segments, self._keys, strict=True)
            if name in chunks_by_key
        ]
        try:
            packets = PacketFile(Path(file.path), rate) if matches else None
        except (av.FFmpegError, OSError, ValueError, IndexError):
            return {}
        segments = {}
        for run, chunk in matches:
            stored_range = SlotRange(first=chunk.first, end=chunk.first + chunk.slots)
            if packets is not None and chunk.slots == run.slot_count and packets.digest(stored_range) == chunk.digest:
                segments[run.first] = ReusedSegment(run, stored_range, packets)
        return segments


def _slots(segments: Mapping[int, ReusedSegment]) -> int:
    return sum(reused.segment.slot_count for reused in segments.values())
