"""Places where a cut may fall: the gaps between words. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from schemas.common import TimeRange, Value, Word

MARGIN_MS = 60
"""A cut stays this far from the words on either side, where the gap has the room: ends of words are heard late."""

PAUSE_MS = 2 * MARGIN_MS
"""From here on a gap is one that a cut fits into."""
WORTH_MS = 400
"""Words that touch run into each other: so much farther away a pause is still the better place."""
SEARCH_ITEMS = 32
"""Gaps examined on either side: more do not lie within the search time."""


class Gap(Value, frozen=True, kw_only=True):
    """Between two words; a cut may fall anywhere from ``low_ms`` to ``high_ms``."""

    start_ms: int
    end_ms: int
    low_ms: int
    high_ms: int

    @property
    def length_ms(self) -> int:
        """Time from the end of one word to the start of the next."""
        return self.end_ms - self.start_ms

    @property
    def tightness_ms(self) -> int:
        """Extra distance at which a pause is still the better place for a cut."""
        return WORTH_MS * max(0, PAUSE_MS - self.length_ms) // PAUSE_MS


class Gaps:
    """The gaps of a transcript, with what is before its first word and after its last."""

    def __init__(self, words: Sequence[Word], duration_ms: int) -> None:
        """``words`` in any order; overlapping words leave no gap."""
        self._duration_ms = duration_ms
        self._gaps = _find_gaps(_busy(words, duration_ms), duration_ms)
        self._lows = [gap.low_ms for gap in self._gaps]
        self._starts, self._ends = [gap.start_ms for gap in self._gaps], [gap.end_ms for gap in self._gaps]
        self._middles = sorted((word.start_ms + word.end_ms) / 2 for word in words)

    def nearest(self, at_ms: int) -> int:
        """The best moment near ``at_ms`` at which a cut harms no word: near it, and rather in a pause.

        The same again for its own answer.
        """
        number = bisect_right(self._lows, at_ms) - 1
        near = self._gaps[max(0, number - SEARCH_ITEMS) : number + SEARCH_ITEMS]
        places = ((min(max(at_ms, gap.low_ms), gap.high_ms), self._tight(gap)) for gap in near)
        return min((abs(at - at_ms) + tight, tight, at) for at, tight in places)[2]

    def _tight(self, gap: Gap) -> int:
        """Before the first word and after the last nothing runs into it."""
        return 0 if gap in (self._gaps[0], self._gaps[-1]) else gap.tightness_ms

    def gap_before(self, start_ms: int) -> Gap:
        """The gap that ends where a word starts, or the last one before it."""
        return self._gaps[max(0, bisect_right(self._ends, start_ms) - 1)]

    def gap_after(self, end_ms: int) -> Gap:
        """The gap that begins where a word ends, or the first one after it."""
        return self._gaps[min(bisect_left(self._starts, end_ms), len(self._gaps) - 1)]

    def words_in(self, time: TimeRange) -> int:
        """Number of words that have their middle in the range."""
        return bisect_left(self._middles, time.end_ms) - bisect_left(self._middles, time.start_ms)

    def inner(self) -> list[Gap]:
        """The gaps between two words."""
        return self._gaps[1:-1]

    def range_around(self, first_ms: int, end_ms: int) -> TimeRange:
        """The range that removes the speech between two times and keeps the longer of its pauses."""
        before, after = self.gap_before(first_ms), self.gap_after(end_ms)
        if before.length_ms >= after.length_ms:
            return TimeRange(start_ms=before.high_ms, end_ms=after.high_ms)
        return TimeRange(start_ms=before.low_ms, end_ms=after.low_ms)


def _busy(words: Sequence[Word], duration_ms: int) -> list[TimeRange]:
    """Ranges of speech in order; overlapping words form one range, adjacent words two."""
    busy: list[TimeRange] = []
    for word in sorted(words, key=lambda word: (word.start_ms, word.end_ms)):
        start, end = max(0, word.start_ms), min(word.end_ms, duration_ms)
        if end <= start:
            continue
        if busy and start < busy[-1].end_ms:
            last = busy.pop()
            start, end = last.start_ms, max(end, last.end_ms)
        busy.append(TimeRange(start_ms=start, end_ms=end))
    return busy


def _find_gaps(busy: Sequence[TimeRange], duration_ms: int) -> list[Gap]:
    if not busy:
        return [Gap(start_ms=0, end_ms=duration_ms, low_ms=0, high_ms=duration_ms)] * 2
    first, last = busy[0].start_ms, busy[-1].end_ms
    opening = Gap(start_ms=0, end_ms=first, low_ms=0, high_ms=max(0, first - MARGIN_MS))
    closing = Gap(start_ms=last, end_ms=duration_ms, low_ms=min(last + MARGIN_MS, duration_ms), high_ms=duration_ms)
    inner = [_gap(before.end_ms, after.start_ms) for before, after in pairwise(busy)]
    return [opening, *inner, closing]


def _gap(start_ms: int, end_ms: int) -> Gap:
    margin = min(MARGIN_MS, (end_ms - start_ms) // 2)
    return Gap(
        start_ms=start_ms, end_ms=end_ms, low_ms=start_ms + margin, high_ms=max(start_ms + margin, end_ms - margin)
    )
