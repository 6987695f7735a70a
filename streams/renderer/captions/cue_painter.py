"""Draws a cue by its template: words at rest, the spoken word, plates, shadow, motion. Never decides a time."""

from __future__ import annotations

import math
import re

import msgspec
from PIL import Image, ImageFilter

from schemas.common import Box, CropBox, Value
from schemas.options.caption_template import Letters, Plate
from streams.renderer.captions import animation
from streams.renderer.captions.animation import Phase
from streams.renderer.captions.emphasis import keyword_of
from streams.renderer.captions.karaoke import Span, rest_of, said_spans
from streams.renderer.captions.layout import CAPITALS, PlacedCue, PlacedWord
from streams.renderer.captions.look import CaptionLook
from streams.renderer.captions.word_painter import (
    Ink,
    Tile,
    boxes_behind,
    cut,
    pasted,
    plates_tile,
    resized,
    word_tile,
)

STILL = Phase(enter=10_000, said=10_000)
"""Everything has come in, and the spoken word is said."""
SLIDE = 0.5
"""Of the font size: how far from the left a cue slides in."""
LEAST_PADDING = 0.04
"""Of a plate behind a word that touches its neighbours, of the font size."""
FAINTEST = 0.35
"""What fades in is never less visible than this."""


class Lettering(Value, frozen=True, kw_only=True):
    """A drawn cue, RGBA, and where its top left corner belongs on the output picture (even px)."""

    picture: Image.Image
    x_px: int
    y_px: int


