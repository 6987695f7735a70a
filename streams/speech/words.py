"""What was heard in one span, put on the project's time line and cut at its seams. Pure; never joins two spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from schemas.common import TimeRange, Word

SHORTEST_MS = 20
"""No word ends before this long after its start."""
HYPHEN_GAP_MS = 300
"""Between the halves of a hyphened word is no pause; after a longer one a hyphen is a dash."""
NEAR_MS = 3_000
"""What may be a voice is taken for one within this time of speech."""


def middle_ms(word: Word) -> float:
    """The middle of a word: which side of a seam it is on."""
    return (word.start_ms + word.end_ms) / 2


def on_project_time(words: Iterable[Word], padded: TimeRange) -> list[Word]:
    """Words of a piece of audio that begins at ``padded.start_ms``: shifted, clamped to it, tidied."""
    return hyphened(tidy(_shifted(word, padded) for word in words if word.text.strip()))


def hyphened(words: Iterable[Word]) -> list[Word]:
    """The same with “long -term”, as the recogniser parts it, in one: half of a word is not shown alone."""
    found: list[Word] = []
    for word in words:
        if found and _goes_on(found[-1], word):
            before = found[-1]
            text, probability = before.text + word.text, min(before.probability, word.probability)
            found[-1] = msgspec.structs.replace(before, text=text, end_ms=word.end_ms, probability=probability)
        else:
            found.append(word)
    return found


def _goes_on(before: Word, word: Word) -> bool:
    """Whether a hyphen and a small letter, or a number behind capitals (“COVID -19”), follow a word without a mark.

    A capital begins what another one says (“-No.”), and a number alone may be below zero.
    """
    head, tail = before.text, word.text[1:]
    near = word.start_ms - before.end_ms <= HYPHEN_GAP_MS
    fitting = tail[:1].islower() or (tail[:1].isdigit() and head.isalpha() and head.isupper())
    return near and word.text.startswith("-") and head[-1:].isalnum() and fitting


def tidy(words: Iterable[Word]) -> list[Word]:
    """Words in order of time, none shorter than ``SHORTEST_MS``; where two overlap, the later one ends the earlier."""
    found: list[Word] = []
    for word in sorted(words, key=lambda word: (word.start_ms, word.end_ms)):
        start_ms = word.start_ms
        if found and start_ms < found[-1].end_ms:
            start_ms = max(start_ms, found[-1].start_ms + SHORTEST_MS)
            found[-1] = msgspec.structs.replace(found[-1], end_ms=start_ms)
        end_ms = max(word.end_ms, start_ms + SHORTEST_MS)
        found.append(msgspec.structs.replace(word, start_ms=start_ms, end_ms=end_ms))
    return found


def _shifted(word: Word, padded: TimeRange) -> Word:
    start_ms = min(max(word.start_ms + padded.start_ms, padded.start_ms), padded.end_ms - SHORTEST_MS)
    end_ms = min(max(word.end_ms + padded.start_ms, start_ms + SHORTEST_MS), padded.end_ms)
    return msgspec.structs.replace(word, text=word.text.strip(), start_ms=start_ms, end_ms=end_ms)


def split_at(words: Sequence[Word], wanted: TimeRange) -> tuple[list[Word], list[Word]]:
    """Words whose middle lies in ``wanted``, and those of the padding around it."""
    inside = [word for word in words if wanted.start_ms <= middle_ms(word) < wanted.end_ms]
    margin = [word for word in words if not wanted.start_ms <= middle_ms(word) < wanted.end_ms]
    return inside, margin


def speech_inside(speech: Iterable[TimeRange], padded: TimeRange, wanted: TimeRange) -> list[TimeRange]:
    """Speech of a piece of audio, shifted to project time and clamped to ``wanted``."""
    shifted = (
        TimeRange(
            start_ms=max(stretch.start_ms + padded.start_ms, wanted.start_ms),
            end_ms=min(stretch.end_ms + padded.start_ms, wanted.end_ms),
        )
        for stretch in speech
    )
    return [stretch for stretch in shifted if stretch.length_ms > 0]


def near(voiced: Iterable[TimeRange], speech: Sequence[TimeRange]) -> list[TimeRange]:
    """Those stretches that lie near speech: what a ready ear hears far from any is music, or nothing."""
    return [
        one
        for one in voiced
        if any(one.start_ms < said.end_ms + NEAR_MS and said.start_ms < one.end_ms + NEAR_MS for said in speech)
    ]
