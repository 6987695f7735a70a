"""Whether a word ends a sentence by its punctuation, for every stage that splits text. Pure."""

from __future__ import annotations

SENTENCE_MARKS = (".", "?", "!", "…", "。", "？", "！", "؟", "।", "۔")
"""What closes a sentence in the scripts that the recogniser writes."""
CLOSING_MARKS = "\"'”’»)]」』"
"""Quotes and brackets that may stand behind the mark."""
ABBREVIATIONS = frozenset(
    {"co", "corp", "dr", "e.g", "etc", "fig", "i.e", "inc", "jr", "ltd", "mr", "mrs", "ms", "no", "prof", "sr"}
    | {"st", "vs"}
)
"""English words, lower case and without their last full stop, that are written with one."""


def ends_sentence(word: str) -> bool:
    """Whether a word's punctuation ends a sentence; that of an abbreviation or initial does not.

    An initial is one capital letter (``J.``), but not ``I``: people say "so do I." more often than they are called I.
    A small letter is a variable (``of mass m.``) and ends its sentence.
    """
    text = word.strip().rstrip(CLOSING_MARKS)
    if not text.endswith(SENTENCE_MARKS):
        return False
    if not text.endswith("."):
        return True
    stem = text[:-1].lstrip("\"'“‘«([「『")
    is_initial = len(stem) == 1 and stem.isupper() and stem != "I"
    return not is_initial and stem.lower() not in ABBREVIATIONS
