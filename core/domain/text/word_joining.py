"""Joining of words to running text, and splitting of text into words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
"""Languages (ISO 639-1, as Whisper names them) whose words are written without spaces."""
_UNIT = re.compile(r"[0-9A-Za-z\u00c0-\u024f]+|.")


def space(language: str | None) -> str:
    """The characters between two words."""
    return "" if language in WITHOUT_SPACES else " "


def join_words(texts: Iterable[str], language: str | None) -> str:
    """One line of text."""
    return space(language).join(texts)


def capitals(text: str, language: str | None) -> str:
    """A text in capitals as its language writes them: Turkish keeps its dots, Greek has no accents there."""
    if language in ("tr", "az"):
        text = text.replace("i", "İ")
    if language == "el":
        decomposed = unicodedata.normalize("NFD", text.upper())
        return unicodedata.normalize("NFC", "".join(sign for sign in decomposed if sign != "\u0301"))
    return text.upper()


def without_marks(text: str) -> str:
    """A text without accents and other marks that stand on letters."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def searched(text: str) -> str:
    """The form in which texts are compared where neither case nor accents count."""
    return without_marks(text).casefold()


def split_words(text: str, language: str | None) -> list[str]:
    """Words between spaces; without spaces each character with its marks and punctuation."""
    tokens = text.split()
    return tokens if language not in WITHOUT_SPACES else [unit for token in tokens for unit in _units(token)]


def _units(token: str) -> list[str]:
    units: list[str] = []
    for unit in _UNIT.findall(token):
        if units and not unit.isalnum():
            units[-1] += unit
        else:
            units.append(unit)
    return units