class CueDrawing:
    """One cue, each of its words drawn twice (at rest and spoken) and put together for any state."""

    def __init__(self, cue: PlacedCue, look: CaptionLook, *, marks: int = 0) -> None:
        """Draw the words, the first ``marks`` of which are never said; states are put together on demand."""
        self._cue, self._look, self._marks = cue, look, marks
        self._template = look.template
        self.rectangle = _rectangle(cue, look)
        texts = [word.text for word in cue.words]
        keyword = keyword_of(texts, look.language) if look.template.emphasis.keywords else None
        self._at_rest = [
            word_tile(word, cue.font_px, self._ink(_rest_fill(look, stressed=number == keyword)), self.rectangle)
            for number, word in enumerate(cue.words)
        ]
        self._spoken = [self._spoken_word(number) for number in range(len(cue.words))]
        self._plate = self._plates(cue.words, look.template.letters.plate)
        self._ground: tuple[int, Image.Image] | None = None

    def state(self, spoken: int | None, phase: Phase = STILL) -> Lettering:
        """The cue with word ``spoken`` lit; None lights none."""
        picture = self._ground_of(self._shown(spoken)).copy()
        if spoken is not None and self._template.highlight.how == "plate":
            self._paste_all(picture, self._plates([self._cue.words[spoken]], self._plate_beside(spoken)))
        for number in range(self._shown(spoken)):
            if number != spoken:
                said = spoken is not None and number < spoken and number >= self._marks
                tiles = self._spoken if said and self._template.highlight.keep else self._at_rest
                pasted(picture, tiles[number])
        if spoken is not None:
            self._paste_all(picture, self._lit(spoken, phase))
        return Lettering(picture=self._moved(picture, phase), x_px=self.rectangle.x, y_px=self.rectangle.y)

    def _shown(self, spoken: int | None) -> int:
        """How many words are there to be seen."""
        if spoken is None or self._template.highlight.how not in ("reveal", "type"):
            return len(self._cue.words)
        return spoken + 1

    def _lit(self, spoken: int, phase: Phase) -> list[Tile]:
        """The spoken word as its phase has it."""
        how, word = self._template.highlight.how, self._cue.words[spoken]
        steps = animation.said_steps(self._template, word.text)
        said = min(steps, phase.said)
        tile = self._spoken[spoken]
        if self._template.motion.per == "word" and self._template.motion.enter == "pop":
            tile = resized(tile, animation.scale_of_pop(animation.arrived(self._template, self._settled(phase))))
        if not steps or said == steps:
            return [tile]
        done = said_spans(self._look.shaped(word.text, word.levels), said, steps, by_sign=how == "type")
        parts = self._cut(tile, word, done)
        return parts if how == "type" else [*self._cut(self._at_rest[spoken], word, rest_of(done)), *parts]

    def _cut(self, tile: Tile, word: PlacedWord, spans: list[Span]) -> list[Tile]:
        """The parts of a word's tile, given in shares of the font size from the word's left end."""
        left, font_px = word.x_px - self.rectangle.x, self._cue.font_px
        parts = (cut(tile, left + one.left * font_px, left + one.right * font_px) for one in spans)
        return [part for part in parts if part]

    def _settled(self, phase: Phase) -> Phase:
        return Phase(enter=min(phase.enter, animation.enter_steps(self._template)), said=phase.said)

    def _moved(self, picture: Image.Image, phase: Phase) -> Image.Image:
        """The whole cue on its way in."""
        share = animation.arrived(self._template, self._settled(phase))
        if share >= 1 or self._template.motion.per == "word":
            return picture
        moved = Image.new("RGBA", picture.size)
        tile = Tile(picture=picture, x_px=0, y_px=0)
        if self._template.motion.enter == "pop":
            pasted(moved, resized(tile, animation.scale_of_pop(share)))
            return moved
        if self._template.motion.enter == "slide":
            away = round((1 - share) ** 2 * SLIDE * self._cue.font_px)
            left = away if self._cue.backwards else -away
            tile = Tile(picture=picture, x_px=left, y_px=0)
        pasted(moved, tile)
        visible = FAINTEST + (1 - FAINTEST) * share
        moved.putalpha(moved.getchannel("A").point(lambda value: round(value * visible)))
        return moved

    def _ink(self, fill: str) -> Ink:
        letters = self._template.letters
        return Ink(font=self._look.face, fill=fill, stroke=letters.stroke, language=self._look.language)

    def _spoken_word(self, number: int) -> Tile:
        """Larger around its own middle, by at most a fifth of the space to its neighbours on each side."""
        word, font_px, highlight = self._cue.words[number], self._cue.font_px, self._template.highlight
        if highlight.how in ("none", "reveal", "type"):
            return self._at_rest[number]
        room = 1 + 2 / 5 * self._look.word_space * font_px / max(word.width_px, 1)
        spoken_px = round(font_px * min(highlight.scale, room))
        fill = highlight.doubtful if self._look.doubtful else highlight.fill
        return word_tile(_grown(word, font_px, spoken_px, self._look), spoken_px, self._ink(fill), self.rectangle)

    def _plates(self, words: list[PlacedWord], plate: Plate | None) -> list[Tile]:
        if plate is None:
            return []
        cue = self._cue
        boxes = boxes_behind(words, cue.font_px, plate, self._look.line_px, (cue.up, cue.down))
        return [plates_tile(boxes, cue.font_px, plate, self.rectangle, backwards=cue.backwards)]

    def _plate_beside(self, spoken: int) -> Plate | None:
        """The plate of the word that is said, no wider than half of the space to its neighbours: some have none."""
        plate, word = self._template.highlight.plate, self._cue.words[spoken]
        if plate is None:
            return None
        beside = [one for one in self._cue.words if one is not word and one.baseline_px == word.baseline_px]
        spaces = [max(one.x_px - word.x_px - word.width_px, word.x_px - one.x_px - one.width_px) for one in beside]
        most = max(LEAST_PADDING, min(spaces, default=math.inf) / 2 / self._cue.font_px)
        return msgspec.structs.replace(plate, padding_x=min(plate.padding_x, most))

    def _paste_all(self, picture: Image.Image, tiles: list[Tile]) -> None:
        for tile in tiles:
            pasted(picture, tile)

    def _ground_of(self, shown: int) -> Image.Image:
        """The plate and the shadow of the first words."""
        if self._ground is None or self._ground[0] != shown:
            ground = self._shadow(self._at_rest[:shown])
            if self._plate:
                shadow, ground = ground, Image.new("RGBA", ground.size)
                self._paste_all(ground, self._plate)
                ground.alpha_composite(shadow)
            self._ground = shown, ground
        return self._ground[1]

    def _shadow(self, tiles: list[Tile]) -> Image.Image:
        ground = Image.new("RGBA", (self.rectangle.width, self.rectangle.height), (0, 0, 0, 0))
        shadow, font_px = self._template.letters.shadow, self._cue.font_px
        if shadow is None:
            return ground
        mask = Image.new("L", ground.size)
        for tile in tiles:
            mask.paste(255, (tile.x_px, tile.y_px + round(font_px * shadow.down)), tile.picture.getchannel("A"))
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
    """From 0; the same in all clips of a project, because it is the number in the speaker's id (S1, S2 …)."""
    digits = re.search(r"\d+$", speaker)
    return max(0, int(digits[0]) - 1) if digits else 0


