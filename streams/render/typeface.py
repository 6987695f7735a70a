"""The shipped fonts: which of them can show a text, and how wide it is. Never looks for fonts outside this package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from PIL import ImageFont

from schemas.templates import Font

FOLDER = Path(__file__).parent / "fonts"
FILES = ("InterDisplay-ExtraBold.otf", "NotoSans-Bold.ttf")
"""In order of preference; all under the SIL Open Font License (fonts/OFL.txt)."""
FILES_BY_ROLE: Mapping[Font, tuple[str, ...]] = MappingProxyType(
    {
        "display": FILES,
        "text": ("Inter-SemiBold.ttf", *FILES),
        "condensed": ("Anton-Regular.ttf", *FILES),
        "typewriter": ("CourierPrime-Bold.ttf", *FILES),
    }
)
NO_SUCH_CHARACTER = "\U0010ffff"
INVISIBLE = "\u200b\u200c\u200d\ufe0e\ufe0f"


@lru_cache(maxsize=64)
def load(file: str, size_px: int) -> ImageFont.FreeTypeFont:
    """A font at a size, shaped by raqm (ligatures, marks, right-to-left runs) where Pillow has it."""
    return ImageFont.truetype(str(FOLDER / file), size_px)


@lru_cache(maxsize=8192)
def has_glyph(file: str, character: str) -> bool:
    """Whether the font draws this character as itself; Pillow shows no character map, so pictures are compared."""
    font = load(file, 32)
    return bytes(font.getmask(character)) != bytes(font.getmask(NO_SUCH_CHARACTER))


def drawable(text: str) -> str:
    """The text without the characters that none of the fonts has: no reader is helped by empty boxes."""
    return "".join(
        character
        for character in text
        if character.isspace() or character in INVISIBLE or any(has_glyph(file, character) for file in FILES)
    )


@lru_cache(maxsize=4096)
def font_file_for(text: str, role: Font = "display") -> str:
    """The first font of the role that has every character of the text, else the one that has most of them."""
    shown = [character for character in text if not character.isspace() and character not in INVISIBLE]
    files = FILES_BY_ROLE[role]
    return max(files, key=lambda file: (sum(has_glyph(file, character) for character in shown), -files.index(file)))


def font_for(text: str, size_px: int, role: Font = "display") -> ImageFont.FreeTypeFont:
    """The font to draw a text with."""
    return load(font_file_for(text, role), size_px)


@lru_cache(maxsize=8192)
def width_px(text: str, size_px: int, role: Font = "display") -> float:
    """Advance width of a text in its font."""
    return font_for(text, size_px, role).getlength(text)
