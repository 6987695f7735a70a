"""Draws a cue by its template: words at rest, the spoken word, plates, shadow, motion."""

from __future__ import annotations

import math
import re

import msgspec
from PIL import Image, ImageFilter

from schemas.common import Box, CropBox, Value
from schemas.options.caption_template import Letters, Plate
from streams.renderer.captions import animation
from streams.renderer.captions.animation import AnimationPhase
from streams.renderer.captions.emphasis import find_keyword
from streams.renderer.captions.karaoke import WidthRange, complement_ranges, spoken_ranges
from streams.renderer.captions.layout import CAP_HEIGHT_RATIO, PlacedCue, PlacedWord
from streams.renderer.captions.look import CaptionLook
from streams.renderer.captions.word_painter import (
    LetterStyle,
    WordTile,
    cut_tile,
    draw_plates,
    draw_word,
    paste_tile,
    plate_boxes,
    resize_tile,
)

SETTLED_PHASE = AnimationPhase(enter=10_000, spoken=10_000)
"""The phase in which everything has entered and the spoken word is complete."""
SLIDE_RATIO = 0.5
"""Distance of the slide entrance, as a share of the font size."""
MIN_PADDING_RATIO = 0.04
"""Smallest padding of a plate between touching words, as a share of the font size."""
MIN_OPACITY_RATIO = 0.35
"""Opacity at which a fade begins."""


class DrawnCue(Value, frozen=True, kw_only=True):
    """A drawn cue (RGBA), and its top left corner on the output in even px."""

    image: Image.Image
    x_px: int
    y_px: int


