"""Text cut into what a reader takes for one sign: a letter with its marks, an emoji sequence. Pure.

Source: Unicode UAX 29, extended grapheme clusters, as the package ``regex`` has them (``\\X``), and two rules more.
"""

from __future__ import annotations

import unicodedata

import regex

JOINER, EMOJI_FACE = "\u200d", "\ufe0f"
JOINERS = "\u200c" + JOINER + "".join(map(chr, range(0xE0020, 0xE0080)))
"""Signs without a width that change their neighbours: Persian and Indian scripts, and emoji, are wrong without them."""
_CLUSTER = regex.compile(r"\X")
_MORE_LINKERS = frozenset("\u0a4d\u0ccd\u0dca")
"""Viramas of Gurmukhi, Kannada and Sinhala: fonts draw their conjuncts as one sign, though UAX 29 parts them (GB9c)."""


def clusters(text: str) -> list[str]:
    """The text's signs in order; joined they are the text."""
    signs: list[str] = []
    for sign in _CLUSTER.findall(text):
        if signs and (_is_conjunct(signs[-1], sign) or _is_mark(signs[-1], sign)):
            signs[-1] += sign
        else:
            signs.append(sign)
    return signs


def _is_conjunct(before: str, sign: str) -> bool:
    """Whether a virama binds a consonant of its own script (the block of 128) to what stands before it."""
    linker = before.rstrip(JOINER)[-1:]
    is_letter = unicodedata.category(sign[0]) == "Lo"
    return len(before) > 1 and linker in _MORE_LINKERS and is_letter and ord(sign[0]) >> 7 == ord(linker) >> 7


def _is_mark(before: str, sign: str) -> bool:
    """Whether a sign is a mark of the letter before it. UAX 29 leaves out U+102C and U+1038."""
    return unicodedata.category(sign[0]) in ("Mn", "Me", "Mc") and unicodedata.category(before[-1]) != "Cc"


def is_flag_letter(sign: str) -> bool:
    """Tell whether a sign is a regional indicator: two of them are a flag."""
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
