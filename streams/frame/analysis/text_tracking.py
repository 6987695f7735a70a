"""Lines of letters over the looks of a shot: the same line again and again, from when to when. Pure; finds none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.common import Box, TimeRange
from schemas.documents.scene import Letters

SAME = 0.5
"""Of the smaller of two boxes: a line that is found again shares so much with itself."""
LEAST_LOOKS = 2
"""What is found in one look only is a fence, or somebody's shirt."""
Looks = Sequence[tuple[int, Sequence[Box]]]
"""Times, and boxes of lines in pixels of the looked-at pictures, in order of time."""


class _Seen(msgspec.Struct):
    """A line while looks go by: places of its looks in the shot, and what is around it."""

    places: list[int]
    box: Box


def letters_of(looks: Looks, shots: Sequence[TimeRange], scale: float) -> list[Letters]:
    """Lines that stay for a while, in display pixels; ``scale``: pixels of the looked-at pictures for one of those."""
    found: list[Letters] = []
    for shot in shots:
        inside = [look for look in looks if shot.start_ms <= look[0] < shot.end_ms]
        for line in _followed(inside):
            if len(line.places) >= LEAST_LOOKS:
                found.append(Letters(range=_when(line, inside, shot), box=_grown(line.box, scale)))
    return found


def _followed(looks: Looks) -> list[_Seen]:
    lines: list[_Seen] = []
    for place, (_, boxes) in enumerate(looks):
        for box in boxes:
            same = next(
                (line for line in lines if place - line.places[-1] <= 2 and shared(line.box, box) >= SAME), None
            )
            if same is None:
                lines.append(_Seen(places=[place], box=box))
            else:
                same.box = hull([same.box, box])
                same.places += [place] if same.places[-1] != place else []
    return lines


def _when(line: _Seen, looks: Looks, shot: TimeRange) -> TimeRange:
    """From between the last look without the line and its first, to between its last and the next without it."""
    first, last = line.places[0], line.places[-1]
    start = (looks[first - 1][0] + looks[first][0]) // 2 if first else shot.start_ms
    end = (looks[last][0] + looks[last + 1][0]) // 2 if last + 1 < len(looks) else shot.end_ms
    return TimeRange(start_ms=start, end_ms=end)


def _grown(box: Box, scale: float) -> Box:
    x, y, width, height = (round(value / scale, 1) for value in (box.x, box.y, box.width, box.height))
    return Box(x=x, y=y, width=width, height=height)


def shared(one: Box, other: Box) -> float:
    """How much of the smaller of two boxes lies in the other."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0.0, across) * max(0.0, down) / max(1e-6, smaller)


def hull(boxes: Sequence[Box]) -> Box:
    """What is around all of them."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def stretches_of(lines: Sequence[Letters], when: TimeRange, bridged_ms: int) -> list[TimeRange]:
    """When some of the lines are there, inside a stretch; shorter gaps count, half as short ones at its ends."""
    inside = sorted(
        (max(one.range.start_ms, when.start_ms), min(one.range.end_ms, when.end_ms))
        for one in lines
        if one.range.overlap_ms(when) > 0
    )
    joined: list[tuple[int, int]] = []
    for start, end in inside:
        if joined and start - joined[-1][1] < bridged_ms:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    edge_ms = bridged_ms // 2
    return [
        TimeRange(
            start_ms=when.start_ms if start - when.start_ms < edge_ms else start,
            end_ms=when.end_ms if when.end_ms - end < edge_ms else end,
        )
        for start, end in joined
    ]