class CuePainter:
    """Draws each word of a cue at rest and spoken, and composes them for any state."""

    def __init__(self, cue: PlacedCue, look: CaptionLook, *, marks: int = 0) -> None:
        """Draw the words; the first ``marks`` of them are never highlighted."""
        self._cue, self._look, self._marks = cue, look, marks
        self._template = look.template
        self.rectangle = _cue_rectangle(cue, look)
        texts = [word.text for word in cue.words]
        keyword = find_keyword(texts, look.language) if look.template.emphasis.keywords else None
        self._at_rest = [
            draw_word(
                word, cue.font_px, self._letter_style(_rest_fill(look, stressed=number == keyword)), self.rectangle
            )
            for number, word in enumerate(cue.words)
        ]
        self._spoken = [self._draw_spoken_word(number) for number in range(len(cue.words))]
        self._plate = self._draw_plates(cue.words, look.template.letters.plate)
        self._background: tuple[int, Image.Image] | None = None

    def state(self, word_number: int | None, phase: AnimationPhase = SETTLED_PHASE) -> DrawnCue:
        """The cue with word ``word_number`` highlighted; None highlights none."""
        picture = self._background_for(self._visible_words(word_number)).copy()
        if word_number is not None and self._template.highlight.how == "plate":
            self._paste_all(picture, self._draw_plates([self._cue.words[word_number]], self._word_plate(word_number)))
        for number in range(self._visible_words(word_number)):
            if number != word_number:
                is_spoken = word_number is not None and number < word_number and number >= self._marks
                tiles = self._spoken if is_spoken and self._template.highlight.keep else self._at_rest
                paste_tile(picture, tiles[number])
        if word_number is not None:
            self._paste_all(picture, self._lit_tiles(word_number, phase))
        return DrawnCue(image=self._animate(picture, phase), x_px=self.rectangle.x, y_px=self.rectangle.y)

    def _visible_words(self, word_number: int | None) -> int:
        """Number of words visible: reveal and typewriter show them as they are spoken."""
        if word_number is None or self._template.highlight.how not in ("reveal", "type"):
            return len(self._cue.words)
        return word_number + 1

    def _lit_tiles(self, word_number: int, phase: AnimationPhase) -> list[WordTile]:
        """The spoken word in its phase."""
        how, word = self._template.highlight.how, self._cue.words[word_number]
        steps = animation.spoken_steps(self._template, word.text)
        steps_done = min(steps, phase.spoken)
        tile = self._spoken[word_number]
        if self._template.motion.per == "word" and self._template.motion.enter == "pop":
            tile = resize_tile(
                tile, animation.pop_scale(animation.entrance_ratio(self._template, self._clamp_phase(phase)))
            )
        if not steps or steps_done == steps:
            return [tile]
        done = spoken_ranges(self._look.shape_word(word.text, word.levels), steps_done, steps, by_sign=how == "type")
        parts = self._cut_word(tile, word, done)
        return (
            parts
            if how == "type"
            else [*self._cut_word(self._at_rest[word_number], word, complement_ranges(done)), *parts]
        )

    def _cut_word(self, tile: WordTile, word: PlacedWord, spans: list[WidthRange]) -> list[WordTile]:
        """Parts of a word's tile, for ranges in shares of the font size."""
        left, font_px = word.x_px - self.rectangle.x, self._cue.font_px
        parts = (cut_tile(tile, left + span.left * font_px, left + span.right * font_px) for span in spans)
        return [part for part in parts if part]

    def _clamp_phase(self, phase: AnimationPhase) -> AnimationPhase:
        return AnimationPhase(enter=min(phase.enter, animation.enter_steps(self._template)), spoken=phase.spoken)

    def _animate(self, picture: Image.Image, phase: AnimationPhase) -> Image.Image:
        """The whole cue during its entrance."""
        share = animation.entrance_ratio(self._template, self._clamp_phase(phase))
        if share >= 1 or self._template.motion.per == "word":
            return picture
        canvas = Image.new("RGBA", picture.size)
        tile = WordTile(image=picture, x_px=0, y_px=0)
        if self._template.motion.enter == "pop":
            paste_tile(canvas, resize_tile(tile, animation.pop_scale(share)))
            return canvas
        if self._template.motion.enter == "slide":
            offset_px = round((1 - share) ** 2 * SLIDE_RATIO * self._cue.font_px)
            left = offset_px if self._cue.backwards else -offset_px
            tile = WordTile(image=picture, x_px=left, y_px=0)
        paste_tile(canvas, tile)
        visible = MIN_OPACITY_RATIO + (1 - MIN_OPACITY_RATIO) * share
        canvas.putalpha(canvas.getchannel("A").point(lambda value: round(value * visible)))
        return canvas

    def _letter_style(self, fill: str) -> LetterStyle:
        letters = self._template.letters
        return LetterStyle(font=self._look.face, fill=fill, stroke=letters.stroke, language=self._look.language)

    def _draw_spoken_word(self, number: int) -> WordTile:
        """Enlarge the word around its middle, by at most a fifth of the space to its neighbours on each side."""
        word, font_px, highlight = self._cue.words[number], self._cue.font_px, self._template.highlight
        if highlight.how in ("none", "reveal", "type"):
            return self._at_rest[number]
        max_scale = 1 + 2 / 5 * self._look.word_space * font_px / max(word.width_px, 1)
        spoken_px = round(font_px * min(highlight.scale, max_scale))
        fill = highlight.doubtful if self._look.doubtful else highlight.fill
        return draw_word(
            _scale_word(word, font_px, spoken_px, self._look), spoken_px, self._letter_style(fill), self.rectangle
        )

    def _draw_plates(self, words: list[PlacedWord], plate: Plate | None) -> list[WordTile]:
        if plate is None:
            return []
        cue = self._cue
        boxes = plate_boxes(words, cue.font_px, plate, self._look.line_px, (cue.up, cue.down))
        return [draw_plates(boxes, cue.font_px, plate, self.rectangle, backwards=cue.backwards)]

    def _word_plate(self, word_number: int) -> Plate | None:
        """The spoken word's plate, padded by at most half of the space to its neighbours."""
        plate, word = self._template.highlight.plate, self._cue.words[word_number]
        if plate is None:
            return None
        neighbours = [
            neighbour
            for neighbour in self._cue.words
            if neighbour is not word and neighbour.baseline_px == word.baseline_px
        ]
        spaces = [
            max(neighbour.x_px - word.x_px - word.width_px, word.x_px - neighbour.x_px - neighbour.width_px)
            for neighbour in neighbours
        ]
        max_padding = max(MIN_PADDING_RATIO, min(spaces, default=math.inf) / 2 / self._cue.font_px)
        return msgspec.structs.replace(plate, padding_x=min(plate.padding_x, max_padding))

    def _paste_all(self, picture: Image.Image, tiles: list[WordTile]) -> None:
        for tile in tiles:
            paste_tile(picture, tile)

    def _background_for(self, word_count: int) -> Image.Image:
        """Plate and shadow of the first words."""
        if self._background is None or self._background[0] != word_count:
            ground = self._draw_shadow(self._at_rest[:word_count])
            if self._plate:
                shadow, ground = ground, Image.new("RGBA", ground.size)
                self._paste_all(ground, self._plate)
                ground.alpha_composite(shadow)
            self._background = word_count, ground
        return self._background[1]

    def _draw_shadow(self, tiles: list[WordTile]) -> Image.Image:
        ground = Image.new("RGBA", (self.rectangle.width, self.rectangle.height), (0, 0, 0, 0))
        shadow, font_px = self._template.letters.shadow, self._cue.font_px
        if shadow is None:
            return ground
        mask = Image.new("L", ground.size)
        for tile in tiles:
            mask.paste(255, (tile.x_px, tile.y_px + round(font_px * shadow.down)), tile.image.getchannel("A"))
        mask = mask.filter(ImageFilter.GaussianBlur(font_px * shadow.blur))
        ground.putalpha(mask.point(lambda value: int(value * shadow.opacity)))
        return ground


