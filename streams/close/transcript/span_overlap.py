"""Two spans heard the same seconds: whose words count around their seam. Pure; never changes a word or a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain.transcripts.speaker_turns import united
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardSpan
from streams.speech.words import middle_ms

SAME_MS = 500
"""Two words of the same text, one heard by each side, are one word if their middles are no further apart."""
APART_MS = 1_500
"""Between words that both agree on they may be further apart: one hears "a" before a pause, the other behind it."""
REACH_MS = 1_000
"""Words further from the seam than this are heard by one side only: they are not in question."""
SHARED = 1 / 2
"""Words of both sides that share more than this much of the shorter one's time are readings of one sound."""
DETOUR = 0.1
"""To part readings so far from the seam is as bad as losing this share of it: each side knows its own half better."""

Pair = tuple[Word, Word]
Both = tuple[list[Word], list[Word]]
"""Words of the left side and of the right one."""


def letters(text: str) -> str:
    """A word without case and punctuation, for comparing."""
    return "".join(sign for sign in text.casefold() if sign.isalnum()) or text


def reach(before: HeardSpan, after: HeardSpan) -> int:
    """How far from their seam the words of both are in question, ms: never past the middle of a very short span."""
    return min(REACH_MS, before.range.length_ms // 2, after.range.length_ms // 2)


def settle(before: HeardSpan, after: HeardSpan) -> list[Word]:
    """The words within ``reach`` of the seam between two neighbours, each counted once.

    Both sides heard more than a second beyond it (``margin_words``). Words are paired by text and time, then, between
    those pairs, with more patience; a pair is one word, taken from the side it lies on. What only one side heard stays.
    What both heard otherwise is taken from the left up to a place near the seam, from the right behind it, so that as
    little as may be of its sound is left out or written twice.
    """
    seam_ms, reach_ms = before.range.end_ms, reach(before, after)
    first_ms = max(before.range.start_ms, seam_ms - reach_ms - APART_MS)
    last_ms = min(after.range.end_ms, seam_ms + reach_ms + APART_MS)
    left = [word for word in _all(before) if first_ms < middle_ms(word) < seam_ms + REACH_MS]
    right = [word for word in _all(after) if seam_ms - REACH_MS < middle_ms(word) < last_ms]
    settled = TimeRange(start_ms=seam_ms - reach_ms, end_ms=seam_ms + reach_ms)
    found: list[Word] = []
    for mine, theirs, pair in _stretches(left, right, SAME_MS):
        for ours, others, far in _stretches(mine, theirs, APART_MS):
            for both in _sounds(ours, others):
                found += _once(both, seam_ms, settled)
            found += _one(far, seam_ms, settled, found)
        found += _one(pair, seam_ms, settled, found)
    return found


def _one(pair: Pair | None, seam_ms: int, settled: TimeRange, found: Sequence[Word]) -> list[Word]:
    """The word of a pair that lies on its side of the seam; the other where that would come before what is ``found``.

    None where a side has it beyond what is settled here.
    """
    if pair is None:
        return []
    ours, other = pair
    if middle_ms(ours) <= settled.start_ms or middle_ms(other) >= settled.end_ms:
        return []
    one, second = pair if middle_ms(ours) + middle_ms(other) < 2 * seam_ms else (other, ours)
    early = bool(found) and one.start_ms < found[-1].start_ms <= second.start_ms
    return [second if early else one]


def _all(span: HeardSpan) -> list[Word]:
    return sorted([*span.words, *span.margin_words], key=lambda word: (word.start_ms, word.end_ms))


def _stretches(
    left: Sequence[Word], right: Sequence[Word], within_ms: int
) -> Iterator[tuple[list[Word], list[Word], Pair | None]]:
    """What lies between pairs, followed by the pair that ends it (None at the end)."""
    at_left = at_right = 0
    for i, j in pairs(left, right, within_ms):
        yield list(left[at_left:i]), list(right[at_right:j]), (left[i], right[j])
        at_left, at_right = i + 1, j + 1
    yield list(left[at_left:]), list(right[at_right:]), None


def pairs(left: Sequence[Word], right: Sequence[Word], within_ms: int) -> list[tuple[int, int]]:
    """The longest run of same words in the same order (longest common subsequence), as index pairs."""
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            same = best[i + 1][j + 1] + 1 if _same(left[i], right[j], within_ms) else 0
            best[i][j] = max(same, best[i + 1][j], best[i][j + 1])
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if _same(left[i], right[j], within_ms) and best[i][j] == best[i + 1][j + 1] + 1:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _same(one: Word, other: Word, within_ms: int) -> bool:
    return letters(one.text) == letters(other.text) and abs(middle_ms(one) - middle_ms(other)) <= within_ms


def _sounds(ours: Sequence[Word], others: Sequence[Word]) -> list[Both]:
    """Words without a partner, those together that are readings of the same sound."""
    found: list[Both] = []
    for word in [*(([one], []) for one in ours), *(([], [one]) for one in others)]:
        near = [both for both in found if _share(both, word) or _share(word, both)]
        whole = [*near, word]
        joined = [one for left, _ in whole for one in left], [one for _, right in whole for one in right]
        found = [*(both for both in found if both not in near), joined]
    return found


def _share(one: Both, other: Both) -> bool:
    """Whether a word of the left side of one and a word of the right side of the other are of the same time."""
    return any(
        min(mine.end_ms, theirs.end_ms) - max(mine.start_ms, theirs.start_ms)
        > SHARED * min(mine.end_ms - mine.start_ms, theirs.end_ms - theirs.start_ms)
        for mine in one[0]
        for theirs in other[1]
    )


def _once(both: Both, seam_ms: int, settled: TimeRange) -> list[Word]:
    """One reading of a sound: the only one there is, or the left one up to where least is lost or doubled."""
    left, right = both
    if not right:
        return [word for word in left if settled.start_ms < middle_ms(word) < settled.end_ms]
    if not left:
        return [word for word in right if settled.start_ms < middle_ms(word) < settled.end_ms]
    borders = [border for word in [*left, *right] for border in (word.start_ms, word.end_ms)]
    places = [place for place in [seam_ms, *borders] if settled.start_ms <= place <= settled.end_ms]
    return _parted(both, min(places, key=lambda place: _torn_ms(both, place) + DETOUR * abs(place - seam_ms)), settled)


def _torn_ms(both: Both, place_ms: int) -> int:
    """How much of what was heard is in neither reading, or in both, when they are parted at a place."""
    left = [word for word in both[0] if middle_ms(word) < place_ms]
    right = [word for word in both[1] if middle_ms(word) >= place_ms]
    heard, kept = _length_ms([*both[0], *both[1]]), _length_ms([*left, *right])
    return heard - kept + _length_ms(left) + _length_ms(right) - kept


def _length_ms(words: Sequence[Word]) -> int:
    return sum(end_ms - start_ms for start_ms, end_ms in united((word.start_ms, word.end_ms) for word in words))


def _parted(both: Both, place_ms: int, settled: TimeRange) -> list[Word]:
    """The left reading before a place and the right one behind it, of what is settled here."""
    left = [word for word in both[0] if settled.start_ms < middle_ms(word) < place_ms]
    return [*left, *(word for word in both[1] if place_ms <= middle_ms(word) < settled.end_ms)]
