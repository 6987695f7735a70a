"""Build a project's English track from its spans' translations. Pure.

The track follows the transcript's confidence: what is rejected there is left out, what is doubtful there is doubtful.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.time_ranges import overlap_ms
from schemas.common import Segment, TimeRange, Word
from schemas.documents.span import HeardSpan, HeardWindow, Rejected
from schemas.documents.transcript import Transcript
from streams.close.transcript.span_merge import merge_spans
from streams.speech.translation import ENGLISH

MIN_OVERLAP_RATIO = 0.5
"""Share of a segment's time from which the transcript's doubts, rejections and language apply to it."""


def build_english_track(spans: Sequence[HeardSpan], transcript: Transcript) -> Transcript:
    """Build the whole project in English. Spans spoken in English stay as recognised."""
    english_spans = [_select_translation(span) for span in spans]
    missing_ranges = [range_ for span in spans if span.translation for range_ in span.translation.missing]
    track = merge_spans(english_spans, transcript.duration_ms, [*transcript.missing, *missing_ranges])
    foreign_windows = [
        window
        for span in spans
        if span.translation
        for window in span.translation.windows
        if window.language != ENGLISH
    ]
    return msgspec.structs.replace(
        _apply_confidence(track, transcript, foreign_windows), language=ENGLISH if track.words else None
    )


def _select_translation(span: HeardSpan) -> HeardSpan:
    """Replace a span's words by their translation."""
    if span.translation is None:
        return span
    windows = [msgspec.structs.replace(window, language=ENGLISH) for window in span.translation.windows]
    return msgspec.structs.replace(
        span,
        language=ENGLISH,
        words=span.translation.words,
        margin_words=span.translation.margin_words,
        windows=windows,
        fits=[],
    )


def _apply_confidence(track: Transcript, transcript: Transcript, foreign_windows: Sequence[HeardWindow]) -> Transcript:
    """Apply the transcript's rejections, doubts and source languages to the track."""
    words: list[Word] = []
    segments: list[Segment] = []
    rejected = list(track.rejected)
    for segment in track.segments:
        segment_words = track.words[segment.first_word : segment.end_word]
        segment_range = TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms)
        rejected_ranges = [
            rejection
            for rejection in transcript.rejected
            if _overlap_ratio(segment_range, rejection) >= MIN_OVERLAP_RATIO
        ]
        if rejected_ranges:
            reasons = list(dict.fromkeys(reason for rejection in rejected_ranges for reason in rejection.reasons))
            rejected.append(
                Rejected(
                    start_ms=segment_range.start_ms, end_ms=segment_range.end_ms, text=segment.text, reasons=reasons
                )
            )
            continue
        first = len(words)
        words += segment_words
        marked_segment = _copy_doubts(segment, segment_range, transcript.segments)
        segments.append(
            msgspec.structs.replace(
                marked_segment,
                first_word=first,
                end_word=len(words),
                translated_from=_find_source_language(segment_range, foreign_windows),
            )
        )
    rejected.sort(key=lambda rejection: (rejection.start_ms, rejection.text))
    return msgspec.structs.replace(track, words=words, segments=segments, rejected=rejected)


def _copy_doubts(segment: Segment, segment_range: TimeRange, transcript_segments: Sequence[Segment]) -> Segment:
    """Copy the doubts of the transcript's segments at the same time."""
    doubtful_segments = [
        source_segment
        for source_segment in transcript_segments
        if source_segment.trust == "doubtful" and overlap_ms(segment_range, source_segment)
    ]
    if (
        sum(overlap_ms(segment_range, source_segment) for source_segment in doubtful_segments)
        < MIN_OVERLAP_RATIO * segment_range.length_ms
        or not doubtful_segments
    ):
        return segment
    doubts = list(
        dict.fromkeys(
            [*segment.doubts, *(doubt for source_segment in doubtful_segments for doubt in source_segment.doubts)]
        )
    )
    return msgspec.structs.replace(segment, trust="doubtful", doubts=doubts)


def _find_source_language(segment_range: TimeRange, foreign_windows: Sequence[HeardWindow]) -> str | None:
    """Return the language that most of a segment was spoken in; None where that is English."""
    best_window = max(foreign_windows, key=lambda window: overlap_ms(segment_range, window), default=None)
    return (
        best_window.language
        if best_window is not None
        and overlap_ms(segment_range, best_window) >= MIN_OVERLAP_RATIO * segment_range.length_ms
        else None
    )


def _overlap_ratio(segment_range: TimeRange, rejected: Rejected) -> float:
    """Share of a segment that a rejected range covers."""
    return overlap_ms(segment_range, rejected) / max(1, segment_range.length_ms)
