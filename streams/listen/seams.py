"""Two spans heard the same two seconds: whose words count around their seam. Pure; never changes a word or a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.documents import HeardSpan
from schemas.media import TimeRange, Word
from streams.listen.words import middle_ms

SAME_MS = 500
"""Two words of the same text, one heard by each side, are one word if their middles are no further apart."""
APART_MS = 1_500
"""Between words that both agree on they may be further apart: one hears "a" before a pause, the other behind it."""
REACH_MS = 1_000
"""Words further from the seam than this are heard by one side only: they are not in question."""
ORPHAN_MS = 500
"""A word only the other side heard is kept no further over the seam than this: neither side may lose it."""
SHORT_MS = 700
"""A disagreement no longer than this is taken whole from one side ("cannot" here, "can" and "not" there)."""

Pair = tuple[Word, Word]


def letters(text: str) -> str:
    """A word without case and punctuation, for comparing."""
    return "".join(sign for sign in text.casefold() if sign.isalnum()) or text


def reach(before: HeardSpan, after: HeardSpan) -> int:
    """How far from their seam the words of both are in question, ms: never past the middle of a very short span."""
    return min(REACH_MS, before.range.length_ms // 2, after.range.length_ms // 2)


def settle(before: HeardSpan, after: HeardSpan) -> list[Word]:
    """The words within ``reach`` of the seam between two neighbours, each counted once.

    Both sides heard up to a second beyond it (``margin_words``). Words are paired by text and time, then, between those
    pairs, with more patience; a pair is one word, taken from the side it lies on; what is left is taken from one side,
    or parted at the seam.
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
            near_left = [word for word in ours if middle_ms(word) > settled.start_ms]
            near_right = [word for word in others if middle_ms(word) < settled.end_ms]
            found += _between(near_left, near_right, seam_ms)
            found += _one(far, seam_ms, settled)
        found += _one(pair, seam_ms, settled)
    return found


def _one(pair: Pair | None, seam_ms: int, settled: TimeRange) -> list[Word]:
    """The word of a pair that lies on its side of the seam; none where a side has it beyond what is settled here."""
    if pair is None:
        return []
    ours, other = pair
    if middle_ms(ours) <= settled.start_ms or middle_ms(other) >= settled.end_ms:
        return []
    return [ours if middle_ms(ours) + middle_ms(other) < 2 * seam_ms else other]


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


def _between(mine: list[Word], theirs: list[Word], seam_ms: int) -> list[Word]:
    """Words without a partner: ``mine`` heard by the span before the seam, ``theirs`` by the one after it."""
    if not theirs:
        return [word for word in mine if middle_ms(word) < seam_ms + ORPHAN_MS]
    if not mine:
        return [word for word in theirs if middle_ms(word) >= seam_ms - ORPHAN_MS]
    start_ms = min(mine[0].start_ms, theirs[0].start_ms)
    end_ms = max(mine[-1].end_ms, theirs[-1].end_ms)
    if end_ms - start_ms <= SHORT_MS:
        return mine if start_ms + end_ms < 2 * seam_ms else theirs
    ours = [word for word in mine if middle_ms(word) < seam_ms]
    edge_ms = ours[-1].end_ms if ours else start_ms
    others = [word for word in theirs if middle_ms(word) >= max(seam_ms, edge_ms)]
    return [*ours, *others]
