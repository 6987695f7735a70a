"""What was heard in other languages, in English too: by the recogniser itself. Asks nothing about what is English."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import msgspec

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Heard, Int16, Speech
from core.progress import Report
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardWindow
from streams.speech.languages import of_windows
from streams.speech.word_times import at_project_time

ENGLISH = "en"
RATE_KHZ = 16


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What is spoken in one other language, ms from the recording's start."""

    range: TimeRange
    language: str | None


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """English words of the whole recording (ms from its start), what the decoder thought of them, and what it cost.

    ``missing``: stretches that were to be translated, and were not.
    """

    words: list[Word]
    windows: list[HeardWindow]
    missing: list[TimeRange]
    compute_ms: int


def foreign(heard: Heard, length_ms: int) -> list[Stretch]:
    """Where another language than English is spoken: neighbouring windows of one language together."""
    if not heard.windows:
        whole = TimeRange(start_ms=0, end_ms=length_ms)
        return [Stretch(range=whole, language=heard.language)] if heard.words and heard.language != ENGLISH else []
    believed = [one for one in sorted(heard.windows, key=lambda one: one.start_ms) if not one.dropped]
    runs = groupby(believed, key=lambda one: one.language or heard.language)
    return [_stretch(list(run), language, length_ms) for language, run in runs if language != ENGLISH]


def _stretch(run: Sequence[HeardWindow], language: str | None, length_ms: int) -> Stretch:
    start_ms = max(0, min(one.start_ms for one in run))
    end_ms = min(length_ms, max(one.end_ms for one in run))
    return Stretch(range=TimeRange(start_ms=start_ms, end_ms=max(start_ms, end_ms)), language=language)


async def translate(
    heard: Heard,
    words: Sequence[Word],
    samples: Int16,
    speech: Speech,
    *,
    counted: Callable[[], Report],
    glossary: Sequence[str] = (),
) -> Translated | None:
    """English for 16 kHz mono audio, shape (n,), in which ``words`` were heard; None where all of it is English.

    ``counted`` gives a new counter for each request. English words stay as they were heard. A recogniser that is away
    costs the translation of what is left, and raises nothing.
    """
    asked = foreign(heard, samples.size // RATE_KHZ)
    if not asked:
        return None
    tongues = of_windows(words, heard.windows, heard.language)
    found = [word for word, tongue in zip(words, tongues, strict=True) if tongue == ENGLISH]
    windows = [one for one in heard.windows if one.language == ENGLISH]
    cost_ms = 0
    for at, one in enumerate(asked):
        cut = samples[one.range.start_ms * RATE_KHZ : one.range.end_ms * RATE_KHZ]
        try:
            said = await speech.transcribe(
                cut, language=one.language, report=counted(), glossary=glossary, task="translate"
            )
        except (Unavailable, InferenceFailed):
            lost = [left.range for left in asked[at:]]
            return Translated(words=_ordered(found), windows=windows, missing=lost, compute_ms=cost_ms)
        found += [_later(word, one.range.start_ms) for word in said.words]
        windows += at_project_time(said.windows, one.range)
        cost_ms += said.compute_ms
    return Translated(words=_ordered(found), windows=windows, missing=[], compute_ms=cost_ms)


def _later(word: Word, by_ms: int) -> Word:
    return msgspec.structs.replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms)


def _ordered(words: Sequence[Word]) -> list[Word]:
    return sorted(words, key=lambda word: (word.start_ms, word.end_ms))
