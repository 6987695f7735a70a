"""Which pictures of the source nobody needs: those that only chunks show which are there already. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from streams.renderer.stills.storyboard import storyboard_slots
from streams.renderer.stills.thumbnail import MIN_GAP_MS
from streams.renderer.timeline.lead_in import LEAD_MS
from streams.renderer.timeline.slots import OutputTimeline


def required_slots(
    timeline: OutputTimeline, shown: Sequence[int], is_needed: Callable[[int], bool], tile_ms: float | None
) -> set[int]:
    """Slots of which somebody needs the picture: an encoder, the storyboard (one each ``tile_ms``), the thumbnails.

    ``shown`` as `chunks.shown_ms`; ``wants``: whether a slot is encoded, or looked at by the certificate.
    """
    found = {number for number in range(timeline.count) if is_needed(number)}
    found |= storyboard_slots(timeline, tile_ms)
    due_ms = 0.0
    for part in timeline.parts:
        for _, slots in groupby(range(part.first, part.end), key=lambda number: shown[number]):
            first = next(slots)
            at_ms = float(first * timeline.period_ms)
            if at_ms >= due_ms:
                found.add(first)
                due_ms = at_ms + MIN_GAP_MS
    return found


def skippable_frames_ms(
    timeline: OutputTimeline, shown: Sequence[int], times: Sequence[int], looked: set[int]
) -> set[int]:
    """When pictures begin that only slots show which nobody looks at; the one shown as a part begins is needed."""
    needed = {shown[number] for number in looked}
    for part in timeline.parts:
        needed |= {shown[part.first], part.range(timeline.period_ms, LEAD_MS).start_ms}
    return set(times) - needed
