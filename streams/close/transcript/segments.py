"""Split words into sentence-like segments: by punctuation, pauses, speakers, languages, length. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.sentence_end import CLAUSE_MARKS, ends_sentence, is_punctuated, is_sentence_pause
from core.domain.text.word_joining import join_words
from schemas.common import Segment, Word

MAX_SEGMENT_MS = 15_000
"""Longest segment; a longer one is split at its widest pauses."""
MAX_SEGMENT_WORDS = 60
"""Most words of a segment."""
CLAUSE_BONUS_MS = 400
"""Pause that a comma is worth where a long run must be split somewhere."""


def split_segments(
    words: Sequence[Word], language: str | None, languages: Sequence[str | None] | None = None
) -> list[Segment]:
    """Split words (in order, without overlap) into segments that cover all of them.

    ``languages`` holds the language of each word, where it is known: no segment has two. Otherwise all are in
    ``language``.
    """
    segments: list[Segment] = []
    word_languages = [language] * len(words) if languages is None else languages
    first = 0
    punctuated = is_punctuated(words)
    for end in range(1, len(words) + 1):
        if (
            end < len(words)
            and word_languages[end - 1] == word_languages[end]
            and not _is_segment_end(words[end - 1], words[end], punctuated)
        ):
            continue
        segments += [
            _build_segment(words, start, stop, word_languages[first]) for start, stop in _split_long(words, first, end)
        ]
        first = end
    return segments


def _is_segment_end(word: Word, following: Word, punctuated: bool) -> bool:
    """Whether a segment ends between two words."""
    speaker_changes = word.speaker != following.speaker
    return speaker_changes or ends_sentence(word.text) or is_sentence_pause(word, following, punctuated=punctuated)


def _split_long(words: Sequence[Word], first: int, end: int) -> list[tuple[int, int]]:
    """Split ``[first, end)`` below the maximum length, at the widest pauses and at commas."""
    is_short = words[end - 1].end_ms - words[first].start_ms <= MAX_SEGMENT_MS and end - first <= MAX_SEGMENT_WORDS
    if is_short or end - first < 2:
        return [(first, end)]
    quarter = max(1, (end - first) // 4)
    cuts = range(first + quarter, end - quarter + 1) if end - first >= 4 else range(first + 1, end)
    best = max(cuts, key=lambda at: (_cut_score(words[at - 1], words[at]), -abs(2 * at - first - end)))
    return [*_split_long(words, first, best), *_split_long(words, best, end)]


def _cut_score(word: Word, following: Word) -> int:
    """Score a cut between two words: the pause, and a bonus for the end of a clause."""
    return following.start_ms - word.end_ms + (CLAUSE_BONUS_MS if word.text.endswith(CLAUSE_MARKS) else 0)


def _build_segment(words: Sequence[Word], first: int, end: int, language: str | None) -> Segment:
    """Build the segment of the words ``[first, end)``."""
    return Segment(
        start_ms=words[first].start_ms,
        end_ms=words[end - 1].end_ms,
        text=join_words((word.text for word in words[first:end]), language),
        first_word=first,
        end_word=end,
        speaker=words[first].speaker,
        language=language,
    )
