"""Candidate windows on sentence boundaries: where a clip could start and end. Pure; cuts no word."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from schemas.common import TimeRange
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow, rate_end, rate_start

LEAD_MS = 120
"""Silence kept before the first word: recognisers set word starts 60-90 ms early or late."""
TAIL_MS = 400
"""Silence kept after the last word, so that a clip does not end on its heels."""
MIN_SHOWN_PAUSE_MS = 5_000
"""In a pause this long something may be shown rather than said: a clip should not end before it."""
MIN_START_SCORE = 0.35
"""Least rating of a start, while any sentence reaches it."""
MAX_CUT_SNAP_MS = 1_500
"""Distance within which a cut in the silence around a clip becomes its edge."""
LENGTH_BUCKET_COUNT = 4
"""From each start the best ending in each of this many ranges of length is kept."""
MIN_VIDEO_MS = 3_000
"""A video shorter than the shortest window may be one clip as a whole, but not below this."""


def clip_range(sentences: Sequence[Sentence], duration_ms: int) -> TimeRange:
    """Return the time of a run of sentences with a little silence at both ends, not the neighbours' own."""
    first, last = sentences[0], sentences[-1]
    lead_ms = min(LEAD_MS, first.pause_before_ms // 2)
    tail_ms = min(TAIL_MS, max(last.pause_after_ms // 2, last.pause_after_ms - LEAD_MS))
    return TimeRange(start_ms=max(0, first.start_ms - lead_ms), end_ms=min(duration_ms, last.end_ms + tail_ms))


def snap_to_cuts(part: TimeRange, sentences: Sequence[Sentence], timeline: ProjectTimeline) -> TimeRange:
    """Move the edges to cuts of the picture that lie in the silence next to the words.

    Where that silence is short, to cuts in its own margin; otherwise some frames of another shot flash by at the
    clip's ends.
    """
    first, last = sentences[0], sentences[-1]
    cuts_ms = timeline.sure_cuts_ms
    if not cuts_ms:
        return part
    before_ms = min(MAX_CUT_SNAP_MS, max(0, first.pause_before_ms - TAIL_MS))
    after_ms = min(MAX_CUT_SNAP_MS, max(0, last.pause_after_ms - LEAD_MS))
    start_limits = (min(part.start_ms, first.start_ms - before_ms), first.start_ms)
    end_limits = (last.end_ms, max(part.end_ms, last.end_ms + after_ms))
    return TimeRange(
        start_ms=max(
            cuts_ms[bisect_left(cuts_ms, start_limits[0]) : bisect_right(cuts_ms, start_limits[1])],
            default=part.start_ms,
        ),
        end_ms=min(
            cuts_ms[bisect_right(cuts_ms, end_limits[0]) : bisect_right(cuts_ms, end_limits[1])], default=part.end_ms
        ),
    )


def widen_range(part: TimeRange, sentences: Sequence[Sentence], min_ms: int, duration_ms: int) -> TimeRange:
    """Grow ``part`` into the silences around it up to ``min_ms``, the silence after it first."""
    room_after = max(0, min(duration_ms, sentences[-1].end_ms + sentences[-1].pause_after_ms - LEAD_MS) - part.end_ms)
    end_ms = part.end_ms + min(room_after, max(0, min_ms - part.length_ms))
    room_before = max(0, part.start_ms - (sentences[0].start_ms - sentences[0].pause_before_ms + TAIL_MS))
    start_ms = part.start_ms - min(room_before, max(0, min_ms - (end_ms - part.start_ms)))
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def find_speech_windows(timeline: ProjectTimeline, *, min_ms: int, max_ms: int) -> list[CandidateWindow]:
    """Find overlapping windows that start and end with sentences, in time order.

    A video shorter than ``min_ms`` gives one window: all of it. Where every sentence depends on another, any may
    start.
    """
    if timeline.duration_ms < min_ms:
        return _use_whole_video(timeline)
    for min_start_score in (MIN_START_SCORE, 0.0):
        windows: list[CandidateWindow] = []
        for first in range(len(timeline.sentences)):
            windows.extend(_find_windows_from(timeline, first, min_ms, max_ms, min_start_score))
        if windows:
            return windows
    return []


def _rate_ending(timeline: ProjectTimeline, end: int) -> tuple[float, str]:
    last = timeline.sentences[end - 1]
    after = timeline.sentences[end] if end < len(timeline.sentences) else None
    gap = TimeRange(start_ms=last.end_ms, end_ms=last.end_ms + last.pause_after_ms)
    shown_next = after is not None and gap.length_ms >= MIN_SHOWN_PAUSE_MS and timeline.has_activity(gap)
    return rate_end(last, after, last.lexicon, shown_next=shown_next)


def _use_whole_video(timeline: ProjectTimeline) -> list[CandidateWindow]:
    if not timeline.sentences or timeline.duration_ms < MIN_VIDEO_MS:
        return []
    return [
        CandidateWindow(range=timeline.full_range, sentences=timeline.sentences, start_quality=1.0, end_quality=1.0)
    ]


def _find_windows_from(
    timeline: ProjectTimeline, first: int, min_ms: int, max_ms: int, min_start_score: float
) -> list[CandidateWindow]:
    sentences = timeline.sentences
    second = sentences[first + 1] if first + 1 < len(sentences) else None
    before = sentences[first - 1] if first else None
    start_score, start_flaw = rate_start(sentences[first], before, sentences[first].lexicon, after=second)
    if start_score < min_start_score:
        return []
    sparse = timeline.spoken_ms() < min_ms
    best_by_bucket: dict[int, CandidateWindow] = {}
    for end in range(first + 1, len(sentences) + 1):
        window_sentences = sentences[first:end]
        part = clip_range(window_sentences, timeline.duration_ms)
        if part.length_ms > max_ms:
            break
        snapped = snap_to_cuts(part, window_sentences, timeline)
        part = snapped if min_ms <= snapped.length_ms <= max_ms else part
        if sparse or min_ms // 2 <= part.length_ms < min_ms:
            part = widen_range(part, window_sentences, min_ms, timeline.duration_ms)
        if part.length_ms < min_ms:
            continue
        end_score, end_flaw = _rate_ending(timeline, end)
        bucket = min(
            LENGTH_BUCKET_COUNT - 1, LENGTH_BUCKET_COUNT * (part.length_ms - min_ms) // max(1, max_ms - min_ms)
        )
        if bucket not in best_by_bucket or end_score >= best_by_bucket[bucket].end_quality:
            best_by_bucket[bucket] = CandidateWindow(
                range=part,
                sentences=window_sentences,
                start_quality=start_score,
                end_quality=end_score,
                start_flaw=start_flaw,
                end_flaw=end_flaw,
            )
    return [best_by_bucket[bucket] for bucket in sorted(best_by_bucket)]
