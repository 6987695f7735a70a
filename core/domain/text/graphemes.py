"""Text cut into what a reader takes for one sign: a letter with its marks, an emoji sequence. Pure; knows no font.

Source: Unicode UAX 29, extended grapheme clusters, by the general categories that Python's own tables give.
"""

from __future__ import annotations

import unicodedata

JOINER, EMOJI_FACE = "\u200d", "\ufe0f"
JOINERS = "\u200c" + JOINER + "".join(map(chr, range(0xE0020, 0xE0080)))
"""Signs without a width that change their neighbours: Persian and Indian scripts, and emoji, are wrong without them."""
_LINKERS = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2")
"""Viramas that bind two consonants into one sign (GB9c); those of Gurmukhi, Kannada and Sinhala too, which draw one."""
_EXTENDING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
"""Go with what stands before them although their category does not say so (Thai and Lao am, half-width voicing)."""


def clusters(text: str) -> list[str]:
    """The text's signs in order; joined they are the text."""
    found: list[str] = []
    for sign in text:
        if found and _continues(found[-1], sign):
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _continues(before: str, sign: str) -> bool:
    """Whether no reader would see a border between the cluster and the sign."""
    last = before[-1]
    if last in "\r\n" or unicodedata.category(last) == "Cc":
        return last == "\r" and sign == "\n"
    if unicodedata.category(sign) in ("Mn", "Me", "Mc") or sign in _EXTENDING or _is_emoji_part(sign):
        return True
    if last == JOINER and is_pictograph(sign):
        return is_pictograph(before[0])
    if is_flag_letter(sign) and is_flag_letter(before[0]):
        return len(before) == 1
    if unicodedata.category(sign) == "Lo" and not _LINKERS.isdisjoint(before[1:]):
        return _linked(before, sign)
    return _hangul_joins(last, sign)


def _linked(before: str, sign: str) -> bool:
    """A virama, and nothing but marks behind it, in the script of the sign (its block of 128)."""
    marks = before.rstrip(JOINER)[-1:]
    return marks in _LINKERS and ord(sign) >> 7 == ord(marks) >> 7


def _is_emoji_part(sign: str) -> bool:
    """Skin tones, and the tags that spell a region's flag."""
    return "\U0001f3fb" <= sign <= "\U0001f3ff" or "\U000e0020" <= sign <= "\U000e007f"


def is_flag_letter(sign: str) -> bool:
    """Two of them are a flag."""
    return "\U0001f1e6" <= sign <= "\U0001f1ff"


def is_pictograph(sign: str) -> bool:
    """Whether a sign may be a part of a joined emoji."""
    return "\U0001f000" <= sign <= "\U0001faff" or ("\u2190" <= sign <= "\u2bff" and unicodedata.category(sign) != "Ps")


def _hangul_joins(last: str, sign: str) -> bool:
    """Leading consonant, vowel and trailing consonant of one syllable."""
    syllable = 0xAC00 <= ord(last) <= 0xD7A3
    open_syllable = syllable and (ord(last) - 0xAC00) % 28 == 0
    if "\u1160" <= sign <= "\u11a7":
        return "\u1100" <= last <= "\u11a7" or open_syllable
    if "\u11a8" <= sign <= "\u11ff":
        return syllable or "\u1160" <= last <= "\u11ff"
    return "\u1100" <= sign <= "\u115f" and "\u1100" <= last <= "\u115f"
