"""Rasterises shaped words glyph by glyph, with a cache.

Outlines and strokes come from FreeType through Pillow; emoji are bitmaps of their font, scaled down.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageChops

from streams.renderer.typography.fonts import EMOJI_FONT, FIRST_GLYPH_CODE, open_font, open_numbered_font
from streams.renderer.typography.shaping import EMOJI_DESCENT_RATIO, EMOJI_SIZE_RATIO, ShapedWord

SUBPIXEL_STEPS = 4
"""Horizontal positions per pixel at which glyphs may stand."""


class GlyphImage(NamedTuple):
    """A drawn glyph, and its top left corner from its origin."""

    picture: Image.Image
    left: int
    top: int


class RasterWord(NamedTuple):
    """A word's letters, outline and emoji in one rectangle."""

    fill: Image.Image
    """Grey mask of the letters."""
    outline: Image.Image | None
    colour: Image.Image | None
    """RGBA image of the emoji."""
    left: int
    top: int


@lru_cache(maxsize=2048)
def rasterise_glyph(file: str, number: int, size_px: int, part: int, outline_px: int) -> GlyphImage | None:
    """Draw a glyph ``part`` quarters of a pixel to the right; None where it is empty."""
    font = open_numbered_font(file, size_px)
    mask, offset = font.getmask2(
        chr(FIRST_GLYPH_CODE + number), "L", stroke_width=outline_px, anchor="ls", start=(part / SUBPIXEL_STEPS, 0)
    )
    if not mask.size[0] or not mask.size[1]:
        return None
    return GlyphImage(Image.frombytes("L", mask.size, bytes(mask)), offset[0], offset[1])


@lru_cache(maxsize=256)
def rasterise_emoji(number: int, size_px: int) -> GlyphImage | None:
    """Draw an emoji."""
    image = open_font(EMOJI_FONT).shaper.get_glyph_color_png(number)
    if not image or not image.data:
        return None
    picture = Image.open(io.BytesIO(image.data), formats=("PNG",)).convert("RGBA")
    high = max(1, round(size_px * EMOJI_SIZE_RATIO * picture.height / 109))
    wide = max(1, round(picture.width * high / picture.height))
    small = picture.convert("RGBa").resize((wide, high), Image.Resampling.LANCZOS).convert("RGBA")
    return GlyphImage(small, 0, round(size_px * EMOJI_DESCENT_RATIO) - high)


def rasterise_word(word: ShapedWord, size_px: int, x: float, outline_px: int) -> RasterWord | None:
    """Draw a word whose left end is at ``x`` on a baseline at 0; None where it is empty."""
    fills = list(_glyph_images(word, size_px, x, 0))
    outlines = list(_glyph_images(word, size_px, x, outline_px)) if outline_px else []
    emoji = list(_emoji_images(word, size_px, x))
    images = [*fills, *outlines, *emoji]
    if not images:
        return None
    left, top = min(image.left for image in images), min(image.top for image in images)
    right = max(image.left + image.picture.width for image in images)
    bottom = max(image.top + image.picture.height for image in images)
    size = (right - left, bottom - top)
    return RasterWord(
        fill=_merge_masks(fills, size, left, top),
        outline=_merge_masks(outlines, size, left, top) if outlines else None,
        colour=_merge_colours(emoji, size, left, top) if emoji else None,
        left=left,
        top=top,
    )


def _glyph_images(word: ShapedWord, size_px: int, x: float, outline_px: int) -> Iterator[GlyphImage]:
    for glyph in word.glyphs:
        if glyph.file == EMOJI_FONT:
            continue
        quarters = math.floor((x + glyph.x * size_px) * SUBPIXEL_STEPS + 0.5)
        image = rasterise_glyph(glyph.file, glyph.number, size_px, quarters % SUBPIXEL_STEPS, outline_px)
        if image:
            up = round(glyph.y * size_px)
            yield GlyphImage(image.picture, image.left + quarters // SUBPIXEL_STEPS, image.top - up)


def _emoji_images(word: ShapedWord, size_px: int, x: float) -> Iterator[GlyphImage]:
    for glyph in word.glyphs:
        image = rasterise_emoji(glyph.number, size_px) if glyph.file == EMOJI_FONT else None
        if image:
            yield GlyphImage(image.picture, image.left + round(x + glyph.x * size_px), image.top)


def _merge_masks(stamps: list[GlyphImage], size: tuple[int, int], left: int, top: int) -> Image.Image:
    """Merge masks by their maximum, so that joined letters show no seam."""
    mask = Image.new("L", size)
    for stamp in stamps:
        box = (stamp.left - left, stamp.top - top)
        corners = (*box, box[0] + stamp.picture.width, box[1] + stamp.picture.height)
        mask.paste(ImageChops.lighter(mask.crop(corners), stamp.picture), box)
    return mask


def _merge_colours(stamps: list[GlyphImage], size: tuple[int, int], left: int, top: int) -> Image.Image:
    picture = Image.new("RGBA", size)
    for stamp in stamps:
        picture.alpha_composite(stamp.picture, (stamp.left - left, stamp.top - top))
    return picture
