"""Confidence of segments: which are trusted, which doubtful, which rejected, and why. Pure.

Four independent sources: the voice detector (does somebody speak?), the decoder (how probable are the words, and do
two readings agree where one failed?), the text itself (is it a loop?), and the aligner (do the words fit the audio?).
One doubt marks a segment; two that agree on a grave one reject it. No word is changed.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

import msgspec

from core.domain.time_ranges import overlap_ms
from schemas.common import Doubt, Segment, TimeRange, Word
from schemas.documents.span import Fit, HeardWindow, Rejected
from streams.close.transcript.span_overlap import normalise_word

VOICE_EDGE_MS = 250
"""Tolerance at the edges of detected speech: a voice detector is no more exact than this."""
MIN_VOICED_RATIO = 0.35
"""Least share of a segment's words that lie in detected speech; below it there is no voice."""
MIN_WORD_PROBABILITY = 0.45
"""Least mean word probability of a segment that is not doubtful; clean speech measures 0.8 and more."""
MIN_SUSPECT_PROBABILITY = 0.25
"""Mean word probability below which one grave doubt rejects; text invented on music and noise measured 0.04."""
MIN_PLACED_RATIO = 0.34
"""Least share of the words that the aligner placed; with fewer, the words do not fit the audio."""
MIN_AGREEMENT_RATIO = 0.8
"""Least agreement of two readings of a window that confirm each other."""
MIN_LOOP_ROUNDS = 4
"""Least repetitions in a row of the same few words that make a loop."""
MAX_LOOP_PERIOD_WORDS = 8
"""Longest group of words whose repetition is a loop."""
MIN_LOOP_WORDS = 6
"""Least words of a loop in all: decoders fall into loops, speakers hardly ever do."""
MIN_DRAWN_OUT_CHARACTERS = 12
"""Least length of a word that is a loop in itself: the same up to four letters eight times ("Hmmmmmmmmmmmm")."""
_DRAWN_OUT_PATTERN = re.compile(r"([^\W\d]{1,4}?)\1{7}")
MIN_FIT_WORDS = 3
"""An alignment of fewer words than this proves nothing."""


class TranscriptEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence about the words of a project, in order of time. No ``fits`` without an aligner.

    ``certain``: the words are a script's, so that there is nothing to doubt.
    """

    speech: Sequence[TimeRange]
    windows: Sequence[HeardWindow] = ()
    fits: Sequence[Fit] = ()
    certain: bool = False


class JudgedTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """The words and segments that stay, the segments with their confidence; and what was rejected."""

    words: list[Word]
    segments: list[Segment]
    rejected: list[Rejected]


def judge_segments(
    words: Sequence[Word], segments: Sequence[Segment], evidence: TranscriptEvidence
) -> JudgedTranscript:
    """Mark segments ``trusted`` or ``doubtful``; take the rejected ones and their words out."""
    in_loop = [loop or is_drawn_out(word.text) for loop, word in zip(find_loops(words), words, strict=True)]
    kept_words: list[Word] = []
    kept_segments: list[Segment] = []
    rejected_segments: list[Rejected] = []
    for segment in segments:
        segment_words = words[segment.first_word : segment.end_word]
        segment_doubts = find_doubts(segment_words, sum(in_loop[segment.first_word : segment.end_word]), evidence)
        if is_rejected(segment_doubts, segment_words):
            rejected_segments.append(
                Rejected(start_ms=segment.start_ms, end_ms=segment.end_ms, text=segment.text, reasons=segment_doubts)
            )
            continue
        first = len(kept_words)
        kept_words += segment_words
        trust = {"trust": "doubtful" if segment_doubts else "trusted", "doubts": segment_doubts}
        kept_segments.append(msgspec.structs.replace(segment, first_word=first, end_word=len(kept_words), **trust))
    return JudgedTranscript(words=kept_words, segments=kept_segments, rejected=rejected_segments)


def is_rejected(segment_doubts: Sequence[Doubt], segment_words: Sequence[Word]) -> bool:
    """Whether two sources agree that the segment was never spoken."""
    grave_doubts = {"no_speech", "repeats", "does_not_fit"} & set(segment_doubts)
    not_confirmed = "heard_twice" in segment_doubts and bool({"no_speech", "repeats"} & grave_doubts)
    return (
        len(grave_doubts) >= 2
        or not_confirmed
        or bool(grave_doubts and _mean_probability(segment_words) < MIN_SUSPECT_PROBABILITY)
    )


def find_doubts(segment_words: Sequence[Word], looping_words: int, evidence: TranscriptEvidence) -> list[Doubt]:
    """Find the doubts about a segment's words, ``looping_words`` of which belong to a loop."""
    if evidence.certain:
        return []
    time_range = TimeRange(start_ms=segment_words[0].start_ms, end_ms=segment_words[-1].end_ms)
    checks: list[tuple[Doubt, bool]] = [
        ("no_speech", _voiced_ratio(segment_words, evidence.speech) < MIN_VOICED_RATIO),
        ("unsure", _mean_probability(segment_words) < MIN_WORD_PROBABILITY),
        ("heard_twice", _was_reread(time_range, evidence.windows)),
        ("repeats", 2 * looping_words > len(segment_words)),
        ("does_not_fit", _is_misplaced(time_range, evidence.fits)),
    ]
    return [doubt for doubt, applies in checks if applies]


