"""Draws a word, and the plates behind words, with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from schemas.common import Box, CropBox, Value
from schemas.options.caption_template import Plate, Stroke
from streams.renderer.captions.layout import ASCENT_RATIO, DESCENT_RATIO, PlacedWord
from streams.renderer.typography import glyph_raster
from streams.renderer.typography.fonts import Face
from streams.renderer.typography.shaping import shape_text

Rgba = tuple[int, int, int, int]
PLATE_SCALE = 4
"""Plates are drawn this many times larger: Pillow does not antialias rounded corners."""


class WordTile(Value, frozen=True, kw_only=True):
    """A small RGBA image and its corner inside the cue's rectangle."""

    image: Image.Image
    x_px: int
    y_px: int


class LetterStyle(Value, frozen=True, kw_only=True):
    """Font, colour and outline of letters."""

    font: Face
    fill: str
    stroke: Stroke | None
    language: str | None = None


def parse_colour(colour: str) -> Rgba:
    """Parse ``#rrggbb`` or ``#rrggbbaa``."""
    red, green, blue, *alpha = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue, alpha[0] if alpha else 255


def draw_word(word: PlacedWord, font_px: int, ink: LetterStyle, rectangle: CropBox) -> WordTile:
    """Draw a word's letters with their outline; emoji keep their colours."""
    outline_px = max(2, round(font_px * ink.stroke.width)) if ink.stroke else 0
    shape = shape_text(word.text, ink.font, ink.language, word.levels)
    letters = glyph_raster.rasterise_word(shape, font_px, word.x_px - rectangle.x, outline_px)
    if letters is None:
        return WordTile(image=Image.new("RGBA", (1, 1)), x_px=0, y_px=0)
    picture = _fill_mask(letters.fill, ink.fill)
    if letters.outline and ink.stroke:
        line = _fill_mask(letters.outline, ink.stroke.colour)
        line.alpha_composite(picture)
        picture = line
    if letters.colour:
        picture.alpha_composite(letters.colour)
    return WordTile(image=picture, x_px=letters.left, y_px=letters.top + round(word.baseline_px - rectangle.y))


def cut_tile(tile: WordTile, from_px: float, to_px: float) -> WordTile | None:
    """Part of a tile between two columns of the cue's rectangle; None where nothing is left."""
    left, right = round(max(0.0, from_px - tile.x_px)), round(min(tile.image.width, to_px - tile.x_px))
    if right <= left:
        return None
    part = tile.image.crop((left, 0, right, tile.image.height))
    return WordTile(image=part, x_px=tile.x_px + left, y_px=tile.y_px)


def resize_tile(tile: WordTile, scale: float) -> WordTile:
    """Scale a tile around its middle."""
    current_size, scaled_size = tile.image.size, [max(1, round(length * scale)) for length in tile.image.size]
    return WordTile(
        image=tile.image.resize((scaled_size[0], scaled_size[1]), Image.Resampling.BILINEAR),
        x_px=tile.x_px - (scaled_size[0] - current_size[0]) // 2,
        y_px=tile.y_px - (scaled_size[1] - current_size[1]) // 2,
    )


def paste_tile(ground: Image.Image, tile: WordTile) -> None:
    """Composite a tile over the background; parts outside are cropped."""
    x, y = max(0, tile.x_px), max(0, tile.y_px)
    part = tile.image.crop((x - tile.x_px, y - tile.y_px, tile.image.width, tile.image.height))
    part = part.crop((0, 0, min(part.width, ground.width - x), min(part.height, ground.height - y)))
    if part.width > 0 and part.height > 0:
        ground.alpha_composite(part, (x, y))


def plate_boxes(
    words: Sequence[PlacedWord],
    font_px: int,
    plate: Plate,
    line_px: tuple[float, float],
    reach: tuple[float, float] = (ASCENT_RATIO, DESCENT_RATIO),
) -> list[Box]:
    """Boxes of a plate on the output; ``line_px`` is the extent of a full-width bar.

    ``reach``: how far letters go above and below their line, as shares of the font size.
    """
    if plate.around == "word":
        return [_plate_box([word], font_px, plate, reach) for word in words]
    if plate.around == "line":
        lines = sorted({word.baseline_px for word in words})
        return [
            _plate_box([word for word in words if word.baseline_px == line], font_px, plate, reach) for line in lines
        ]
    box = _plate_box(words, font_px, plate, reach)
    if plate.around == "block":
        return [box]
    left = line_px[0] - plate.padding_x * font_px
    return [Box(x=left, y=box.y, width=line_px[1] + plate.padding_x * font_px - left, height=box.height)]


def _plate_box(words: Sequence[PlacedWord], font_px: int, plate: Plate, reach: tuple[float, float]) -> Box:
    """Box around letters and descenders."""
    left = min(word.x_px for word in words) - plate.padding_x * font_px
    right = max(word.x_px + word.width_px for word in words) + plate.padding_x * font_px
    top = min(word.baseline_px for word in words) - (reach[0] + plate.padding_y) * font_px
    bottom = max(word.baseline_px for word in words) + (reach[1] + plate.padding_y) * font_px
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def draw_plates(
    boxes: Sequence[Box], font_px: int, plate: Plate, rectangle: CropBox, *, backwards: bool = False
) -> WordTile:
    """Draw all boxes of a plate as one area, so that overlaps are not darker; with its edge stripe."""
    left, top = (math.floor(min(getattr(box, side) for box in boxes)) for side in ("x", "y"))
    right = math.ceil(max(box.x + box.width for box in boxes))
    bottom = math.ceil(max(box.y + box.height for box in boxes))
    mask = Image.new("L", ((right - left) * PLATE_SCALE, (bottom - top) * PLATE_SCALE))
    edge = Image.new("L", mask.size)
    for box in boxes:
        corners = [(box.x - left) * PLATE_SCALE, (box.y - top) * PLATE_SCALE]
        corners += [corners[0] + box.width * PLATE_SCALE - 1, corners[1] + box.height * PLATE_SCALE - 1]
        ImageDraw.Draw(mask).rounded_rectangle(corners, plate.radius * font_px * PLATE_SCALE, fill=255)
        wide = 0.12 * font_px * PLATE_SCALE
        begins = corners[2] - wide if backwards else corners[0]
        ImageDraw.Draw(edge).rectangle([begins, corners[1], begins + wide, corners[3]], fill=255)
    size = (right - left, bottom - top)
    picture = _fill_mask(mask.resize(size, Image.Resampling.BOX), plate.colour)
    if plate.edge:
        picture.alpha_composite(_fill_mask(edge.resize(size, Image.Resampling.BOX), plate.edge))
    return WordTile(image=picture, x_px=left - rectangle.x, y_px=top - rectangle.y)


def _fill_mask(mask: Image.Image, colour: str) -> Image.Image:
    red, green, blue, alpha = parse_colour(colour)
    picture = Image.new("RGBA", mask.size, (red, green, blue, 0))
    picture.putalpha(mask.point(lambda value: value * alpha // 255))
    return picture
