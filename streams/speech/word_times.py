"""Word times: the recogniser's without their constant bias, then where the sound puts the words. Pure; hears nothing.

Whisper's word times come from its attention; they are early by an almost constant time, and sometimes wrong by much. An
aligner that is told the words finds them far better, but always finds something: what moves too far is not believed.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from core.ports.models import Aligned, Piece
from schemas.common import TimeRange, Word
from schemas.documents.span import Fit, HeardWindow
from streams.speech.words import SHORTEST_MS

START_EARLY_MS = 50
"""So much too early Whisper says a word begins (median on one set, tested on others:
benchmarks/speech/word_times.py)."""
PAUSE_MS = 1_000
"""A silence this long between two words parts the runs that are aligned on their own: a wrong word stays local. Shorter
pauses part nothing: Whisper often puts a word on their wrong side."""
LONGEST_MS = 15_000
"""A longer run is parted at its widest gap."""
AROUND_MS, MOST_AROUND_MS = 200, 1_000
"""So much sound around a run belongs to it, the more the wider the pause: the recogniser's edges are inexact."""
FAR_MS, FARTHEST_MS = 500, 1_500
"""A word that the aligner puts further away from where it was recognised keeps the recogniser's time. The second is for
runs that fit well: at a pause Whisper may be wrong by a second."""
EDGE_MS = 250
"""A voice detector's edges are no more exact than this."""
GOOD_FIT = -5.0
"""Log likelihood a frame. Right words measure −3.7 or better in 19 of 20 runs; wrong ones −5, or do not fit at all."""

Timed = TypeVar("Timed", Fit, HeardWindow)
Run = tuple[int, int]
"""Words ``[first, end)``."""