def _grown(word: PlacedWord, font_px: int, spoken_px: int, look: CaptionLook) -> PlacedWord:
    """The word at its spoken size, around its own middle."""
    width = look.measure(word.text, spoken_px)
    return PlacedWord(
        text=word.text,
        x_px=word.x_px - (width - word.width_px) / 2,
        baseline_px=word.baseline_px + CAPITALS / 2 * (spoken_px - font_px),
        width_px=width,
        levels=word.levels,
    )


def ink_box(cue: PlacedCue, look: CaptionLook) -> Box:
    """What the cue's letters and plates cover at rest, in px of the output picture; a little more where none hangs."""
    letters, font_px = look.template.letters, cue.font_px
    line = (letters.stroke.width if letters.stroke else 0.0) * font_px
    left = min(word.x_px for word in cue.words) - line
    right = max(word.x_px + word.width_px for word in cue.words) + line
    top = min(word.baseline_px for word in cue.words) - cue.up * font_px - line
    bottom = max(word.baseline_px for word in cue.words) + cue.down * font_px + line
    for plate in (letters.plate, look.template.highlight.plate):
        for box in boxes_behind(cue.words, font_px, plate, look.line_px, (cue.up, cue.down)) if plate else []:
            left, right = min(left, box.x), max(right, box.x + box.width)
            top, bottom = min(top, box.y), max(bottom, box.y + box.height)
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def _rectangle(cue: PlacedCue, look: CaptionLook) -> CropBox:
    """What the cue may touch, with room for outline, shadow, plates and motion; even, and inside the picture."""
    font_px, template = cue.font_px, look.template
    plates = [plate for plate in (template.letters.plate, template.highlight.plate) if plate]
    around = max(0.25, _around(template.letters))
    wide = max([around, *(0.1 + plate.padding_x for plate in plates)]) * font_px
    high = max([around, *(0.1 + plate.padding_y for plate in plates)]) * font_px
    reach = [_reach(word, font_px, look) for word in cue.words]
    top = min(word.baseline_px - up for word, (up, _) in zip(cue.words, reach, strict=True)) - math.ceil(high)
    bottom = max(word.baseline_px + down for word, (_, down) in zip(cue.words, reach, strict=True)) + math.ceil(high)
    left = min(word.x_px for word in cue.words) - math.ceil(wide)
    right = max(word.x_px + word.width_px for word in cue.words) + math.ceil(wide)
    if any(plate.around == "bar" for plate in plates):
        left, right = look.line_px[0] - math.ceil(wide), look.line_px[1] + math.ceil(wide)
    if template.motion.enter == "slide":
        left -= SLIDE * font_px * (not cue.backwards)
        right += SLIDE * font_px * cue.backwards
    x, y = max(0, int(left) // 2 * 2), max(0, int(top) // 2 * 2)
    width = min(look.width_px, math.ceil(right)) - x
    height = min(look.height_px, math.ceil(bottom)) - y
    return CropBox(x=x, y=y, width=width - width % 2, height=height - height % 2)


def _around(letters: Letters) -> float:
    """How far outline and shadow go around letters, of the font size."""
    stroke = letters.stroke.width if letters.stroke else 0.0
    return stroke + (2.2 * letters.shadow.blur + letters.shadow.down if letters.shadow else 0.0)


def _reach(word: PlacedWord, font_px: int, look: CaptionLook) -> tuple[float, float]:
    """How far letters go above and below their line, marks on capitals included."""
    shape = look.shaped(word.text, word.levels)
    return font_px * max(1.05, shape.up), font_px * max(0.35, shape.down)
