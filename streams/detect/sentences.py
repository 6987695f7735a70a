"""Split words into sentences, by punctuation and by pauses. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from core.domain.text.sentence_end import CLAUSE_MARKS, ends_sentence, is_punctuated, is_sentence_pause
from schemas.common import Value, Word
from streams.detect.lexicon import Lexicon, lexicon_for

MAX_SENTENCE_MS = 22_000
"""Longer runs without a full stop are split at their widest gap; otherwise no window could hold them."""
MIN_PART_MS = 4_000
"""Shortest part of a split run."""

Ending = Literal["stop", "pause", "split"]


class Sentence(Value, frozen=True, kw_only=True):
    """``words[first_word:end_word]`` of a transcript, and how it came to end there."""

    first_word: int
    end_word: int
    start_ms: int
    end_ms: int
    text: str
    ending: Ending
    pause_before_ms: int
    """Silence to the word before; the first sentence has the time from 0."""
    pause_after_ms: int
    language: str | None = None
    """Its language, which may differ from the recording's."""

    @property
    def lexicon(self) -> Lexicon | None:
        """The word lists of its language, or None."""
        return lexicon_for(self.language)

    @property
    def length_ms(self) -> int:
        """Time from its first word's start to its last word's end."""
        return self.end_ms - self.start_ms


def _find_widest_gap(words: Sequence[Word], first: int, end: int) -> int | None:
    best: tuple[int, int] | None = None
    for at in range(first + 1, end):
        left = words[at - 1].end_ms - words[first].start_ms
        right = words[end - 1].end_ms - words[at].start_ms
        if min(left, right) >= MIN_PART_MS:
            comma = 300 if words[at - 1].text.rstrip().endswith(CLAUSE_MARKS) else 0
            gap = (words[at].start_ms - words[at - 1].end_ms + comma, at)
            best = max(best, gap) if best else gap
    return best[1] if best else None


def _split_long(words: Sequence[Word], first: int, end: int, ending: Ending) -> list[tuple[int, int, Ending]]:
    if words[end - 1].end_ms - words[first].start_ms <= MAX_SENTENCE_MS:
        return [(first, end, ending)]
    at = _find_widest_gap(words, first, end)
    if at is None:
        return [(first, end, ending)]
    return [*_split_long(words, first, at, "split"), *_split_long(words, at, end, ending)]


def split_sentences(words: Sequence[Word], duration_ms: int) -> list[Sentence]:
    """Split a time line's words into sentences, in order, covering every word exactly once."""
    runs: list[tuple[int, int, Ending]] = []
    first = 0
    punctuated = is_punctuated(words)
    for at, word in enumerate(words):
        last = at + 1 == len(words)
        stops = ends_sentence(word.text)
        if stops or last or is_sentence_pause(word, words[at + 1], punctuated=punctuated):
            runs.extend(_split_long(words, first, at + 1, "stop" if stops else "pause"))
            first = at + 1
    return [_build_sentence(words, run, duration_ms) for run in runs]


def _build_sentence(words: Sequence[Word], run: tuple[int, int, Ending], duration_ms: int) -> Sentence:
    first, end, ending = run
    before = words[first - 1].end_ms if first else 0
    after = words[end].start_ms if end < len(words) else duration_ms
    return Sentence(
        first_word=first,
        end_word=end,
        start_ms=words[first].start_ms,
        end_ms=words[end - 1].end_ms,
        text=" ".join(word.text.strip() for word in words[first:end]),
        ending=ending,
        pause_before_ms=max(0, words[first].start_ms - before),
        pause_after_ms=max(0, after - words[end - 1].end_ms),
    )
