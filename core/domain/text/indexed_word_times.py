"""Word times of a text, as a list that the search engine stores with the text. Pure.

The list is flat: the character at which a word begins, the millisecond at which it is said, the next character …
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeAlias

Spoken: TypeAlias = tuple[str, int]
"""A word, and when it is said."""
MAX_GAP_CHARACTERS = 2
"""Characters between two consecutive words: a space, a punctuation mark."""


def word_times(text: str, words: Iterable[Spoken]) -> list[int]:
    """Start of each word of a text, from its transcript words; words changed since are left out."""
    spoken_words = [(word.strip(), start_ms) for word, start_ms in words if word.strip()]
    word_at: list[int] = []
    at = 0
    for word, start_ms in spoken_words:
        place = text.find(word, at, at + len(word) + MAX_GAP_CHARACTERS)
        if place < 0:
            return _aligned(text, spoken_words)
        word_at += [place, start_ms]
        at = place + len(word)
    return word_at


def _aligned(text: str, words: Sequence[Spoken]) -> list[int]:
    """The same for a changed text: the unchanged words, by the longest common parts."""
    places = [place for place, sign in enumerate(text) if not sign.isspace()]
    matcher = SequenceMatcher(None, "".join(word for word, _ in words), "".join(text[at] for at in places), False)
    place_by_sign = {
        block.a + n: places[block.b + n] for block in matcher.get_matching_blocks() for n in range(block.size)
    }
    word_at: list[int] = []
    begin = 0
    for word, start_ms in words:
        signs = [place_by_sign.get(at) for at in range(begin, begin + len(word))]
        first, last = signs[0], signs[-1]
        if (
            None not in signs
            and first is not None
            and last is not None
            and last - first < len(word) + MAX_GAP_CHARACTERS
        ):
            word_at += [first, start_ms]
        begin += len(word)
    return word_at


def transcript_words(
    documents: Iterable[dict[str, Any]], *, from_ms: int = 0, to_ms: int | None = None
) -> list[Spoken]:
    """The words of segments with their times, inside a range if one is given."""
    every = [pair for document in documents for pair in _words(document["text"], document.get("word_at") or [])]
    return [(word, at) for word, at in every if at >= from_ms and (to_ms is None or at < to_ms)]


def _words(text: str, times: Sequence[int]) -> list[Spoken]:
    places = list(times[0::2])
    ends = [*places[1:], len(text)] if places else []
    return [(text[place:end].strip(), at) for place, end, at in zip(places, ends, times[1::2], strict=True)]


def time_at(times: Sequence[int], place: int) -> int | None:
    """When the word at a character is said; None where that is not known."""
    at = bisect_right(times[0::2], place)
    return times[2 * at - 1] if at else None


def phrase_time(phrase: str, segments: Iterable[dict[str, Any]]) -> int | None:
    """When a phrase is first said in these segments; None where no segment holds it as a whole."""
    for segment in segments:
        place = segment["text"].casefold().find(phrase.casefold())
        if place >= 0 and (start_ms := time_at(segment.get("word_at") or [], place)) is not None:
            return start_ms
    return None
