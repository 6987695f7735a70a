"""Translate what is spoken in other languages to English, by the recogniser itself.

English is left as heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import msgspec

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Int16, Recognition, Speech
from core.progress import Report
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardWindow
from streams.speech.languages import languages_by_window
from streams.speech.word_times import shift_to_project_time

ENGLISH = "en"
"""Language code of English, the only language Whisper translates to."""
SAMPLE_RATE_KHZ = 16
"""Samples of 16 kHz audio a millisecond."""


class ForeignRange(msgspec.Struct, frozen=True, kw_only=True):
    """A range (ms from the recording's start) in which one language other than English is spoken."""

    range: TimeRange
    language: str | None


class TranslatedWords(msgspec.Struct, frozen=True, kw_only=True):
    """English words of the whole recording (ms from its start), the decoder's windows, and the cost.

    ``missing`` holds the ranges that were to be translated and were not.
    """

    words: list[Word]
    windows: list[HeardWindow]
    missing: list[TimeRange]
    compute_ms: int


def find_foreign_ranges(recognised: Recognition, length_ms: int) -> list[ForeignRange]:
    """Find where a language other than English is spoken; neighbouring windows of one language are joined."""
    if not recognised.windows:
        full_range = TimeRange(start_ms=0, end_ms=length_ms)
        return (
            [ForeignRange(range=full_range, language=recognised.language)]
            if recognised.words and recognised.language != ENGLISH
            else []
        )
    accepted_windows = [
        window for window in sorted(recognised.windows, key=lambda window: window.start_ms) if not window.dropped
    ]
    language_runs = groupby(accepted_windows, key=lambda window: window.language or recognised.language)
    return [
        _foreign_range(list(run_windows), language, length_ms)
        for language, run_windows in language_runs
        if language != ENGLISH
    ]


def _foreign_range(run: Sequence[HeardWindow], language: str | None, length_ms: int) -> ForeignRange:
    start_ms = max(0, min(window.start_ms for window in run))
    end_ms = min(length_ms, max(window.end_ms for window in run))
    return ForeignRange(range=TimeRange(start_ms=start_ms, end_ms=max(start_ms, end_ms)), language=language)


async def translate_to_english(
    recognised: Recognition,
    words: Sequence[Word],
    samples: Int16,
    speech: Speech,
    *,
    counted: Callable[[], Report],
    glossary: Sequence[str] = (),
) -> TranslatedWords | None:
    """Translate 16 kHz mono audio, shape (n,), to English; None where all of it is English.

    ``words`` were recognised in it; English ones stay. ``counted`` gives a new progress counter for each request.
    Where the recogniser is unavailable, the rest is reported as missing and nothing is raised.
    """
    foreign_ranges = find_foreign_ranges(recognised, samples.size // SAMPLE_RATE_KHZ)
    if not foreign_ranges:
        return None
    languages = languages_by_window(words, recognised.windows, recognised.language)
    english_words = [word for word, word_language in zip(words, languages, strict=True) if word_language == ENGLISH]
    windows = [foreign_range for foreign_range in recognised.windows if foreign_range.language == ENGLISH]
    compute_ms = 0
    for at, foreign_range in enumerate(foreign_ranges):
        range_samples = samples[
            foreign_range.range.start_ms * SAMPLE_RATE_KHZ : foreign_range.range.end_ms * SAMPLE_RATE_KHZ
        ]
        try:
            translation = await speech.transcribe(
                range_samples, language=foreign_range.language, report=counted(), glossary=glossary, task="translate"
            )
        except (Unavailable, InferenceFailed):
            missing = [remaining.range for remaining in foreign_ranges[at:]]
            return TranslatedWords(
                words=_sort_words(english_words), windows=windows, missing=missing, compute_ms=compute_ms
            )
        english_words += [_shift_word_by(word, foreign_range.range.start_ms) for word in translation.words]
        windows += shift_to_project_time(translation.windows, foreign_range.range)
        compute_ms += translation.compute_ms
    return TranslatedWords(words=_sort_words(english_words), windows=windows, missing=[], compute_ms=compute_ms)


def _shift_word_by(word: Word, shift_ms: int) -> Word:
    """Shift a word by ``shift_ms``."""
    return msgspec.structs.replace(word, start_ms=word.start_ms + shift_ms, end_ms=word.end_ms + shift_ms)


def _sort_words(words: Sequence[Word]) -> list[Word]:
    """Sort words by time."""
    return sorted(words, key=lambda word: (word.start_ms, word.end_ms))
