"""Small makers of words and spans for the tests of listen."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from schemas.common import TimeRange, Word
from schemas.documents.span import HeardSpan, LoudnessCurve


def word(text: str, start_ms: int, end_ms: int | None = None) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=start_ms + 300 if end_ms is None else end_ms, probability=0.9)


def sentence(text: str, start_ms: int, step_ms: int = 400) -> list[Word]:
    return [word(one, start_ms + at * step_ms) for at, one in enumerate(text.split())]


def span(
    start_ms: int,
    end_ms: int,
    words: list[Word],
    margin: list[Word] | None = None,
    *,
    language: str | None = "en",
    sure: float = 0.9,
) -> HeardSpan:
    return HeardSpan(
        ordinal=start_ms,
        range=TimeRange(start_ms=start_ms, end_ms=end_ms),
        language=language,
        language_probability=sure,
        words=words,
        margin_words=margin or [],
        speech=[TimeRange(start_ms=start_ms, end_ms=end_ms)] if words else [],
        loudness=LoudnessCurve(start_ms=start_ms, step_ms=100, level_db=[]),
        model="m",
        compute_ms=1,
    )


def texts(words: list[Word]) -> str:
    return " ".join(one.text for one in words)


def speaker_words(lines: Iterable[tuple[str, str]]) -> list[Word]:
    """Words of lines, each with who says it."""
    found: list[Word] = []
    for who, text in lines:
        at = found[-1].end_ms + 200 if found else 0
        found += [msgspec.structs.replace(one, speaker=who) for one in sentence(text, at)]
    return found
