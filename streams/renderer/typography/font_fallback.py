"""Chooses the shipped font for each character, and drops what no font can draw."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from core.domain.text.graphemes import EMOJI_FACE, clusters, is_flag_letter
from streams.renderer.typography.fonts import EMOJI_FONT, FONTS_BY_ROLE, Face, fonts_of_face, glyph_number

INVISIBLE_LETTERS = "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufe0e\ufe0f"
_EMOJI_BELOW_1F000 = frozenset(
    "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕"
)
"""Characters below U+1F000 with emoji presentation by default (Emoji_Presentation, UTS 51)."""


@lru_cache(maxsize=8192)
def choose_font(sign: str, face: Face) -> str:
    """The first font of the face with the whole cluster, else with its first character."""
    files = fonts_of_face(face)
    search_order = (EMOJI_FONT, *files) if is_emoji(sign) else (*files, EMOJI_FONT)
    complete_font = next((file for file in search_order if has_glyphs(file, sign)), None)
    return complete_font or next((file for file in search_order if glyph_number(file, sign[0])), files[0])


def is_emoji(cluster: str) -> bool:
    """Whether a cluster is shown as an emoji by default."""
    return EMOJI_FACE in cluster or "\U0001f000" <= cluster[0] <= "\U0001faff" or cluster[0] in _EMOJI_BELOW_1F000


@lru_cache(maxsize=8192)
def has_glyphs(file: str, cluster: str) -> bool:
    """Whether a font can draw a cluster with all its marks, composed or decomposed."""
    if file == EMOJI_FONT and is_flag_letter(cluster[0]) and len(cluster) == 1:
        return False
    forms = (cluster, unicodedata.normalize("NFC", cluster), unicodedata.normalize("NFD", cluster))
    return any(all(part in INVISIBLE_LETTERS or glyph_number(file, part) for part in form) for form in forms)


def drop_undrawable(text: str) -> str:
    """The text without characters that no font has, instead of empty boxes.

    Where only marks are missing, the letter stays.
    """
    return "".join(_drawable_cluster(sign) for sign in clusters(text))


@lru_cache(maxsize=8192)
def _drawable_cluster(sign: str) -> str:
    if sign.isspace():
        return sign
    files = (*FONTS_BY_ROLE["display"], EMOJI_FONT)
    if any(has_glyphs(file, sign) for file in files):
        return sign
    letters = [part for part in sign if unicodedata.category(part)[0] != "M" and part not in INVISIBLE_LETTERS]
    drawable = "".join(part for part in letters if any(glyph_number(file, part) for file in files))
    return drawable if not unicodedata.category(sign[0]).startswith("M") else ""


def lacks_glyphs(text: str) -> bool:
    """Whether a visible part of the text cannot be drawn."""
    return len(_visible_text(drop_undrawable(text))) < len(_visible_text(text))


def _visible_text(text: str) -> str:
    return "".join(sign for sign in text if not sign.isspace() and sign not in INVISIBLE_LETTERS)


def font_language(language: str | None, text: str) -> str | None:
    """The language that decides between regional letter forms.

    Chinese counts as simplified or traditional by its characters; other languages with East Asian letters by those
    letters.
    """
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
    """Whether more characters are traditional only than simplified only, by Big5 and GB 2312."""
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
