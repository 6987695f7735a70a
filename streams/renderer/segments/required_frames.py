"""Source frames that need not be decoded because only reused segments show them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from streams.renderer.stills.storyboard import storyboard_slots
from streams.renderer.stills.thumbnail import MIN_GAP_MS
from streams.renderer.timeline.lead_in import LEAD_MS
from streams.renderer.timeline.slots import OutputTimeline


def required_slots(
    timeline: OutputTimeline, frame_starts_ms: Sequence[int], is_needed: Callable[[int], bool], tile_ms: float | None
) -> set[int]:
    """Slots whose frame is needed by an encoder, the storyboard (each ``tile_ms``) or the thumbnails.

    ``frame_starts_ms`` as `map_slots_to_frames`; ``is_needed``: whether a slot is encoded, or checked by the
    certificate.
    """
    required = {number for number in range(timeline.count) if is_needed(number)}
    required |= storyboard_slots(timeline, tile_ms)
    due_ms = 0.0
    for part in timeline.timeline_parts:
        for _, slots in groupby(range(part.first, part.end), key=lambda number: frame_starts_ms[number]):
            first = next(slots)
            at_ms = float(first * timeline.period_ms)
            if at_ms >= due_ms:
                required.add(first)
                due_ms = at_ms + MIN_GAP_MS
    return required


def skippable_frames_ms(
    timeline: OutputTimeline, frame_starts_ms: Sequence[int], times: Sequence[int], required: set[int]
) -> set[int]:
    """Start times of frames that no required slot shows; the frame shown as a part begins is kept."""
    needed_ms = {frame_starts_ms[number] for number in required}
    for part in timeline.timeline_parts:
        needed_ms |= {frame_starts_ms[part.first], part.range(timeline.period_ms, LEAD_MS).start_ms}
    return set(times) - needed_ms