def _rest_fill(look: CaptionLook, *, stressed: bool) -> str:
    template = look.template
    if look.doubtful:
        return template.letters.doubtful
    if stressed:
        return template.emphasis.fill
    if template.speaker_colours and look.speaker:
        return template.speaker_colours[_speaker_number(look.speaker) % len(template.speaker_colours)]
    return template.letters.fill


def _speaker_number(speaker: str) -> int:
    """Number in the speaker's id (S1, S2), from 0, so that colours are the same in all clips of a project."""
    digits = re.search(r"\d+$", speaker)
    return max(0, int(digits[0]) - 1) if digits else 0


def _scale_word(word: PlacedWord, font_px: int, spoken_px: int, look: CaptionLook) -> PlacedWord:
    """The word at its spoken size, around its middle."""
    width = look.measure(word.text, spoken_px)
    return PlacedWord(
        text=word.text,
        x_px=word.x_px - (width - word.width_px) / 2,
        baseline_px=word.baseline_px + CAP_HEIGHT_RATIO / 2 * (spoken_px - font_px),
        width_px=width,
        levels=word.levels,
    )


def ink_box(cue: PlacedCue, look: CaptionLook) -> Box:
    """Box that the cue's letters and plates cover at rest, in px of the output, descenders assumed."""
    letters, font_px = look.template.letters, cue.font_px
    line = (letters.stroke.width if letters.stroke else 0.0) * font_px
    left = min(word.x_px for word in cue.words) - line
    right = max(word.x_px + word.width_px for word in cue.words) + line
    top = min(word.baseline_px for word in cue.words) - cue.up * font_px - line
    bottom = max(word.baseline_px for word in cue.words) + cue.down * font_px + line
    for plate in (letters.plate, look.template.highlight.plate):
        for box in plate_boxes(cue.words, font_px, plate, look.line_px, (cue.up, cue.down)) if plate else []:
            left, right = min(left, box.x), max(right, box.x + box.width)
            top, bottom = min(top, box.y), max(bottom, box.y + box.height)
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def _cue_rectangle(cue: PlacedCue, look: CaptionLook) -> CropBox:
    """Rectangle with room for outline, shadow, plates and motion, in even px inside the frame."""
    font_px, template = cue.font_px, look.template
    plates = [plate for plate in (template.letters.plate, template.highlight.plate) if plate]
    around = max(0.25, _letter_margin(template.letters))
    wide = max([around, *(0.1 + plate.padding_x for plate in plates)]) * font_px
    high = max([around, *(0.1 + plate.padding_y for plate in plates)]) * font_px
    reach = [_line_reach(word, font_px, look) for word in cue.words]
    top = min(word.baseline_px - up for word, (up, _) in zip(cue.words, reach, strict=True)) - math.ceil(high)
    bottom = max(word.baseline_px + down for word, (_, down) in zip(cue.words, reach, strict=True)) + math.ceil(high)
    left = min(word.x_px for word in cue.words) - math.ceil(wide)
    right = max(word.x_px + word.width_px for word in cue.words) + math.ceil(wide)
    if any(plate.around == "bar" for plate in plates):
        left, right = look.line_px[0] - math.ceil(wide), look.line_px[1] + math.ceil(wide)
    if template.motion.enter == "slide":
        left -= SLIDE_RATIO * font_px * (not cue.backwards)
        right += SLIDE_RATIO * font_px * cue.backwards
    x, y = max(0, int(left) // 2 * 2), max(0, int(top) // 2 * 2)
    width = min(look.width_px, math.ceil(right)) - x
    height = min(look.height_px, math.ceil(bottom)) - y
    return CropBox(x=x, y=y, width=width - width % 2, height=height - height % 2)


def _letter_margin(letters: Letters) -> float:
    """The reach of outline and shadow around letters, as a share of the font size."""
    stroke = letters.stroke.width if letters.stroke else 0.0
    return stroke + (2.2 * letters.shadow.blur + letters.shadow.down if letters.shadow else 0.0)


def _line_reach(word: PlacedWord, font_px: int, look: CaptionLook) -> tuple[float, float]:
    """The reach of letters above and below their line, marks on capitals included."""
    shape = look.shape_word(word.text, word.levels)
    return font_px * max(1.05, shape.up), font_px * max(0.35, shape.down)
