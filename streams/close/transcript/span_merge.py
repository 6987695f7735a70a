"""Merge the recognised spans into one transcript of the project. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from core.domain.time_ranges import merge_ranges
from schemas.common import Doubt, TimeRange, Word
from schemas.documents.span import SCRIPT_MODEL, HeardSpan, Rejected
from schemas.documents.transcript import Transcript
from streams.close.transcript.confidence import TranscriptEvidence, judge_segments
from streams.close.transcript.fillers import mark_fillers
from streams.close.transcript.segments import split_segments
from streams.close.transcript.span_overlap import compute_reach_ms, merge_overlap
from streams.speech.languages import languages_by_span
from streams.speech.words import middle_ms, tidy_words

MAX_COMPRESSION_RATIO = 2.4
"""The recogniser drops a text that gzip shrinks further than this (models/triton_repo/whisper/1/acceptance.py)."""


def merge_spans(spans: Sequence[HeardSpan], duration_ms: int, missing: Sequence[TimeRange]) -> Transcript:
    """Merge the transcribed spans; ``missing`` holds the ranges of those that were not."""
    spans_in_order = sorted(spans, key=lambda span: span.range.start_ms)
    language, language_probability = _find_main_language(spans_in_order)
    words = _drop_after_end(tidy_words(_merge_words(spans_in_order)), duration_ms)
    languages = languages_by_span(words, spans_in_order)
    is_script = bool(spans) and all(span.model == SCRIPT_MODEL for span in spans)
    if not is_script:  # what an author wrote is no hesitation
        words = mark_fillers(words, languages)
    speech = merge_ranges(time for span in spans_in_order for time in span.speech)
    evidence = TranscriptEvidence(
        speech=speech,
        windows=[window for span in spans_in_order for window in span.windows],
        fits=[fit for span in spans_in_order for fit in span.fits],
        certain=is_script,
    )
    judged = judge_segments(words, split_segments(words, language, languages), evidence)
    return Transcript(
        language=language,
        language_probability=language_probability,
        duration_ms=duration_ms,
        words=judged.words,
        segments=judged.segments,
        speech=speech,
        model=", ".join(sorted({span.model for span in spans_in_order if span.model != "none"})) or "none",
        missing=sorted(missing, key=lambda time: time.start_ms),
        rejected=sorted(
            [*judged.rejected, *_list_dropped_texts(spans_in_order)],
            key=lambda rejected_range: (rejected_range.start_ms, rejected_range.text),
        ),
    )


def _merge_words(spans_in_order: Sequence[HeardSpan]) -> list[Word]:
    """Collect all words; around each border of two spans, those that the overlap merge chose."""
    merged: list[Word] = []
    for index, span in enumerate(spans_in_order):
        own_start_ms, own_end_ms = span.range.start_ms, span.range.end_ms
        if index and _are_adjacent(spans_in_order[index - 1], span):
            merged += merge_overlap(spans_in_order[index - 1], span)
            own_start_ms += compute_reach_ms(spans_in_order[index - 1], span)
        if index + 1 < len(spans_in_order) and _are_adjacent(span, spans_in_order[index + 1]):
            own_end_ms -= compute_reach_ms(span, spans_in_order[index + 1])
        merged += [word for word in span.words if own_start_ms <= middle_ms(word) <= own_end_ms]
    return merged


def _list_dropped_texts(spans_in_order: Sequence[HeardSpan]) -> Iterator[Rejected]:
    """List texts that the recogniser itself rejected; those in a margin belong to the neighbour."""
    for span in spans_in_order:
        for window in span.windows:
            if window.dropped and span.range.start_ms <= (window.start_ms + window.end_ms) / 2 < span.range.end_ms:
                reason: Doubt = "repeats" if window.compression > MAX_COMPRESSION_RATIO else "unsure"
                yield Rejected(start_ms=window.start_ms, end_ms=window.end_ms, text=window.dropped, reasons=[reason])


def _are_adjacent(before: HeardSpan, after: HeardSpan) -> bool:
    """Whether a span begins where the one before ends."""
    return before.range.end_ms == after.range.start_ms


def _drop_after_end(words: Sequence[Word], duration_ms: int) -> list[Word]:
    """Drop words that begin after the end: the recogniser may be a little late there."""
    return [word for word in words if word.start_ms < duration_ms]


def _find_main_language(spans: Sequence[HeardSpan]) -> tuple[str | None, float]:
    """Return the language of most words and its probability, the spans' mean weighed by words."""
    word_counts: Counter[str] = Counter()
    probability_sums: dict[str, float] = {}
    for span in spans:
        if span.language and span.words:
            word_counts[span.language] += len(span.words)
            probability_sums[span.language] = (
                probability_sums.get(span.language, 0.0) + len(span.words) * span.language_probability
            )
    if not word_counts:
        return None, 0.0
    language = min(word_counts, key=lambda name: (-word_counts[name], name))
    return language, round(probability_sums[language] / word_counts.total(), 4)
