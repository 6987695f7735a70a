"""Words of a text, their normal form, and how far two words are apart. Pure.

Normal form as in Meilisearch's tokenizer (charabia): compatibility decomposition, no diacritics, lower case. Scripts
written without spaces are cut into single characters (charabia uses dictionaries there, one for Chinese and one for
Japanese: what one cuts the other's words are not found in, so Han characters of Japanese are marked as such).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import msgspec

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3040-\u30ff]")
JAPANESE = {"ja", "jpn"}
CHINESE = {"zh", "zho", "cmn"}
_MARK = "\ue0ff"
"""Before a Han character of Japanese text (private use, so in no text)."""


class Token(msgspec.Struct, frozen=True):
    """A word in normal form and where it stands in the text, in characters."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=65_536)
def normalise(word: str) -> str:
    """Lower case without diacritics; ``ß`` is kept as ``ss``."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def is_japanese(text: str, allowed: Sequence[str] = ()) -> bool:
    """Whether Han characters are Japanese: by the one allowed language of the two, else by kana."""
    japanese, chinese = not JAPANESE.isdisjoint(allowed), not CHINESE.isdisjoint(allowed)
    if japanese != chinese:
        return japanese
    return _KANA.search(text) is not None


def tokenise(text: str, *, japanese: bool = False) -> list[Token]:
    """All words of a text."""
    if not japanese:
        return [Token(normalise(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]
    return [
        Token((_MARK if _HAN.match(m.group()) else "") + normalise(m.group()), m.start(), m.end())
        for m in _WORD.finditer(text)
    ]


def is_unspaced(word: str) -> bool:
    """Whether a token is one character of a script without spaces."""
    return re.fullmatch(f"{_MARK}?[{_UNSPACED}]", word) is not None


def normal_text(text: str, *, japanese: bool = False) -> str:
    """Text for the full-text engine: normal forms with one space between."""
    return " ".join(token.word for token in tokenise(text, japanese=japanese))


def distance(left: str, right: str, most: int) -> int:
    """Edits (insert, delete, change, swap of neighbours) between two words; at most ``most + 1``."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before, row = [0] * (len(right) + 1), list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i] + [0] * len(right)
        for j, b in enumerate(right, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def prefix_distance(term: str, word: str, most: int) -> int:
    """Fewest edits between ``term`` and any beginning of ``word``; ``most + 1`` when there are more."""
    if word.startswith(term):
        return 0
    longest = min(len(word), len(term) + most)
    lengths = range(max(0, len(term) - most), longest + 1)
    return min((distance(term, word[:n], most) for n in lengths), default=most + 1) if most else 1


@lru_cache(maxsize=262_144)
def typos(term: str, word: str, most: int, prefix: bool) -> int | None:
    """Typos by which ``word`` matches ``term``, else None; one in the first letter counts as two."""
    if word == term or (prefix and word.startswith(term)):
        return 0
    if not most or not word or not term:
        return None
    first = 0 if word[0] == term[0] else 1
    if first + 1 > most:
        return None
    count = (prefix_distance if prefix else distance)(term, word, most) + first
    return count if count <= most else None
