"""Cut ranges out of an edit's segments, and find the range that takes words with it. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import count

import msgspec

from core.domain.editing.cut_points import Gaps
from core.domain.time_ranges import merge_ranges
from schemas.common import TimeRange, Word
from schemas.documents.edit import MIN_SEGMENT_MS, EditList, EditSegment

REST_MS = 500
"""What a cut leaves over without a word is kept only when it is as long as this."""


class ImpossibleError(ValueError):
    """An operation that cannot be done; a sentence for who asked, and the field that is wrong."""

    def __init__(self, detail: str, field: str = "") -> None:
        """``field``: a path in the operation; empty: all of it."""
        super().__init__(detail)
        self.field = field


def free_id(segments: Sequence[EditSegment]) -> str:
    """An id that none of them has."""
    return f"s{_highest(segments) + 1}"


def _highest(segments: Sequence[EditSegment]) -> int:
    return max((int(segment.segment_id[1:]) for segment in segments), default=0)


def around(run: Sequence[Word], gaps: Gaps) -> TimeRange | None:
    """The range that removes a run of words and keeps its neighbours; None if another word overlaps it."""
    cut = gaps.range_around(run[0].start_ms, max(word.end_ms for word in run))
    return cut if gaps.words_in(cut) == len(run) else None


def without(edit: EditList, cut: Sequence[TimeRange], gaps: Gaps) -> EditList:
    """Every segment without the given ranges; uncut ends of segments stay where they are.

    Sources are long, and a segment may be as long as its source: no word or range is looked at for each segment.
    """
    removed = merge_ranges(time for time in cut if time.length_ms)
    starts, ends = [time.start_ms for time in removed], [time.end_ms for time in removed]
    numbers = count(_highest(edit.segments) + 1)
    segments: list[EditSegment] = []
    for segment in edit.segments:
        inside = removed[bisect_right(ends, segment.range.start_ms) : bisect_left(starts, segment.range.end_ms)]
        if not inside:
            segments.append(segment)
            continue
        parts = [part for part in _rest(segment.range, inside) if _is_worth(part, segment.speed, gaps)]
        for place, part in enumerate(parts):
            name = segment.segment_id if place == 0 else f"s{next(numbers)}"
            segments.append(msgspec.structs.replace(segment, segment_id=name, range=part))
    return msgspec.structs.replace(edit, segments=segments)


def _rest(time: TimeRange, cut: Sequence[TimeRange]) -> list[TimeRange]:
    edges = [time.start_ms]
    for removed in cut:
        edges += [max(edges[-1], removed.start_ms), max(edges[-1], removed.end_ms)]
    edges.append(max(edges[-1], time.end_ms))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [TimeRange(start_ms=start, end_ms=min(end, time.end_ms)) for start, end in pairs if start < time.end_ms]


def _is_worth(part: TimeRange, speed: float, gaps: Gaps) -> bool:
    if part.length_ms / speed < MIN_SEGMENT_MS:
        return False
    return part.length_ms >= REST_MS or gaps.words_in(part) > 0