def unbiased(words: Sequence[Word]) -> list[Word]:
    """The recogniser's words without their constant bias; ends stay, for they have none."""
    found: list[Word] = []
    for word in words:
        length_ms = word.end_ms - word.start_ms
        by_ms = max(0, min(START_EARLY_MS, length_ms // 2))
        found.append(msgspec.structs.replace(word, start_ms=word.start_ms + by_ms))
    return found


def borders(windows: Sequence[HeardWindow]) -> list[int]:
    """Beginnings of the decoder's windows that part runs, in ms: pauses all of them, and no more than it takes.

    What lies before one stays as it is whatever is heard after it: it can be aligned while the rest is recognised.
    """
    found: list[int] = []
    for window in windows:
        if window.start_ms - (found[-1] if found else 0) >= LONGEST_MS:
            found.append(window.start_ms)
    return found


def runs(words: Sequence[Word], parted_at: Sequence[int] = ()) -> list[Run]:
    """Words in order, parted at pauses and at borders (ms); the longest runs at their widest gaps."""
    starts = [word.start_ms for word in words]
    first_after = {bisect_left(starts, ms) for ms in parted_at}
    found: list[Run] = []
    first = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or end in first_after or words[end].start_ms - words[end - 1].end_ms >= PAUSE_MS:
            found += _parted(words, first, end)
            first = end
    return found


def _parted(words: Sequence[Word], first: int, end: int) -> list[Run]:
    if end - first < 2 or words[end - 1].end_ms - words[first].start_ms <= LONGEST_MS:
        return [(first, end)]
    best = widest(words, first, end)
    return [*_parted(words, first, best), *_parted(words, best, end)]


def widest(words: Sequence[Word], first: int, end: int) -> int:
    """The word after the widest gap of a run of two words and more; of equal ones the one nearest the middle."""
    cuts = range(first + 1, end)
    return max(cuts, key=lambda at: (words[at].start_ms - words[at - 1].end_ms, -abs(2 * at - first - end)))


def pieces(words: Sequence[Word], found: Sequence[Run], length_ms: int) -> list[Piece]:
    """What the aligner is asked: each run with sound around it up to the middle of the pauses beside it.

    ``length_ms`` is the recording's.
    """
    edges = [0, *(ms for first, end in found for ms in (words[first].start_ms, words[end - 1].end_ms)), length_ms]
    asked: list[Piece] = []
    for at, (first, end) in enumerate(found):
        before_ms, start_ms, end_ms, after_ms = edges[2 * at : 2 * at + 4]
        start_ms = max(0, min(start_ms - _around(start_ms - before_ms), length_ms - SHORTEST_MS))
        end_ms = min(length_ms, end_ms + _around(after_ms - end_ms))
        asked.append(
            Piece(range=TimeRange(start_ms=start_ms, end_ms=end_ms), words=[word.text for word in words[first:end]])
        )
    return asked


def _around(pause_ms: int) -> int:
    return max(AROUND_MS, min(MOST_AROUND_MS, pause_ms // 2))


def placed(
    words: Sequence[Word], found: Sequence[Run], aligned: Aligned, speech: Sequence[TimeRange] = ()
) -> tuple[list[Word], list[Fit]]:
    """The words at the aligner's times where those are believed, in the same order; and how each run fits.

    ``speech``: where the voice detector hears somebody; no word is moved to where it hears nobody.
    """
    moved: list[Word] = []
    fits: list[Fit] = []
    for (first, end), times, score in zip(found, aligned.pieces, aligned.scores, strict=True):
        pairs = list(zip(words[first:end], times, strict=True))
        limit_ms = FAR_MS if score is None or score < GOOD_FIT else FARTHEST_MS
        taken = [
            score is not None and time is not None and _near(word, time, limit_ms) and _voiced(time, speech)
            for word, time in pairs
        ]
        moved += [_at(word, time) if take else word for (word, time), take in zip(pairs, taken, strict=True)]
        fits.append(_fit(pairs, taken, score))
    return in_order(moved), fits


def _near(word: Word, time: TimeRange, limit_ms: int) -> bool:
    return abs(time.start_ms - word.start_ms) <= limit_ms


def _voiced(time: TimeRange, speech: Sequence[TimeRange]) -> bool:
    middle = (time.start_ms + time.end_ms) / 2
    near = (one.start_ms - EDGE_MS <= middle <= one.end_ms + EDGE_MS for one in speech)
    return not speech or any(near)


def _at(word: Word, time: TimeRange | None) -> Word:
    assert time is not None
    return msgspec.structs.replace(word, start_ms=time.start_ms, end_ms=time.end_ms)


def _fit(pairs: Sequence[tuple[Word, TimeRange | None]], taken: Sequence[bool], score: float | None) -> Fit:
    ways = [abs(time.start_ms - word.start_ms) for word, time in pairs if time is not None]
    return Fit(
        start_ms=pairs[0][0].start_ms,
        end_ms=pairs[-1][0].end_ms,
        words=len(pairs),
        placed=sum(taken),
        moved_ms=round(statistics.median(ways)) if ways else 0,
        score=score,
    )


def in_order(words: Sequence[Word]) -> list[Word]:
    """The same words in the same order, each after the one before; where two overlap the later ends the earlier."""
    found: list[Word] = []
    for word in words:
        start_ms = max(word.start_ms, found[-1].start_ms + SHORTEST_MS) if found else word.start_ms
        if found and found[-1].end_ms > start_ms:
            found[-1] = msgspec.structs.replace(found[-1], end_ms=start_ms)
        found.append(msgspec.structs.replace(word, start_ms=start_ms, end_ms=max(word.end_ms, start_ms + SHORTEST_MS)))
    return found


def at_project_time(found: Sequence[Timed], padded: TimeRange) -> list[Timed]:
    """Fits or windows of a recording that begins at ``padded.start_ms``, on project time."""
    by_ms = padded.start_ms
    return [msgspec.structs.replace(one, start_ms=one.start_ms + by_ms, end_ms=one.end_ms + by_ms) for one in found]
