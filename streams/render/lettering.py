"""Draws a cue with Pillow: outline, soft shadow, the spoken word in the accent colour. Never decides a time."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFilter

from schemas.media import CropBox, Value
from streams.render import typeface
from streams.render.layout import CaptionLook, PlacedCue, PlacedWord

Colour = tuple[int, int, int]
SHADOW_OPACITY = 0.55


class Lettering(Value, frozen=True, kw_only=True):
    """A drawn cue, RGBA, and where its top left corner belongs on the output picture (even px)."""

    picture: Image.Image
    x_px: int
    y_px: int


class CueDrawing:
    """One cue, each of its words drawn twice (at rest and spoken) and put together for any spoken word."""

    def __init__(self, cue: PlacedCue, look: CaptionLook) -> None:
        """Draw the words; the pictures of the states are put together on demand."""
        self._look = look
        self._margin = math.ceil(cue.font_px * 0.25)
        self.rectangle = _rectangle(cue, look, self._margin)
        self._at_rest = [self._word(word, cue.font_px, look.fill) for word in cue.words]
        self._spoken = [self._spoken_word(word, cue.font_px) for word in cue.words]
        self._ground = self._shadow(cue.font_px)

    def state(self, spoken: int | None) -> Lettering:
        """The cue with word ``spoken`` lit; None lights none."""
        picture = self._ground.copy()
        for position, (tile, corner) in enumerate(self._at_rest):
            if position != spoken:
                picture.alpha_composite(tile, corner)
        if spoken is not None:
            tile, corner = self._spoken[spoken]
            picture.alpha_composite(tile, corner)
        return Lettering(picture=picture, x_px=self.rectangle.x, y_px=self.rectangle.y)

    def _spoken_word(self, word: PlacedWord, font_px: int) -> tuple[Image.Image, tuple[int, int]]:
        """Larger around its own middle, by at most a fifth of the space to its neighbours on each side."""
        room = 1 + 2 / 5 * self._look.word_space * font_px / max(word.width_px, 1)
        spoken_px = round(font_px * min(self._look.emphasis, room))
        return self._word(_grown(word, font_px, spoken_px), spoken_px, self._look.accent)

    def _word(self, word: PlacedWord, font_px: int, colour: Colour) -> tuple[Image.Image, tuple[int, int]]:
        """A word's own small picture and its corner inside the cue's rectangle."""
        outline = max(2, round(font_px * self._look.outline))
        font = typeface.font_for(word.text, font_px)
        left, top, right, bottom = font.getbbox(word.text, anchor="ls", stroke_width=outline)
        x, y = word.x_px - self.rectangle.x + left, word.baseline_px - self.rectangle.y + top
        corner = (max(0, math.floor(x)), max(0, math.floor(y)))
        size = (
            min(math.ceil(right - left) + 2, self.rectangle.width - corner[0]),
            min(math.ceil(bottom - top) + 2, self.rectangle.height - corner[1]),
        )
        tile = Image.new("RGBA", (max(1, size[0]), max(1, size[1])))
        ImageDraw.Draw(tile).text(
            (word.x_px - self.rectangle.x - corner[0], word.baseline_px - self.rectangle.y - corner[1]),
            word.text,
            font=font,
            anchor="ls",
            fill=(*colour, 255),
            stroke_width=outline,
            stroke_fill=(*self._look.outline_colour, 255),
        )
        return tile, corner

    def _shadow(self, font_px: int) -> Image.Image:
        mask = Image.new("L", (self.rectangle.width, self.rectangle.height))
        for tile, corner in self._at_rest:
            alpha = tile.getchannel("A")
            mask.paste(255, (corner[0], corner[1] + round(font_px * 0.04)), alpha)
        mask = mask.filter(ImageFilter.GaussianBlur(font_px * 0.07)).point(lambda value: int(value * SHADOW_OPACITY))
        ground = Image.new("RGBA", mask.size, (0, 0, 0, 0))
        ground.putalpha(mask)
        return ground


def _grown(word: PlacedWord, font_px: int, spoken_px: int) -> PlacedWord:
    """The word at its spoken size, around its own middle."""
    width = typeface.width_px(word.text, spoken_px)
    return PlacedWord(
        text=word.text,
        x_px=word.x_px - (width - word.width_px) / 2,
        baseline_px=word.baseline_px + 0.365 * (spoken_px - font_px),
        width_px=width,
    )


def _rectangle(cue: PlacedCue, look: CaptionLook, margin: int) -> CropBox:
    """What the cue may touch, with room for outline, shadow and emphasis; even, and inside the picture."""
    top = min(word.baseline_px for word in cue.words) - cue.font_px * 1.05 - margin
    bottom = max(word.baseline_px for word in cue.words) + cue.font_px * 0.35 + margin
    left = min(word.x_px for word in cue.words) - margin
    right = max(word.x_px + word.width_px for word in cue.words) + margin
    x, y = max(0, int(left) // 2 * 2), max(0, int(top) // 2 * 2)
    width = min(look.width_px, math.ceil(right)) - x
    height = min(look.height_px, math.ceil(bottom)) - y
    return CropBox(x=x, y=y, width=width - width % 2, height=height - height % 2)
