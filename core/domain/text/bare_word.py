"""A word without the signs around it: for looking it up, or with what belongs to a name. Pure."""

from __future__ import annotations

import unicodedata

PUNCTUATION = ',.;:!?…"“”()[]{}*'
"""Signs of a sentence. Others can belong to the word (``C++``, ``rock-``, ``dogs'``)."""
APOSTROPHES = "‘’'"
DASHES = "-–—"


def bare_word(word: str, *, keep_before: str = "", keep_after: str = "") -> str:
    """Strip signs around a word, except marks that combine with its letters; its case stays.

    Args:
        word: One word as it was written; spaces around it go too.
        keep_before: Signs that may stand first, such as those of currencies.
        keep_after: Signs that may stand last.
    """
    first, end = 0, len(word)
    while first < end and not (word[first].isalnum() or word[first] in keep_before):
        first += 1
    while end > first and not (word[end - 1].isalnum() or word[end - 1] in keep_after or _combines(word[end - 1])):
        end -= 1
    return word[first:end]


def strip_punctuation(word: str, also: str = "") -> str:
    """Strip `PUNCTUATION` and the signs of ``also`` around a word; its case stays."""
    return word.strip().strip(PUNCTUATION + also)


def _combines(sign: str) -> bool:
    return unicodedata.category(sign).startswith("M")
