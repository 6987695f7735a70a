"""Candidate windows on sentence boundaries: where a clip could start and end. Pure; weighs no content, cuts no word."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from schemas.common import TimeRange
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window, end_quality, start_quality

LEAD_MS = 120
"""Silence kept before the first word: recognisers set word starts 60-90 ms early or late."""
TAIL_MS = 400
"""Room after the last word, so that a clip does not end on its heels."""
LONG_PAUSE_MS = 5_000
"""In so long a pause something may be shown rather than said: a clip should not end before it."""
MIN_START = 0.35
SNAP_MS = 1_500
"""A cut so near to a clip's border, in the silence beside it, becomes the border."""
BUCKETS = 4
"""From each start the best ending among the short, the long and two lengths between is kept."""
SHORTEST_WHOLE_MS = 3_000
"""A video shorter than the shortest window may be one clip as a whole, but not below this."""


def clip_range(sentences: Sequence[Sentence], duration_ms: int) -> TimeRange:
    """The time of a run of sentences with a little air at both ends, never reaching into a neighbour's air."""
    first, last = sentences[0], sentences[-1]
    lead = min(LEAD_MS, first.pause_before_ms // 2)
    tail = min(TAIL_MS, max(last.pause_after_ms // 2, last.pause_after_ms - LEAD_MS))
    return TimeRange(start_ms=max(0, first.start_ms - lead), end_ms=min(duration_ms, last.end_ms + tail))


def to_cuts(part: TimeRange, run: Sequence[Sentence], timeline: Timeline) -> TimeRange:
    """``part`` with its borders moved to cuts of the picture that lie in the silence right beside its words.

    Where that silence is short, to those in its own air: else some pictures of another shot flash by at its ends.
    """
    first, last = run[0], run[-1]
    known = timeline.sure_cuts_ms
    if not known:
        return part
    reach_before = min(SNAP_MS, max(0, first.pause_before_ms - TAIL_MS))
    reach_behind = min(SNAP_MS, max(0, last.pause_after_ms - LEAD_MS))
    before = (min(part.start_ms, first.start_ms - reach_before), first.start_ms)
    behind = (last.end_ms, max(part.end_ms, last.end_ms + reach_behind))
    return TimeRange(
        start_ms=max(known[bisect_left(known, before[0]) : bisect_right(known, before[1])], default=part.start_ms),
        end_ms=min(known[bisect_right(known, behind[0]) : bisect_right(known, behind[1])], default=part.end_ms),
    )


def widen(part: TimeRange, run: Sequence[Sentence], min_ms: int, duration_ms: int) -> TimeRange:
    """``part`` grown into the silences around it up to ``min_ms``, the silence behind it first."""
    room_after = max(0, min(duration_ms, run[-1].end_ms + run[-1].pause_after_ms - LEAD_MS) - part.end_ms)
    end_ms = part.end_ms + min(room_after, max(0, min_ms - part.length_ms))
    room_before = max(0, part.start_ms - (run[0].start_ms - run[0].pause_before_ms + TAIL_MS))
    start_ms = part.start_ms - min(room_before, max(0, min_ms - (end_ms - part.start_ms)))
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def spoken_windows(timeline: Timeline, *, min_ms: int, max_ms: int) -> list[Window]:
    """Overlapping windows of ``min_ms`` to ``max_ms`` that start and end with sentences, in time order.

    A video shorter than ``min_ms`` gives one window: all of it. Where every sentence leans on another, any may start.
    """
    if timeline.duration_ms < min_ms:
        return _whole(timeline)
    for least in (MIN_START, 0.0):
        found: list[Window] = []
        for first in range(len(timeline.sentences)):
            found.extend(_from_start(timeline, first, min_ms, max_ms, least))
        if found:
            return found
    return []


def _ending(timeline: Timeline, end: int) -> tuple[float, str]:
    last = timeline.sentences[end - 1]
    after = timeline.sentences[end] if end < len(timeline.sentences) else None
    gap = TimeRange(start_ms=last.end_ms, end_ms=last.end_ms + last.pause_after_ms)
    shown_next = after is not None and gap.length_ms >= LONG_PAUSE_MS and timeline.goes_on(gap)
    return end_quality(last, after, last.lexicon, shown_next=shown_next)


def _whole(timeline: Timeline) -> list[Window]:
    if not timeline.sentences or timeline.duration_ms < SHORTEST_WHOLE_MS:
        return []
    return [Window(range=timeline.whole, sentences=timeline.sentences, start_quality=1.0, end_quality=1.0)]


def _from_start(timeline: Timeline, first: int, min_ms: int, max_ms: int, least: float) -> list[Window]:
    sentences = timeline.sentences
    behind = sentences[first + 1] if first + 1 < len(sentences) else None
    before = sentences[first - 1] if first else None
    starts, start_flaw = start_quality(sentences[first], before, sentences[first].lexicon, after=behind)
    if starts < least:
        return []
    sparse = timeline.spoken_ms() < min_ms
    best: dict[int, Window] = {}
    for end in range(first + 1, len(sentences) + 1):
        run = sentences[first:end]
        part = clip_range(run, timeline.duration_ms)
        if part.length_ms > max_ms:
            break
        snapped = to_cuts(part, run, timeline)
        part = snapped if min_ms <= snapped.length_ms <= max_ms else part
        if sparse or min_ms // 2 <= part.length_ms < min_ms:
            part = widen(part, run, min_ms, timeline.duration_ms)
        if part.length_ms < min_ms:
            continue
        ends, end_flaw = _ending(timeline, end)
        bucket = min(BUCKETS - 1, BUCKETS * (part.length_ms - min_ms) // max(1, max_ms - min_ms))
        if bucket not in best or ends >= best[bucket].end_quality:
            best[bucket] = Window(
                range=part,
                sentences=run,
                start_quality=starts,
                end_quality=ends,
                start_flaw=start_flaw,
                end_flaw=end_flaw,
            )
    return [best[bucket] for bucket in sorted(best)]
