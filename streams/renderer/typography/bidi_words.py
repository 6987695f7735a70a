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
    found: list[Word] = []
    for word in words:
        if found and _continues_run(found[-1], word, base):
            found[-1] = _join_words(found[-1], word)
        else:
            found.append(word)
    return found


def _continues_run(one: Word, other: Word, base: int) -> bool:
    """Whether one run ends the first word and begins the second, without covering both."""
    near = other.start_ms - one.end_ms < MAX_GROUP_GAP_MS and one.speaker == other.speaker
    if (
        not near
        or len(one.text) + len(other.text) >= MAX_GROUP_LETTERS
        or not (all(count_strong_letters(one.text)) or all(count_strong_letters(other.text)))
    ):
        return False
    found, at = resolve_levels(f"{one.text} {other.text}", base), len(one.text)
    return found[at - 1] == found[at] == found[at + 1] > min(found)


def _join_words(one: Word, other: Word) -> Word:
    return msgspec.structs.replace(
        one,
        text=f"{one.text} {other.text}",
        end_ms=max(one.end_ms, other.end_ms),
        probability=min(one.probability, other.probability),
        filler=one.filler and other.filler,
    )
