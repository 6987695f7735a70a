"""Cuts an export's video into segments that are encoded independently. Pure.

Borders follow the source's time: an edit moves those next to it and leaves the others in place.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from core.media.decode.timestamps import list_project_ms
from schemas.common import Value
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.lead_in import LEAD_MS
from streams.renderer.timeline.slots import OutputTimeline, TimelinePart, fill_slot_numbers

SEGMENT_LENGTH_MS = 4_000
"""Length of a segment: twice the distance of key frames, so that borders add none."""
MAX_SNAP_TO_CUT_MS = 1_000
"""A border moves to a shot cut within this distance: the image changes there anyway."""
MIN_SEGMENT_MS = 500
"""No border lies closer than this to a piece's start or end."""


class SlotRange(Value, frozen=True, kw_only=True):
    """Slots from ``first`` to before ``end``."""

    first: int
    end: int

    @property
    def slot_count(self) -> int:
        """Number of slots."""
        return self.end - self.first


def list_cuts_ms(plan: FramePlan) -> list[int]:
    """Source times at which shots begin, without the first."""
    return sorted(shot.range.start_ms for shot in plan.shots)[1:]


def plan_segments(timeline: OutputTimeline, frame_starts_ms: Sequence[int], cuts_ms: Sequence[int]) -> list[SlotRange]:
    """Cut all slots into segments, in order. ``frame_starts_ms`` as `map_slots_to_frames`."""
    firsts = {0}
    for part in timeline.timeline_parts:
        firsts |= {part.first, part.end, *_part_borders(part, timeline, frame_starts_ms, cuts_ms)}
    for first, end in ((0, timeline.timeline_parts[0].first), (timeline.timeline_parts[-1].end, timeline.count)):
        firsts.update(range(first, end, round(SEGMENT_LENGTH_MS / timeline.period_ms)))
    ordered = sorted({first for first in firsts if first < timeline.count} | {timeline.count})
    return [SlotRange(first=first, end=end) for first, end in pairwise(ordered)]


def _part_borders(
    part: TimelinePart, timeline: OutputTimeline, frame_starts_ms: Sequence[int], cuts_ms: Sequence[int]
) -> Iterator[int]:
    """First slots of a part's segments, except the first; distances scale with its speed."""
    grid_ms, reach_ms = float(SEGMENT_LENGTH_MS * part.speed), float(MAX_SNAP_TO_CUT_MS * part.speed)
    least = round(MIN_SEGMENT_MS / timeline.period_ms)
    start_ms, end_ms = frame_starts_ms[part.first], frame_starts_ms[part.end - 1]
    for grid_line in range(int(start_ms // grid_ms), int(end_ms // grid_ms) + 2):
        nearest_cuts_ms = sorted(cuts_ms, key=lambda cut_ms: abs(cut_ms - grid_line * grid_ms))
        border_ms = (
            nearest_cuts_ms[0]
            if nearest_cuts_ms and abs(nearest_cuts_ms[0] - grid_line * grid_ms) <= reach_ms
            else grid_line * grid_ms
        )
        number = bisect_left(frame_starts_ms, border_ms, part.first, part.end)
        if part.first + least <= number <= part.end - least:
            yield number


def list_frame_times(index: SourceIndex) -> list[int]:
    """Start time of each source frame, by its packet table; empty without one."""
    if index.video is None or index.packets is None:
        return []
    return sorted(list_project_ms(index.packets.pts, index.video.time_base, index.origin_us))


def map_slots_to_frames(timeline: OutputTimeline, times: Sequence[int]) -> list[int]:
    """Start time of the source frame that each slot shows, by the table ``times``; -1 for bumper slots.

    Without a table it is the slot's own source time.
    """
    frame_starts_ms = [-1] * timeline.count
    for part in timeline.timeline_parts:
        read_range = part.range(timeline.period_ms, LEAD_MS)
        begins = min(bisect_left(times, read_range.start_ms), max(0, bisect_right(times, int(part.source_ms)) - 1))
        inside = [max(at_ms, read_range.start_ms) for at_ms in times[begins : bisect_left(times, read_range.end_ms)]]
        for number in range(part.first, part.end) if not inside else ():
            frame_starts_ms[number] = int(part.source_ms_at(number, timeline.period_ms))
        for at_ms, _, numbers in fill_slot_numbers(((at_ms, None) for at_ms in inside), timeline, part):
            frame_starts_ms[numbers.start : numbers.stop] = [at_ms] * len(numbers)
    return frame_starts_ms
