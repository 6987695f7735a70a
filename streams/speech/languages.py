"""Language of each word, taken from the decoder's window around it. Pure; detects no language itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from schemas.common import Segment, Word
from schemas.documents.span import HeardSpan, HeardWindow
from streams.speech.words import middle_ms

WordLanguages = Sequence[str | None]
"""One language a word; None where it is not known."""


def languages_by_window(
    words: Sequence[Word], windows: Sequence[HeardWindow], default_language: str | None
) -> list[str | None]:
    """Return the language of the decoder's window that each word lies in, or the default."""
    known_windows = sorted((window for window in windows if window.language), key=lambda window: window.start_ms)
    starts = [window.start_ms for window in known_windows]
    if not known_windows:
        return [default_language] * len(words)
    return [known_windows[max(0, bisect_right(starts, middle_ms(word)) - 1)].language for word in words]


def languages_by_span(words: Sequence[Word], spans: Sequence[HeardSpan]) -> list[str | None]:
    """Return the language of each word of a project, by the windows of its span (spans in order of time)."""
    languages: list[str | None] = [None] * len(words)
    starts = [span.range.start_ms for span in spans]
    span_of_word = [max(0, bisect_right(starts, middle_ms(word)) - 1) for word in words]
    for number, span in enumerate(spans):
        word_indices = [at for at, owner in enumerate(span_of_word) if owner == number]
        span_languages = languages_by_window([words[at] for at in word_indices], span.windows, span.language)
        for at, language in zip(word_indices, span_languages, strict=True):
            languages[at] = language
    return languages


def languages_by_segment(segments: Sequence[Segment], word_count: int) -> list[str | None]:
    """Return the language of each of ``word_count`` words, by the segment that holds it."""
    languages: list[str | None] = [None] * word_count
    for segment in segments:
        languages[segment.first_word : segment.end_word] = [segment.language] * (segment.end_word - segment.first_word)
    return languages


def languages_by_time(
    words: Sequence[Word], segments: Sequence[Segment], default_language: str | None
) -> list[str | None]:
    """Return the language of each word by the segment it lies in or follows.

    The segments may be of another version of the words.
    """
    starts = [segment.start_ms for segment in segments]
    if not starts:
        return [default_language] * len(words)
    word_segments = [segments[max(0, bisect_right(starts, middle_ms(word)) - 1)] for word in words]
    return [segment.language or default_language for segment in word_segments]
