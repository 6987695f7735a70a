"""Tracks lines of text over the looks of a shot: from when to when each one stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.framing.boxes import hull, share_of_smaller
from core.domain.time_ranges import clamp_range, merge_ranges
from schemas.common import Box, TimeRange
from schemas.documents.scene import Letters

MIN_SAME_LINE_RATIO = 0.5
"""Minimum shared area of a line in two looks, as a share of the smaller box."""
MIN_LINE_LOOKS = 2
"""Minimum looks of a line: what is found once is a fence, or a shirt."""
TextLooks = Sequence[tuple[int, Sequence[Box]]]
"""Times, and boxes of lines in pixels of the analysed frames, in order of time."""


class _LineTrack(msgspec.Struct):
    """A line while it is tracked: the indexes of its looks in the shot, and the hull of its boxes."""

    places: list[int]
    box: Box


def track_text_lines(looks: TextLooks, shots: Sequence[TimeRange], scale: float) -> list[Letters]:
    """Return lines that stay for a while, in display pixels.

    ``scale``: pixels of the analysed frames for one display pixel.
    """
    letters: list[Letters] = []
    for shot in shots:
        inside = [look for look in looks if shot.start_ms <= look[0] < shot.end_ms]
        for line in _track_lines(inside):
            if len(line.places) >= MIN_LINE_LOOKS:
                letters.append(Letters(range=_line_range(line, inside, shot), box=_to_display(line.box, scale)))
    return letters


def _track_lines(looks: TextLooks) -> list[_LineTrack]:
    lines: list[_LineTrack] = []
    for place, (_, boxes) in enumerate(looks):
        for box in boxes:
            same = next(
                (
                    line
                    for line in lines
                    if place - line.places[-1] <= 2 and share_of_smaller(line.box, box) >= MIN_SAME_LINE_RATIO
                ),
                None,
            )
            if same is None:
                lines.append(_LineTrack(places=[place], box=box))
            else:
                same.box = hull([same.box, box])
                same.places += [place] if same.places[-1] != place else []
    return lines


def _line_range(line: _LineTrack, looks: TextLooks, shot: TimeRange) -> TimeRange:
    """Return the range of a line, which begins and ends halfway to the nearest look without it."""
    first, last = line.places[0], line.places[-1]
    start = (looks[first - 1][0] + looks[first][0]) // 2 if first else shot.start_ms
    end = (looks[last][0] + looks[last + 1][0]) // 2 if last + 1 < len(looks) else shot.end_ms
    return TimeRange(start_ms=start, end_ms=end)


def _to_display(box: Box, scale: float) -> Box:
    x, y, width, height = (round(value / scale, 1) for value in (box.x, box.y, box.width, box.height))
    return Box(x=x, y=y, width=width, height=height)


def text_ranges(lines: Sequence[Letters], when: TimeRange, bridged_ms: int) -> list[TimeRange]:
    """Return when some of the lines stand inside ``when``.

    Gaps shorter than ``bridged_ms`` are bridged, at both ends half of that.
    """
    inside = (clamp_range(line.range, when) for line in lines if line.range.overlap_ms(when) > 0)
    edge_ms = bridged_ms // 2
    return [
        TimeRange(
            start_ms=when.start_ms if time.start_ms - when.start_ms < edge_ms else time.start_ms,
            end_ms=when.end_ms if when.end_ms - time.end_ms < edge_ms else time.end_ms,
        )
        for time in merge_ranges(inside, bridged_ms - 1)
    ]
