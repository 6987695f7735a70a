"""Put recognised words and speech of one span on project time and cut them at the span's edges. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from schemas.common import TimeRange, Word

MIN_WORD_MS = 20
"""Shortest word: an end is moved to at least this long after the start."""
MAX_HYPHEN_GAP_MS = 300
"""Longest pause between the halves of a hyphenated word; after a longer one a hyphen is a dash."""
MAX_SPEECH_DISTANCE_MS = 3_000
"""Possible voice counts as voice within this time of speech."""


def middle_ms(word: Word) -> float:
    """Return the middle of a word: it decides which side of a span's edge the word is on."""
    return (word.start_ms + word.end_ms) / 2


def shift_words_to_project_time(words: Iterable[Word], padded: TimeRange) -> list[Word]:
    """Shift the words of audio that begins at ``padded.start_ms``, clamp them to it and tidy them."""
    return join_hyphenated(tidy_words(_shift_word(word, padded) for word in words if word.text.strip()))


def join_hyphenated(words: Iterable[Word]) -> list[Word]:
    """Join “long -term”, which the recogniser splits, into one word: a caption must not show half of it."""
    joined_words: list[Word] = []
    for word in words:
        if joined_words and _continues_word(joined_words[-1], word):
            before = joined_words[-1]
            text, probability = before.text + word.text, min(before.probability, word.probability)
            joined_words[-1] = msgspec.structs.replace(before, text=text, end_ms=word.end_ms, probability=probability)
        else:
            joined_words.append(word)
    return joined_words


def _continues_word(before: Word, word: Word) -> bool:
    """Whether a hyphen and a small letter, or a number after capitals (“COVID -19”), continue a word.

    A capital begins what another speaker says (“-No.”), and a number alone may be below zero.
    """
    head, tail = before.text, word.text[1:]
    is_near = word.start_ms - before.end_ms <= MAX_HYPHEN_GAP_MS
    fitting = tail[:1].islower() or (tail[:1].isdigit() and head.isalpha() and head.isupper())
    return is_near and word.text.startswith("-") and head[-1:].isalnum() and fitting


def tidy_words(words: Iterable[Word]) -> list[Word]:
    """Sort words by time, none shorter than ``MIN_WORD_MS``; an overlap ends the earlier word."""
    tidied: list[Word] = []
    for word in sorted(words, key=lambda word: (word.start_ms, word.end_ms)):
        start_ms = word.start_ms
        if tidied and start_ms < tidied[-1].end_ms:
            start_ms = max(start_ms, tidied[-1].start_ms + MIN_WORD_MS)
            tidied[-1] = msgspec.structs.replace(tidied[-1], end_ms=start_ms)
        end_ms = max(word.end_ms, start_ms + MIN_WORD_MS)
        tidied.append(msgspec.structs.replace(word, start_ms=start_ms, end_ms=end_ms))
    return tidied


def _shift_word(word: Word, padded: TimeRange) -> Word:
    """Shift a word to project time, clamped to the padded range."""
    start_ms = min(max(word.start_ms + padded.start_ms, padded.start_ms), padded.end_ms - MIN_WORD_MS)
    end_ms = min(max(word.end_ms + padded.start_ms, start_ms + MIN_WORD_MS), padded.end_ms)
    return msgspec.structs.replace(word, text=word.text.strip(), start_ms=start_ms, end_ms=end_ms)


def split_margin(words: Sequence[Word], span_range: TimeRange) -> tuple[list[Word], list[Word]]:
    """Split words into those whose middle lies in ``span_range`` and those of the margin around it."""
    inside_words = [word for word in words if span_range.start_ms <= middle_ms(word) < span_range.end_ms]
    margin = [word for word in words if not span_range.start_ms <= middle_ms(word) < span_range.end_ms]
    return inside_words, margin


def clamp_speech(speech: Iterable[TimeRange], padded: TimeRange, span_range: TimeRange) -> list[TimeRange]:
    """Shift speech ranges to project time and clamp them to ``span_range``."""
    clamped = (
        TimeRange(
            start_ms=max(speech_range.start_ms + padded.start_ms, span_range.start_ms),
            end_ms=min(speech_range.end_ms + padded.start_ms, span_range.end_ms),
        )
        for speech_range in speech
    )
    return [speech_range for speech_range in clamped if speech_range.length_ms > 0]


def keep_near_speech(voiced: Iterable[TimeRange], speech: Sequence[TimeRange]) -> list[TimeRange]:
    """Keep the voiced ranges near speech.

    What a sensitive detector hears far from any speech is music, or nothing.
    """
    return [
        voiced_range
        for voiced_range in voiced
        if any(
            voiced_range.start_ms < speech_range.end_ms + MAX_SPEECH_DISTANCE_MS
            and speech_range.start_ms < voiced_range.end_ms + MAX_SPEECH_DISTANCE_MS
            for speech_range in speech
        )
    ]
