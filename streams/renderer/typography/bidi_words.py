"""Groups words that must be drawn as one because a bidi run crosses their border. Pure.

Captions draw words one by one. In a Hebrew word with a Latin name in it, followed by the name's second word (הiPhone
Plus), the two Latin parts are adjacent and the Hebrew letter is at their right: no order of whole words gives that.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.common import Word
from streams.renderer.typography.bidi import base_level, count_strong_letters, resolve_levels

MAX_GROUP_LETTERS = 28
"""Longest group: a longer one would fill a line and shrink the cue."""
MAX_GROUP_GAP_MS = 450
"""Words further apart never share a cue."""


def group_bidi_words(words: Sequence[Word], language: str | None) -> list[Word]:
    """Merge words that must not be drawn apart; a group is highlighted as one."""
    if not any(all(count_strong_letters(word.text)) for word in words):
        return list(words)
    base = base_level(" ".join(word.text for word in words), language)
    groups: list[Word] = []
    for word in words:
        if groups and _continues_run(groups[-1], word, base):
            groups[-1] = _join_words(groups[-1], word)
        else:
            groups.append(word)
    return groups


def _continues_run(word: Word, following: Word, base: int) -> bool:
    """Whether one run ends the first word and begins the second, without covering both."""
    near = following.start_ms - word.end_ms < MAX_GROUP_GAP_MS and word.speaker == following.speaker
    if (
        not near
        or len(word.text) + len(following.text) >= MAX_GROUP_LETTERS
        or not (all(count_strong_letters(word.text)) or all(count_strong_letters(following.text)))
    ):
        return False
    levels, at = resolve_levels(f"{word.text} {following.text}", base), len(word.text)
    return levels[at - 1] == levels[at] == levels[at + 1] > min(levels)


def _join_words(word: Word, following: Word) -> Word:
    return msgspec.structs.replace(
        word,
        text=f"{word.text} {following.text}",
        end_ms=max(word.end_ms, following.end_ms),
        probability=min(word.probability, following.probability),
        filler=word.filler and following.filler,
    )
