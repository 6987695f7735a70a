"""What the shipped fonts can show, and which of them shows a sign. Never looks for fonts elsewhere, never shapes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from core.domain.text.graphemes import EMOJI_FACE, clusters, is_flag_letter
from streams.renderer.typography.fonts import EMOJI, FILES_BY_ROLE, Face, files_of, glyph_of

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufe0e\ufe0f"
_EMOJI_BELOW_1F000 = frozenset(
    "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕"
)
"""What is a coloured picture without being asked to be one (Emoji_Presentation, UTS 51), and older than the others."""


@lru_cache(maxsize=8192)
def font_of(sign: str, face: Face) -> str:
    """The first font of the face that has the whole sign, else the one that has its beginning, else the first."""
    files = files_of(face)
    asked = (EMOJI, *files) if is_emoji(sign) else (*files, EMOJI)
    whole = next((file for file in asked if has(file, sign)), None)
    return whole or next((file for file in asked if glyph_of(file, sign[0])), files[0])


def is_emoji(sign: str) -> bool:
    """Whether a sign is a coloured picture first of all."""
    return EMOJI_FACE in sign or "\U0001f000" <= sign[0] <= "\U0001faff" or sign[0] in _EMOJI_BELOW_1F000


@lru_cache(maxsize=8192)
def has(file: str, sign: str) -> bool:
    """Whether a font can show a sign with all its marks, composed or taken apart."""
    if file == EMOJI and is_flag_letter(sign[0]) and len(sign) == 1:
        return False
    forms = (sign, unicodedata.normalize("NFC", sign), unicodedata.normalize("NFD", sign))
    return any(all(part in INVISIBLE or glyph_of(file, part) for part in form) for form in forms)


def drawable(text: str) -> str:
    """The text without the signs that no font has: no reader is helped by empty boxes.

    Of a sign of which only the marks are missing the letter stays.
    """
    return "".join(_drawable(sign) for sign in clusters(text))


@lru_cache(maxsize=8192)
def _drawable(sign: str) -> str:
    if sign.isspace():
        return sign
    files = (*FILES_BY_ROLE["display"], EMOJI)
    if any(has(file, sign) for file in files):
        return sign
    kept = [part for part in sign if unicodedata.category(part)[0] != "M" and part not in INVISIBLE]
    known = "".join(part for part in kept if any(glyph_of(file, part) for file in files))
    return known if not unicodedata.category(sign[0]).startswith("M") else ""


def lacks(text: str) -> bool:
    """Whether something that a reader would see is missing from what can be drawn."""
    return len(_seen(drawable(text))) < len(_seen(text))


def _seen(text: str) -> str:
    return "".join(sign for sign in text if not sign.isspace() and sign not in INVISIBLE)


def form_of(language: str | None, text: str) -> str | None:
    """The language by which a font chooses between forms of one letter: Chinese is told by its signs, simplified or
    not, and what is no language of the East by the letters that are there."""
    if language in ("ja", "ko"):
        return language
    if language not in ("zh", "yue"):
        if any("\u3040" <= sign <= "\u30ff" for sign in text):
            return "ja"
        if any("\uac00" <= sign <= "\ud7a3" for sign in text):
            return "ko"
        if not any("\u4e00" <= sign <= "\u9fff" for sign in text):
            return language
    return "zh-Hant" if language == "yue" or is_traditional(text) else "zh-Hans"


def is_traditional(text: str) -> bool:
    """Whether more signs belong to traditional Chinese alone than to simplified alone, by the two old code tables."""
    traditional = simplified = 0
    for sign in text:
        big5, gb = _encodes(sign, "big5"), _encodes(sign, "gb2312")
        traditional += big5 and not gb
        simplified += gb and not big5
    return traditional > simplified


def _encodes(sign: str, table: str) -> bool:
    try:
        sign.encode(table)
    except UnicodeEncodeError:
        return False
    return True
