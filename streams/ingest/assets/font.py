"""A font that was sanitised → one that may be embedded and draws letters. Child side only; the sanitiser ran before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from core.errors import Rejected
from streams.ingest.assets.messages import SANITISED_FILE

FONT_FILE = "asset.font"
NEEDED = ("cmap", "head", "hhea", "hmtx", "maxp", "name", "OS/2")
OUTLINES = ("glyf", "CFF ", "CFF2")
DROPPED = ("SVG ", "DSIG", "meta", "sbix", "CBDT", "CBLC", "EBDT", "EBLC")
"""Scripts and signatures that say nothing any more, and glyphs as pictures: captions are drawn from outlines."""
EMBEDDING, BITMAPS_ONLY, RESTRICTED = 0x000F, 0x0200, 0x0002
"""Bits of OS/2.fsType (OpenType 1.9.1, OS/2)."""
TEST_LINE = "Hamburgefonstiv 0123456789"
TEST_PX = 64
MOST_TEXT = 300


class FontFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the font says of itself."""

    family: str
    style: str
    licence: str
    characters: int
    suffix: str


def rewrite_font(scratch: Path) -> FontFacts:
    """Write ``FONT_FILE`` from ``SANITISED_FILE``. Raises Rejected ``font.*``."""
    try:
        font = TTFont(scratch / SANITISED_FILE, lazy=False, recalcTimestamp=False, recalcBBoxes=False)
        facts = _facts(font)
        for table in DROPPED:
            if table in font:
                del font[table]
        font.save(scratch / FONT_FILE, reorderTables=None)
    except Rejected:
        raise
    except Exception:  # noqa: BLE001 - a table that does not hold what its header says raises what it likes
        raise Rejected("font.unreadable", "The font is damaged or cut off: export or send it anew.") from None
    _draw(scratch / FONT_FILE, _test_line(font))
    return facts


def _facts(font: Any) -> FontFacts:
    missing = [table for table in NEEDED if table not in font]
    if missing or not any(table in font for table in OUTLINES):
        what = ", ".join(missing) or "outlines"
        raise Rejected("font.incomplete", f"The font has no {what}.")
    bits = int(font["OS/2"].fsType)
    if bits & EMBEDDING == RESTRICTED or bits & BITMAPS_ONLY:
        raise Rejected("font.not_embeddable", "The font's own licence bits forbid to embed it in a video.")
    characters = font.getBestCmap() or {}
    if not characters:
        raise Rejected("font.incomplete", "The font shows no character.")
    return FontFacts(
        family=_name(font, 16) or _name(font, 1),
        style=_name(font, 17) or _name(font, 2),
        licence=_name(font, 13),
        characters=len(characters),
        suffix=".otf" if font.sfntVersion == "OTTO" else ".ttf",
    )


def _name(font: Any, number: int) -> str:
    said = font["name"].getDebugName(number) or ""
    return "".join(sign for sign in said if sign.isprintable())[:MOST_TEXT]


def _test_line(font: Any) -> str:
    """Letters that the font has."""
    known = font.getBestCmap() or {}
    line = "".join(sign for sign in TEST_LINE if ord(sign) in known and not sign.isspace())
    return line or "".join(chr(code) for code in sorted(known) if chr(code).isprintable())[:20].strip()


def _draw(path: Path, line: str) -> None:
    """Raises Rejected where the line leaves no ink, or more than a line may take."""
    try:
        drawn = ImageFont.truetype(str(path), TEST_PX)
        left, top, right, bottom = drawn.getbbox(line)
        picture = Image.new("L", (4 * TEST_PX * max(1, len(line)), 4 * TEST_PX))
        ImageDraw.Draw(picture).text((TEST_PX, TEST_PX), line, font=drawn, fill=255)
    except Exception as error:  # noqa: BLE001 - FreeType and Pillow as well
        raise Rejected("font.unreadable", f"No line can be drawn with the font: {type(error).__name__}.") from None
    wide, high = right - left, bottom - top
    if picture.getbbox() is None or not line:
        raise Rejected("font.blank", "The font draws nothing.")
    if wide > 4 * TEST_PX * len(line) or high > 4 * TEST_PX:
        raise Rejected("font.unreadable", "The font's letters are far larger than it says.")
