"""Words to sentence-like segments: by punctuation, pauses, speakers, languages, length. Pure; never changes a word."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.sentence_end import ends_sentence
from core.domain.text.word_joining import join_words
from schemas.common import Segment, Word

PAUSE_MS = 1_500
"""A silence this long between two words ends a segment even where the recogniser set no full stop."""
SURE_PAUSE_MS = 4_000
"""In a text with full stops, only so long a silence parts a word from a lower-case one behind it."""
PUNCTUATED_EVERY = 40
"""A text with a full stop at least every so many words is taken to be punctuated."""
LONGEST_MS = 15_000
LONGEST_WORDS = 60
CLAUSE_ENDS = (",", ";", ":", "、", "，", "；", "—", "–")
CLAUSE_BONUS_MS = 400
"""A comma is worth this much pause when a long run must be parted somewhere."""


def segments(words: Sequence[Word], language: str | None, tongues: Sequence[str | None] | None = None) -> list[Segment]:
    """Segments that cover all words in order. Words are tidy (in order, not overlapping).

    ``tongues``: the language of each word, where it is known; no segment holds two. Else all are in ``language``.
    """
    found: list[Segment] = []
    own = [language] * len(words) if tongues is None else tongues
    first = 0
    punctuated = sum(ends_sentence(word.text) for word in words) * PUNCTUATED_EVERY >= len(words)
    for end in range(1, len(words) + 1):
        if end < len(words) and own[end - 1] == own[end] and not _ends(words[end - 1], words[end], punctuated):
            continue
        found += [_segment(words, one, other, own[first]) for one, other in _parted(words, first, end)]
        first = end
    return found


def _ends(word: Word, following: Word, punctuated: bool) -> bool:
    goes_on = punctuated and following.text[:1].islower()
    silence_ms = following.start_ms - word.end_ms
    changed = word.speaker != following.speaker
    return changed or ends_sentence(word.text) or silence_ms >= (SURE_PAUSE_MS if goes_on else PAUSE_MS)


def _parted(words: Sequence[Word], first: int, end: int) -> list[tuple[int, int]]:
    """``[first, end)`` in pieces below the caps, parted at the widest pauses and at commas."""
    short = words[end - 1].end_ms - words[first].start_ms <= LONGEST_MS and end - first <= LONGEST_WORDS
    if short or end - first < 2:
        return [(first, end)]
    quarter = max(1, (end - first) // 4)
    cuts = range(first + quarter, end - quarter + 1) if end - first >= 4 else range(first + 1, end)
    best = max(cuts, key=lambda at: (_worth(words[at - 1], words[at]), -abs(2 * at - first - end)))
    return [*_parted(words, first, best), *_parted(words, best, end)]


def _worth(word: Word, following: Word) -> int:
    return following.start_ms - word.end_ms + (CLAUSE_BONUS_MS if word.text.endswith(CLAUSE_ENDS) else 0)


def _segment(words: Sequence[Word], first: int, end: int, language: str | None) -> Segment:
    return Segment(
        start_ms=words[first].start_ms,
        end_ms=words[end - 1].end_ms,
        text=join_words((word.text for word in words[first:end]), language),
        first_word=first,
        end_word=end,
        speaker=words[first].speaker,
        language=language,
    )
