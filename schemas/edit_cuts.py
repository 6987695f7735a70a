"""Taking stretches out of an edit's segments, and what to take out so that words are gone. Pure; knows no request."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.edit import LEAST_MS, EditList, EditSegment
from schemas.edit_gaps import Gaps
from schemas.media import TimeRange, Word

REST_MS = 500
"""What a cut leaves over without a word is kept only when it is as long as this."""


class ImpossibleError(ValueError):
    """An operation that cannot be done; a sentence for who asked."""


def free_id(segments: Sequence[EditSegment]) -> str:
    """An id that none of them has."""
    return f"s{max((int(one.segment_id[1:]) for one in segments), default=0) + 1}"


def around(run: Sequence[Word], words: Sequence[Word], gaps: Gaps) -> TimeRange | None:
    """What to take out so that the run is gone and its neighbours stay whole; None where another is said meanwhile."""
    cut = gaps.around(run[0].start_ms, max(word.end_ms for word in run))
    gone = sum(cut.start_ms <= (word.start_ms + word.end_ms) / 2 < cut.end_ms for word in words)
    return cut if gone == len(run) else None


def without(edit: EditList, cut: Sequence[TimeRange], words: Sequence[Word]) -> EditList:
    """Every segment without the stretches; ends of segments that nothing is cut from stay where they are."""
    kept: list[EditSegment] = []
    for number, one in enumerate(edit.segments):
        inside = [stretch for stretch in cut if stretch.overlap_ms(one.range)]
        if not inside:
            kept.append(one)
            continue
        parts = [part for part in _rest(one.range, inside) if _is_worth(part, one.speed, words)]
        for place, part in enumerate(parts):
            taken = [*kept, *edit.segments[number:]]
            name = one.segment_id if place == 0 else free_id(taken)
            kept.append(msgspec.structs.replace(one, segment_id=name, range=part))
    return msgspec.structs.replace(edit, segments=kept)


def _rest(time: TimeRange, cut: Sequence[TimeRange]) -> list[TimeRange]:
    ordered = sorted(cut, key=lambda one: one.start_ms)
    edges = [time.start_ms]
    for one in ordered:
        edges += [max(edges[-1], one.start_ms), max(edges[-1], one.end_ms)]
    edges.append(max(edges[-1], time.end_ms))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [TimeRange(start_ms=start, end_ms=min(end, time.end_ms)) for start, end in pairs if start < time.end_ms]


def _is_worth(part: TimeRange, speed: float, words: Sequence[Word]) -> bool:
    if part.length_ms / speed < LEAST_MS:
        return False
    said = any(part.start_ms <= (word.start_ms + word.end_ms) / 2 < part.end_ms for word in words)
    return said or part.length_ms >= REST_MS
