"""Which language each word was heard in: that of the decoder's window around it. Pure; detects nothing itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from schemas.common import Segment, Word
from schemas.documents.span import HeardSpan, HeardWindow
from streams.speech.words import middle_ms

Tongues = Sequence[str | None]
"""One language a word; None where it is not known."""


def of_windows(words: Sequence[Word], windows: Sequence[HeardWindow], otherwise: str | None) -> list[str | None]:
    """The language of the window that each word lies in; ``otherwise`` where the windows do not say."""
    told = sorted((one for one in windows if one.language), key=lambda one: one.start_ms)
    starts = [one.start_ms for one in told]
    if not told:
        return [otherwise] * len(words)
    return [told[max(0, bisect_right(starts, middle_ms(word)) - 1)].language for word in words]


def of_spans(words: Sequence[Word], ordered: Sequence[HeardSpan]) -> list[str | None]:
    """The language of each word of a project, by the windows of the span that it lies in (spans in order of time)."""
    found: list[str | None] = [None] * len(words)
    starts = [span.range.start_ms for span in ordered]
    owner = [max(0, bisect_right(starts, middle_ms(word)) - 1) for word in words]
    for number, span in enumerate(ordered):
        mine = [at for at, who in enumerate(owner) if who == number]
        told = of_windows([words[at] for at in mine], span.windows, span.language)
        for at, language in zip(mine, told, strict=True):
            found[at] = language
    return found


def of_segments(segments: Sequence[Segment], count: int) -> list[str | None]:
    """The language of each of ``count`` words, by the segment that holds it."""
    found: list[str | None] = [None] * count
    for segment in segments:
        found[segment.first_word : segment.end_word] = [segment.language] * (segment.end_word - segment.first_word)
    return found


def of_times(words: Sequence[Word], segments: Sequence[Segment], otherwise: str | None) -> list[str | None]:
    """The language of each word by the segment it is said in or after, of a transcript that may have other words."""
    starts = [one.start_ms for one in segments]
    if not starts:
        return [otherwise] * len(words)
    near = [segments[max(0, bisect_right(starts, middle_ms(word)) - 1)] for word in words]
    return [segment.language or otherwise for segment in near]
