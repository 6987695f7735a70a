"""Shaped words → masks and coloured pictures, glyph by glyph. Each drawn glyph is kept. Never shapes, never places.

Outlines and their borders are FreeType's, by way of Pillow; emoji are the bitmaps of their font, made smaller.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageChops

from streams.renderer.typography.fonts import EMOJI, FIRST_NUMBER, opened, sized
from streams.renderer.typography.shaping import EMOJI_DOWN, EMOJI_SIZE, Shaped

FINE = 4
"""Parts of a pixel at which glyphs may stand."""


class Stamp(NamedTuple):
    """A drawn glyph, and its left upper corner from its origin."""

    picture: Image.Image
    left: int
    top: int


class Drawn(NamedTuple):
    """A word's letters, its outline and its emoji, in one rectangle."""

    fill: Image.Image
    """Masks, grey."""
    outline: Image.Image | None
    colour: Image.Image | None
    """RGBA."""
    left: int
    top: int


@lru_cache(maxsize=2048)
def stamp(file: str, number: int, size_px: int, part: int, outline_px: int) -> Stamp | None:
    """A glyph that begins ``part`` quarters of a pixel right of a whole one; None where it shows nothing."""
    font = sized(file, size_px)
    mask, offset = font.getmask2(
        chr(FIRST_NUMBER + number), "L", stroke_width=outline_px, anchor="ls", start=(part / FINE, 0)
    )
    if not mask.size[0] or not mask.size[1]:
        return None
    return Stamp(Image.frombytes("L", mask.size, bytes(mask)), offset[0], offset[1])


@lru_cache(maxsize=256)
def coloured(number: int, size_px: int) -> Stamp | None:
    """An emoji."""
    image = opened(EMOJI).shaper.get_glyph_color_png(number)
    if not image or not image.data:
        return None
    picture = Image.open(io.BytesIO(image.data), formats=("PNG",)).convert("RGBA")
    high = max(1, round(size_px * EMOJI_SIZE * picture.height / 109))
    wide = max(1, round(picture.width * high / picture.height))
    small = picture.convert("RGBa").resize((wide, high), Image.Resampling.LANCZOS).convert("RGBA")
    return Stamp(small, 0, round(size_px * EMOJI_DOWN) - high)


def drawn(word: Shaped, size_px: int, x: float, outline_px: int) -> Drawn | None:
    """A word whose left end is at ``x`` on a line at 0; None where there is nothing to see."""
    fills = list(_stamps(word, size_px, x, 0))
    outlines = list(_stamps(word, size_px, x, outline_px)) if outline_px else []
    emoji = list(_emoji(word, size_px, x))
    everything = [*fills, *outlines, *emoji]
    if not everything:
        return None
    left, top = min(one.left for one in everything), min(one.top for one in everything)
    right = max(one.left + one.picture.width for one in everything)
    bottom = max(one.top + one.picture.height for one in everything)
    size = (right - left, bottom - top)
    return Drawn(
        fill=_mask(fills, size, left, top),
        outline=_mask(outlines, size, left, top) if outlines else None,
        colour=_picture(emoji, size, left, top) if emoji else None,
        left=left,
        top=top,
    )


def _stamps(word: Shaped, size_px: int, x: float, outline_px: int) -> Iterator[Stamp]:
    for glyph in word.glyphs:
        if glyph.file == EMOJI:
            continue
        quarters = math.floor((x + glyph.x * size_px) * FINE + 0.5)
        one = stamp(glyph.file, glyph.number, size_px, quarters % FINE, outline_px)
        if one:
            up = round(glyph.y * size_px)
            yield Stamp(one.picture, one.left + quarters // FINE, one.top - up)


def _emoji(word: Shaped, size_px: int, x: float) -> Iterator[Stamp]:
    for glyph in word.glyphs:
        one = coloured(glyph.number, size_px) if glyph.file == EMOJI else None
        if one:
            yield Stamp(one.picture, one.left + round(x + glyph.x * size_px), one.top)


def _mask(stamps: list[Stamp], size: tuple[int, int], left: int, top: int) -> Image.Image:
    """Where two overlap the darker one counts: joined letters show no seam."""
    mask = Image.new("L", size)
    for one in stamps:
        box = (one.left - left, one.top - top)
        corners = (*box, box[0] + one.picture.width, box[1] + one.picture.height)
        mask.paste(ImageChops.lighter(mask.crop(corners), one.picture), box)
    return mask


def _picture(stamps: list[Stamp], size: tuple[int, int], left: int, top: int) -> Image.Image:
    picture = Image.new("RGBA", size)
    for one in stamps:
        picture.alpha_composite(one.picture, (one.left - left, one.top - top))
    return picture
