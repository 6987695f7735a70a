"""Chooses the keyword of a cue, and the emoji of a word, from data in ``schemas/data``."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from core.domain.text.bare_word import bare_word
from core.domain.text.function_words import unstressed
from core.domain.text.unspaced_scripts import is_unspaced

MIN_LONG_LETTERS = 7
"""Letters from which a word counts as long, in scripts without an entry below."""
MIN_LONG_LETTERS_BY_SCRIPT: Mapping[str, int] = MappingProxyType(
    {"CJK": 3, "HIRAGANA": 5, "KATAKANA": 4, "HANGUL": 4, "ARABIC": 5, "HEBREW": 5, "THAI": 5}
)
"""Letters from which a word counts as long; scripts without vowels, or of syllables, need fewer."""
MIN_PART_LETTERS = 2
"""Shortest table entry that is looked for inside a word: shorter ones occur by chance."""
PREFIXED_ARTICLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"ar": ("ال", "وال", "بال"), "he": ("ה", "ב", "ל", "ו")}
)
"""Articles and prepositions written together with the following word."""


def find_keyword(texts: Sequence[str], language: str | None = None) -> int | None:
    """Position of the word to emphasise; None where all are short.

    It is the first number, else the longest of the long words. Function words never count.
    """
    for number, text in enumerate(texts):
        if any(sign.isdigit() for sign in text):
            return number
    lengths = [_letters_over_long(text, language) for text in texts]
    longest = max(range(len(texts)), key=lambda number: (lengths[number], -number), default=None)
    return longest if longest is not None and lengths[longest] >= 0 else None


def find_emoji(texts: Sequence[str], language: str | None) -> tuple[int, str] | None:
    """The first word with an emoji in the language's table, and that emoji."""
    table = _emoji_table().get(_base_language(language), {})
    for number, text in enumerate(texts):
        emoji = _look_up_emoji(bare_word(text.casefold()), table, _base_language(language)) if table else None
        if emoji:
            return number, emoji
    return None


def _look_up_emoji(word: str, table: Mapping[str, str], language: str) -> str | None:
    if word in table:
        return table[word]
    if language == "ko" or (word and is_unspaced(word[0])):
        parts = [part for part in table if len(part) >= MIN_PART_LETTERS and word.startswith(part)]
        return table[max(parts, key=len)] if parts else None
    stems = (word.removeprefix(article) for article in PREFIXED_ARTICLES.get(language, ()) if word.startswith(article))
    return next((table[stem] for stem in stems if stem in table), None)


def _letters_over_long(text: str, language: str | None) -> int:
    """Letters beyond a long word's minimum; below 0 for other words."""
    letters = [sign for sign in text if sign.isalpha()]
    if not letters or bare_word(text.casefold()) in unstressed(language):
        return -1
    script = unicodedata.name(letters[0], "").split(" ")[0]
    return len(letters) - MIN_LONG_LETTERS_BY_SCRIPT.get(script, MIN_LONG_LETTERS)


def _base_language(language: str | None) -> str:
    """Language without script or region: ``zh`` of ``zh-Hans``."""
    return (language or "").split("-")[0]


@cache
def _emoji_table() -> dict[str, Any]:
    """Emoji by language and word, read at first use."""
    table: dict[str, Any] = json.loads((files("schemas") / "data" / "emoji.json").read_text())
    return table