def _mean_probability(segment_words: Sequence[Word]) -> float:
    """Mean probability of the words."""
    return statistics.fmean(word.probability for word in segment_words)


def _voiced_ratio(segment_words: Sequence[Word], speech: Sequence[TimeRange]) -> float:
    """Share of the words whose middle lies in detected speech."""
    middles_ms = [(word.start_ms + word.end_ms) / 2 for word in segment_words]
    inside = sum(
        any(
            speech_range.start_ms - VOICE_EDGE_MS <= middle_ms <= speech_range.end_ms + VOICE_EDGE_MS
            for speech_range in speech
        )
        for middle_ms in middles_ms
    )
    return inside / len(segment_words)


def _was_reread(time_range: TimeRange, windows: Sequence[HeardWindow]) -> bool:
    """Whether most of the range lies in windows that the careful decoder read differently."""
    overlaps = [
        (overlap_ms(time_range, window), window.again and (window.agreement or 0.0) < MIN_AGREEMENT_RATIO)
        for window in windows
    ]
    return 2 * sum(ms for ms, reread in overlaps if reread) > sum(ms for ms, _ in overlaps)


def _is_misplaced(time_range: TimeRange, fits: Sequence[Fit]) -> bool:
    """Whether the aligner placed hardly any of the words around here."""
    near_fits = [fit for fit in fits if overlap_ms(time_range, fit)]
    word_count = sum(fit.words for fit in near_fits)
    return word_count >= MIN_FIT_WORDS and sum(fit.placed for fit in near_fits) < MIN_PLACED_RATIO * word_count


def find_loops(words: Sequence[Word]) -> list[bool]:
    """Return for each word whether it belongs to a loop of the same few words."""
    texts = [normalise_word(word.text) for word in words]
    in_loop = [False] * len(texts)
    for length in range(1, MAX_LOOP_PERIOD_WORDS + 1):
        at = 0
        while at + length < len(texts):
            repeated = _repeated_length(texts, at, length)
            if repeated + length >= max(MIN_LOOP_ROUNDS * length, MIN_LOOP_WORDS):
                in_loop[at : at + repeated + length] = [True] * (repeated + length)
            at += max(1, repeated)
    return in_loop


def is_drawn_out(text: str) -> bool:
    """Whether a word repeats one sound for longer than people write it: a loop inside a word."""
    return len(text) >= MIN_DRAWN_OUT_CHARACTERS and _DRAWN_OUT_PATTERN.search(normalise_word(text)) is not None


def _repeated_length(texts: Sequence[str], first: int, length: int) -> int:
    """Count the words from ``first`` on that recur ``length`` words later."""
    end = first
    while end + length < len(texts) and texts[end] == texts[end + length]:
        end += 1
    return end - first
