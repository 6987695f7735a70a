"""Merge the words of two spans that heard the same seconds around their border.

Pure; keeps texts and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain.time_ranges import merge_intervals
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardSpan
from streams.speech.words import middle_ms

MAX_SAME_WORD_MS = 500
"""Two words of the same text, one from each span, are one word if their middles are no further apart."""
MAX_SAME_WORD_BETWEEN_MS = 1_500
"""Largest distance of the middles between words that both spans agree on.

One may hear "a" before a pause, the other after it.
"""
MAX_REACH_MS = 1_000
"""Words further from the border than this come from one span only."""
MIN_SHARED_RATIO = 1 / 2
"""Share of the shorter word's time from which words of both spans are readings of one sound."""
DETOUR_WEIGHT = 0.1
"""Cost, in ms a ms, of splicing two readings away from the border: each span knows its own half better."""

WordPair = tuple[Word, Word]
"""One word as the left and as the right span recognised it."""
Readings = tuple[list[Word], list[Word]]
"""Words of the left span and of the right one."""


def normalise_word(text: str) -> str:
    """Fold a word to lower case without punctuation, for comparing."""
    return "".join(sign for sign in text.casefold() if sign.isalnum()) or text


def compute_reach_ms(before: HeardSpan, after: HeardSpan) -> int:
    """Return how far from the border words of both spans are in question: at most half of a short span."""
    return min(MAX_REACH_MS, before.range.length_ms // 2, after.range.length_ms // 2)


def merge_overlap(before: HeardSpan, after: HeardSpan) -> list[Word]:
    """Return the words within reach of the border between two neighbours, each counted once.

    Both spans heard more than a second beyond it (``margin_words``). Words are paired by text and time, then,
    between those pairs, with more tolerance; a pair is one word, taken from the span it lies in. What only one
    span heard stays. What they heard differently is taken from the left up to a cut near the border, from the
    right after it, so that as little as possible of its sound is lost or doubled.
    """
    seam_ms, reach_ms = before.range.end_ms, compute_reach_ms(before, after)
    first_ms = max(before.range.start_ms, seam_ms - reach_ms - MAX_SAME_WORD_BETWEEN_MS)
    last_ms = min(after.range.end_ms, seam_ms + reach_ms + MAX_SAME_WORD_BETWEEN_MS)
    left = [word for word in _span_words(before) if first_ms < middle_ms(word) < seam_ms + MAX_REACH_MS]
    right = [word for word in _span_words(after) if seam_ms - MAX_REACH_MS < middle_ms(word) < last_ms]
    overlap_range = TimeRange(start_ms=seam_ms - reach_ms, end_ms=seam_ms + reach_ms)
    merged: list[Word] = []
    for left_words, right_words, pair in _between_pairs(left, right, MAX_SAME_WORD_MS):
        for left_rest, right_rest, distant_pair in _between_pairs(left_words, right_words, MAX_SAME_WORD_BETWEEN_MS):
            for readings in _group_readings(left_rest, right_rest):
                merged += _choose_reading(readings, seam_ms, overlap_range)
            merged += _choose_word(distant_pair, seam_ms, overlap_range, merged)
        merged += _choose_word(pair, seam_ms, overlap_range, merged)
    return merged


def _choose_word(pair: WordPair | None, seam_ms: int, overlap_range: TimeRange, merged: Sequence[Word]) -> list[Word]:
    """Return the word of a pair from the span it lies in, or the other where that would come too early.

    Too early: before the last word of ``merged``. Nothing where one span has the word outside ``overlap_range``.
    """
    if pair is None:
        return []
    left_word, right_word = pair
    if middle_ms(left_word) <= overlap_range.start_ms or middle_ms(right_word) >= overlap_range.end_ms:
        return []
    preferred, alternative = (
        pair if middle_ms(left_word) + middle_ms(right_word) < 2 * seam_ms else (right_word, left_word)
    )
    early = bool(merged) and preferred.start_ms < merged[-1].start_ms <= alternative.start_ms
    return [alternative if early else preferred]


def _span_words(span: HeardSpan) -> list[Word]:
    """All words of a span, margins included, in order."""
    return sorted([*span.words, *span.margin_words], key=lambda word: (word.start_ms, word.end_ms))


def _between_pairs(
    left: Sequence[Word], right: Sequence[Word], within_ms: int
) -> Iterator[tuple[list[Word], list[Word], WordPair | None]]:
    """Yield the words between pairs, followed by the pair that ends them (None at the end)."""
    left_start = right_start = 0
    for i, j in pair_words(left, right, within_ms):
        yield list(left[left_start:i]), list(right[right_start:j]), (left[i], right[j])
        left_start, right_start = i + 1, j + 1
    yield list(left[left_start:]), list(right[right_start:]), None


def pair_words(left: Sequence[Word], right: Sequence[Word], within_ms: int) -> list[tuple[int, int]]:
    """Pair the same words in the same order (longest common subsequence); return index pairs."""
    longest = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            same = longest[i + 1][j + 1] + 1 if _is_same_word(left[i], right[j], within_ms) else 0
            longest[i][j] = max(same, longest[i + 1][j], longest[i][j + 1])
    index_pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if _is_same_word(left[i], right[j], within_ms) and longest[i][j] == longest[i + 1][j + 1] + 1:
            index_pairs.append((i, j))
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return index_pairs


def _is_same_word(left_word: Word, right_word: Word, within_ms: int) -> bool:
    """Whether two words have the same text at about the same time."""
    return (
        normalise_word(left_word.text) == normalise_word(right_word.text)
        and abs(middle_ms(left_word) - middle_ms(right_word)) <= within_ms
    )


def _group_readings(left_words: Sequence[Word], right_words: Sequence[Word]) -> list[Readings]:
    """Group the words without a partner: those that are readings of the same sound together."""
    groups: list[Readings] = []
    for word in [*(([member], []) for member in left_words), *(([], [member]) for member in right_words)]:
        touching = [group for group in groups if _shares_time(group, word) or _shares_time(word, group)]
        joined_groups = [*touching, word]
        group_of_word = (
            [member for left, _ in joined_groups for member in left],
            [member for _, right in joined_groups for member in right],
        )
        groups = [*(group for group in groups if group not in touching), group_of_word]
    return groups


def _shares_time(first: Readings, second: Readings) -> bool:
    """Whether a left word of the first and a right word of the second cover the same time."""
    return any(
        min(left_word.end_ms, right_word.end_ms) - max(left_word.start_ms, right_word.start_ms)
        > MIN_SHARED_RATIO * min(left_word.end_ms - left_word.start_ms, right_word.end_ms - right_word.start_ms)
        for left_word in first[0]
        for right_word in second[1]
    )


def _choose_reading(readings: Readings, seam_ms: int, overlap_range: TimeRange) -> list[Word]:
    """Choose one reading of a sound: the only one, or both spliced where least is lost or doubled."""
    left, right = readings
    if not right:
        return [word for word in left if overlap_range.start_ms < middle_ms(word) < overlap_range.end_ms]
    if not left:
        return [word for word in right if overlap_range.start_ms < middle_ms(word) < overlap_range.end_ms]
    edges_ms = [edge_ms for word in [*left, *right] for edge_ms in (word.start_ms, word.end_ms)]
    cuts_ms = [cut_ms for cut_ms in [seam_ms, *edges_ms] if overlap_range.start_ms <= cut_ms <= overlap_range.end_ms]
    return _splice_readings(
        readings,
        min(cuts_ms, key=lambda cut_ms: _damage_ms(readings, cut_ms) + DETOUR_WEIGHT * abs(cut_ms - seam_ms)),
        overlap_range,
    )


def _damage_ms(readings: Readings, cut_ms: int) -> int:
    """Time that is in no reading, or in both, when they are spliced at a cut."""
    left = [word for word in readings[0] if middle_ms(word) < cut_ms]
    right = [word for word in readings[1] if middle_ms(word) >= cut_ms]
    heard_ms, kept_ms = _covered_ms([*readings[0], *readings[1]]), _covered_ms([*left, *right])
    return heard_ms - kept_ms + _covered_ms(left) + _covered_ms(right) - kept_ms


def _covered_ms(words: Sequence[Word]) -> int:
    """Time that the words cover."""
    return sum(
        end_ms - start_ms for start_ms, end_ms in merge_intervals((word.start_ms, word.end_ms) for word in words)
    )


def _splice_readings(readings: Readings, cut_ms: int, overlap_range: TimeRange) -> list[Word]:
    """Take the left reading before a cut and the right one after it, inside ``overlap_range``."""
    left = [word for word in readings[0] if overlap_range.start_ms < middle_ms(word) < cut_ms]
    return [*left, *(word for word in readings[1] if cut_ms <= middle_ms(word) < overlap_range.end_ms)]
