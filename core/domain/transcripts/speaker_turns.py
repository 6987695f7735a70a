"""Turns cut, joined and counted; the words in each. Pure; says nothing of who speaks."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from core.domain.text.word_joining import join_words
from schemas.common import Segment, Word
from schemas.documents.diarization import Turn

Place = tuple[int, int]
"""From where to before where: in ms, or in words."""
JOINED_MS = 300
"""A speaker who goes on after a shorter pause has not stopped."""


def numbered(speaker: str) -> int:
    """The number in a speaker's id; 0 without one."""
    return int(speaker[1:]) if speaker[:1] == "S" and speaker[1:].isdecimal() else 0


def joined_turns(turns: Iterable[Turn]) -> list[Turn]:
    """Turns in order, one for what a speaker says without a longer pause or another in between."""
    joined: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start_ms, turn.end_ms)):
        if joined and joined[-1].speaker == turn.speaker and turn.start_ms - joined[-1].end_ms <= JOINED_MS:
            end_ms = max(joined[-1].end_ms, turn.end_ms)
            joined[-1] = Turn(start_ms=joined[-1].start_ms, end_ms=end_ms, speaker=turn.speaker)
        else:
            joined.append(turn)
    return joined


def cut(turn: Turn, places: Sequence[Place], to: str) -> tuple[list[Turn], list[Turn]]:
    """A turn's parts inside of the places (ms, in order, apart), given ``to`` another, and those outside."""
    inside: list[Turn] = []
    outside: list[Turn] = []
    at_ms = turn.start_ms
    for begins_ms, ends_ms in places[bisect_left(places, turn.start_ms, key=lambda place: place[1]) :]:
        if begins_ms >= turn.end_ms:
            break
        start_ms, end_ms = max(begins_ms, at_ms), min(ends_ms, turn.end_ms)
        if start_ms > at_ms:
            outside.append(Turn(start_ms=at_ms, end_ms=start_ms, speaker=turn.speaker))
        if end_ms > start_ms:
            inside.append(Turn(start_ms=start_ms, end_ms=end_ms, speaker=to))
        at_ms = max(at_ms, end_ms)
    if at_ms < turn.end_ms:
        outside.append(Turn(start_ms=at_ms, end_ms=turn.end_ms, speaker=turn.speaker))
    return inside, outside


def middles_ms(words: Iterable[Word]) -> list[float]:
    """The middle of each word; words are in order, so these are too."""
    return [(word.start_ms + word.end_ms) / 2 for word in words]


def words_in(turns: Iterable[Turn], words: Sequence[Word]) -> list[tuple[int, int]]:
    """The words that have their middles in each turn: ``[first, end)``."""
    middles = middles_ms(words)
    return [(bisect_left(middles, turn.start_ms), bisect_left(middles, turn.end_ms)) for turn in turns]


def word_counts(words: Iterable[Word]) -> Counter[str | None]:
    """Number of words of each speaker."""
    return Counter(word.speaker for word in words)


def split_by_speaker(segment: Segment, words: Sequence[Word], language: str | None) -> Iterator[Segment]:
    """Split a segment into runs of one speaker; ``words``: all words of the transcript."""
    run = words[segment.first_word : segment.end_word]
    if len({word.speaker for word in run}) <= 1:
        yield msgspec.structs.replace(segment, speaker=run[0].speaker if run else segment.speaker)
        return
    first = segment.first_word
    for speaker, group in groupby(run, lambda word: word.speaker):
        mine = list(group)
        yield msgspec.structs.replace(
            segment,
            start_ms=mine[0].start_ms,
            end_ms=mine[-1].end_ms,
            text=join_words((word.text for word in mine), language),
            first_word=first,
            end_word=first + len(mine),
            speaker=speaker,
        )
        first += len(mine)
