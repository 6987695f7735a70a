"""Rewrite a sanitised font to one that may be embedded and draws letters. Child side only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from core.errors import InputRejected
from streams.ingest.assets.messages import SANITISED_FILE, ResultFile

FONT_FILE: ResultFile = "asset.font"
"""Name of the rewritten font in the scratch folder."""
REQUIRED_TABLES = ("cmap", "head", "hhea", "hmtx", "maxp", "name", "OS/2")
"""Tables that a font must have."""
OUTLINE_TABLES = ("glyf", "CFF ", "CFF2")
"""Tables of outlines, one of which a font must have."""
DROPPED_TABLES = ("SVG ", "DSIG", "meta", "sbix", "CBDT", "CBLC", "EBDT", "EBLC")
"""Tables that are removed.

Scripts, signatures that no longer hold, and bitmap glyphs: captions are drawn from outlines.
"""
EMBEDDING_BITS = 0x000F
"""Bits of OS/2.fsType that say how a font may be embedded (OpenType 1.9.1, OS/2)."""
BITMAPS_ONLY_VALUE = 0x0200
"""Bit of OS/2.fsType: only bitmaps may be embedded."""
RESTRICTED_VALUE = 0x0002
"""Value of the embedding bits: the font must not be embedded."""
TEST_LINE = "Hamburgefonstiv 0123456789"
"""Line that is drawn to see whether the font draws."""
TEST_SIZE_PX = 64
"""Size of the test line."""
MAX_NAME_CHARACTERS = 300
"""Longest name or licence text kept."""


class FontFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Family, style, licence and number of characters, read from the font file."""

    family: str
    style: str
    licence: str
    characters: int
    suffix: str


def rewrite_font(scratch: Path) -> FontFacts:
    """Write ``FONT_FILE`` from ``SANITISED_FILE``. Raises InputRejected ``font.*``."""
    try:
        font = TTFont(scratch / SANITISED_FILE, lazy=False, recalcTimestamp=False, recalcBBoxes=False)
        facts = _read_facts(font)
        for table in DROPPED_TABLES:
            if table in font:
                del font[table]
        font.save(scratch / FONT_FILE, reorderTables=None)
    except InputRejected:
        raise
    except Exception:  # noqa: BLE001 - a table that does not hold what its header says raises what it likes
        raise InputRejected("font.unreadable", "The font is damaged or cut off: export or send it again.") from None
    _draw_test_line(scratch / FONT_FILE, _choose_test_line(font))
    return facts


def _read_facts(font: Any) -> FontFacts:
    """Check tables, embedding rights and characters; return the font's facts."""
    missing = [table for table in REQUIRED_TABLES if table not in font]
    if missing or not any(table in font for table in OUTLINE_TABLES):
        missing_tables = ", ".join(missing) or "outlines"
        raise InputRejected("font.incomplete", f"The font has no {missing_tables}.")
    bits = int(font["OS/2"].fsType)
    if bits & EMBEDDING_BITS == RESTRICTED_VALUE or bits & BITMAPS_ONLY_VALUE:
        raise InputRejected("font.not_embeddable", "The font's own licence bits forbid to embed it in a video.")
    characters = font.getBestCmap() or {}
    if not characters:
        raise InputRejected("font.incomplete", "The font shows no character.")
    return FontFacts(
        family=_read_name(font, 16) or _read_name(font, 1),
        style=_read_name(font, 17) or _read_name(font, 2),
        licence=_read_name(font, 13),
        characters=len(characters),
        suffix=".otf" if font.sfntVersion == "OTTO" else ".ttf",
    )


def _read_name(font: Any, number: int) -> str:
    """Read an entry of the name table, printable characters only."""
    name = font["name"].getDebugName(number) or ""
    return "".join(sign for sign in name if sign.isprintable())[:MAX_NAME_CHARACTERS]


def _choose_test_line(font: Any) -> str:
    """Choose letters that the font has."""
    characters = font.getBestCmap() or {}
    line = "".join(sign for sign in TEST_LINE if ord(sign) in characters and not sign.isspace())
    return line or "".join(chr(code) for code in sorted(characters) if chr(code).isprintable())[:20].strip()


def _draw_test_line(path: Path, line: str) -> None:
    """Draw a line. Raises InputRejected where it leaves no ink, or more than a line may take."""
    try:
        face = ImageFont.truetype(str(path), TEST_SIZE_PX)
        left, top, right, bottom = face.getbbox(line)
        image = Image.new("L", (4 * TEST_SIZE_PX * max(1, len(line)), 4 * TEST_SIZE_PX))
        ImageDraw.Draw(image).text((TEST_SIZE_PX, TEST_SIZE_PX), line, font=face, fill=255)
    except Exception as error:  # noqa: BLE001 - FreeType and Pillow as well
        raise InputRejected("font.unreadable", f"No line can be drawn with the font: {type(error).__name__}.") from None
    width_px, height_px = right - left, bottom - top
    if image.getbbox() is None or not line:
        raise InputRejected("font.blank", "The font draws nothing.")
    if width_px > 4 * TEST_SIZE_PX * len(line) or height_px > 4 * TEST_SIZE_PX:
        raise InputRejected("font.unreadable", "The font's letters are far larger than it says.")
