"""The end of a sentence, by punctuation or by a pause, for every stage that splits text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from schemas.common import Word

SENTENCE_MARKS = (".", "?", "!", "…", "。", "？", "！", "؟", "।", "۔")
"""What closes a sentence in the scripts that the recogniser writes."""
CLOSING_MARKS = "\"'”’»)]」』"
"""Quotes and brackets that may stand behind the mark."""
CLAUSE_MARKS = (",", ";", ":", "—", "–", "、", "，", "；", "،")
"""What closes a clause in the same scripts."""
MIN_PAUSE_MS = 1_500
"""Silence between two words that ends a sentence even where the recogniser set no full stop."""
MIN_CONTINUED_PAUSE_MS = 4_000
"""The same in a punctuated text before a lower-case word: only a long silence ends a sentence there."""
MAX_WORDS_PER_FULL_STOP = 40
"""A text with a full stop at least every this many words counts as punctuated."""
_PICTURES = frozenset({"So", "Sk", "Cf", "Mn"})
"""Unicode categories of emoji and of the signs that join and change them."""
ABBREVIATIONS = frozenset(
    {"co", "corp", "dr", "e.g", "etc", "fig", "i.e", "inc", "jr", "ltd", "mr", "mrs", "ms", "no", "prof", "sr"}
    | {"st", "vs"}
)
"""English words, lower case and without their last full stop, that are written with one."""


def strip_closing(word: str) -> str:
    """A word up to its last letter or mark: without closing quotes and brackets, and emoji behind it."""
    text = word.strip().rstrip(CLOSING_MARKS)
    end = len(text)
    while end and (text[end - 1].isspace() or unicodedata.category(text[end - 1]) in _PICTURES):
        end -= 1
    return text if end == len(text) else text[:end].rstrip(CLOSING_MARKS)


def ends_sentence(word: str) -> bool:
    """Whether a word's punctuation ends a sentence; that of an abbreviation or initial does not.

    An initial is one capital letter (``J.``), but not ``I``: people say "so do I." more often than they are called I.
    A small letter is a variable (``of mass m.``) and ends its sentence.
    """
    text = strip_closing(word)
    if not text.endswith(SENTENCE_MARKS):
        return False
    if not text.endswith("."):
        return True
    stem = text[:-1].lstrip("\"'“‘«([「『")
    is_initial = len(stem) == 1 and stem.isupper() and stem != "I"
    return not is_initial and stem.lower() not in ABBREVIATIONS


def is_punctuated(words: Sequence[Word]) -> bool:
    """Whether the recogniser set full stops in these words."""
    return sum(ends_sentence(word.text) for word in words) * MAX_WORDS_PER_FULL_STOP >= len(words)


def is_sentence_pause(word: Word, following: Word, *, punctuated: bool) -> bool:
    """Whether the silence between two words ends a sentence; ``punctuated``: whether their text is."""
    continues = punctuated and following.text.strip()[:1].islower()
    return following.start_ms - word.end_ms >= (MIN_CONTINUED_PAUSE_MS if continues else MIN_PAUSE_MS)
