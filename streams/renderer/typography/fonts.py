"""The shipped fonts: their order of fallback, and how they are opened.

HarfBuzz shapes text into glyph numbers, and Pillow's FreeType draws them. Pillow draws characters only, so it gets a
copy of the font whose characters are the glyph numbers. Drawing thus depends on no library of the system, and the same
text is the same image everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import IO, Any

import uharfbuzz as hb
from PIL import ImageFont

from schemas.options.caption_template import Font

FONT_FOLDER = Path(__file__).parent / "fonts"
LATIN_FONTS = ("InterDisplay-ExtraBold.otf", "NotoSans-Bold.ttf")
"""Fonts of Latin, Cyrillic and Greek, in order of preference; all under the SIL Open Font License (fonts/OFL.txt)."""
EMOJI_FONT = "NotoColorEmoji-common.ttf"
CJK_FONT = "NotoSansCJKjp-Bold.otf"
"""From a package of its own, 17 MB. Its Chinese, Japanese and Korean forms are chosen by language."""
CJK_PACKAGE = "noto_cjk_sans_jp_bold"
SCRIPT_REACH_RATIOS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "NotoSansArabic-Bold.ttf": (0.86, 0.36),
        "NotoSansHebrew-Bold.ttf": (0.72, 0.22),
        "NotoSansDevanagari-Bold.ttf": (0.9, 0.28),
        "NotoSansThai-Bold.ttf": (1.0, 0.28),
        "NotoSansArmenian-Bold.ttf": (0.76, 0.25),
        "NotoSansBengali-Bold.ttf": (0.9, 0.28),
        "NotoSansEthiopic-Bold.ttf": (0.84, 0.08),
        "NotoSansGeorgian-Bold.ttf": (0.76, 0.25),
        "NotoSansGujarati-Bold.ttf": (0.9, 0.28),
        "NotoSansGurmukhi-Bold.ttf": (0.9, 0.28),
        "NotoSansKannada-Bold.ttf": (0.8, 0.4),
        "NotoSansKhmer-Bold.ttf": (0.95, 0.45),
        "NotoSansLao-Bold.ttf": (1.0, 0.28),
        "NotoSansMalayalam-Bold.ttf": (0.8, 0.3),
        "NotoSansMyanmar-Bold.ttf": (1.0, 0.47),
        "NotoSansSinhala-Bold.ttf": (0.88, 0.25),
        "NotoSansTamil-Bold.ttf": (0.85, 0.32),
        "NotoSansTelugu-Bold.ttf": (0.85, 0.4),
        CJK_FONT: (0.86, 0.12),
    }
)
"""Fonts of other scripts, and how far their letters reach above and below the line.

Shares of the font size. They keep plates at one height from cue to cue.
"""
SCRIPT_FONTS = tuple(SCRIPT_REACH_RATIOS)
FONTS_BY_ROLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "display": (*LATIN_FONTS, *SCRIPT_FONTS),
        "text": ("Inter-SemiBold.ttf", *LATIN_FONTS, *SCRIPT_FONTS),
        "condensed": ("Anton-Regular.ttf", *LATIN_FONTS, *SCRIPT_FONTS),
        "typewriter": ("CourierPrime-Bold.ttf", *LATIN_FONTS, *SCRIPT_FONTS),
    }
)
FIRST_GLYPH_CODE = 0x10000
"""Character of glyph 0 in a numbered font: outside what Pillow treats specially."""
_KEPT_TABLES = (
    b"CFF ",
    b"CFF2",
    b"OS/2",
    b"cvt ",
    b"fpgm",
    b"gasp",
    b"glyf",
    b"head",
    b"hhea",
    b"hmtx",
    b"loca",
    b"maxp",
    b"name",
    b"post",
    b"prep",
)


Face = str
"""A role of the shipped fonts; or ``path|role``: an organisation's own font with the role's fonts as fallback."""


def face_for_role(role: Font, own_font: str | None) -> Face:
    """The face of a role, with the organisation's own font first where it has one."""
    return f"{own_font}|{role}" if own_font else role


def fonts_of_face(face: Face) -> tuple[str, ...]:
    """The fonts of a face, in order of fallback."""
    own_font, _, role = face.rpartition("|")
    return (own_font, *FONTS_BY_ROLE[role]) if own_font else FONTS_BY_ROLE[role]


def font_path(file: str) -> Path:
    """Path of a shipped font; an organisation's own font is its path already."""
    if file == CJK_FONT:
        return Path(str(files(CJK_PACKAGE) / CJK_FONT))
    return FONT_FOLDER / file


class OpenFont:
    """A font as HarfBuzz reads it."""

    def __init__(self, file: str) -> None:
        """Map the file; glyph lengths are in ``units`` to the font's size."""
        face: Any = hb.Face(hb.Blob.from_file_path(str(font_path(file))))
        self.units: int = face.upem
        self.face = face
        self.shaper: Any = hb.Font(face)


@lru_cache(maxsize=32)
def open_font(file: str) -> OpenFont:
    """Open a font, once."""
    return OpenFont(file)


@lru_cache(maxsize=8192)
def glyph_number(file: str, sign: str) -> int:
    """The font's glyph for a character; 0 where it has none."""
    return open_font(file).shaper.get_nominal_glyph(ord(sign)) or 0


@lru_cache(maxsize=64)
def open_numbered_font(file: str, size_px: int) -> ImageFont.FreeTypeFont:
    """The numbered font at a size: character ``FIRST_GLYPH_CODE + n`` is glyph n."""
    return ImageFont.truetype(_numbered_font(file).name, size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=32)
def _numbered_font(file: str) -> IO[bytes]:
    """The numbered font as a temporary file, removed with its last reference: all sizes map one copy."""
    font_copy = NamedTemporaryFile(prefix="numbered-", suffix=".font")  # noqa: SIM115 - the cache keeps it open
    font_copy.write(number_glyphs(font_path(file).read_bytes()))
    font_copy.flush()
    return font_copy


def number_glyphs(font: bytes) -> bytes:
    """Reduce an OpenType font to its outlines, with one character per glyph number.

    One group of "cmap" format 12 maps all glyphs (OpenType specification).
    """
    count = struct.unpack_from(">H", font, 4)[0]
    tables = {}
    for place in range(count):
        tag, _, offset, length = struct.unpack_from(">4sIII", font, 12 + 16 * place)
        if tag in _KEPT_TABLES:
            tables[tag] = font[offset : offset + length]
    glyphs = struct.unpack_from(">H", tables[b"maxp"], 4)[0]
    group = struct.pack(">HHIIIIII", 12, 0, 28, 0, 1, FIRST_GLYPH_CODE, FIRST_GLYPH_CODE + glyphs - 1, 0)
    tables[b"cmap"] = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + group
    return _pack_tables(font[:4], tables)


def _pack_tables(kind: bytes, tables: Mapping[bytes, bytes]) -> bytes:
    """Pack tables into a font file; FreeType does not check the checksums."""
    power = len(tables).bit_length() - 1
    head = kind + struct.pack(">HHHH", len(tables), 16 << power, power, 16 * len(tables) - (16 << power))
    offset = len(head) + 16 * len(tables)
    body = b""
    for tag, table in sorted(tables.items()):
        head += struct.pack(">4sIII", tag, 0, offset + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return head + body
