"""Where each word of a cue stands: lines wrapped by measured width inside safe margins. Never draws a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from schemas.media import Value
from schemas.phrases import stand_apart
from schemas.templates import DEFAULT_TEMPLATE, CaptionTemplate, Font, Shape, template_named
from schemas.text import capitals
from streams.render.bidi import base_level, levels, visual
from streams.render.breaks import Measure, partitions, shortened
from streams.render.clear import clear_of, is_tall
from streams.render.fontfiles import Face, face_of
from streams.render.shaping import Shaped, levels_of, runs_left, shaped

CAPITALS = 0.73
"""How high capitals are, of the font size."""
UP, DOWN = CAPITALS + 0.05, 0.21
"""How far letters of Europe go above and below their line, of the font size; marks on capitals set aside."""
LEADING = 0.12
"""What stays free between lines whose letters are higher than those, of the font size."""


class CaptionLook(Value, frozen=True, kw_only=True):
    """A template on one picture size. All lengths in px of the output picture."""

    template: CaptionTemplate
    width_px: int
    height_px: int
    font_px: int
    centre_y_px: int
    max_line_px: int
    max_lines: int = 2
    align: Literal["left", "centre"] = "centre"
    left_px: int | None = None
    """Where lines begin; None: as far from the left as they end from the right."""
    line_height: float = 1.14
    """Of the font size."""
    word_space: float = 0.3
    """Of the font size."""
    smallest_font_px: int = 18
    doubtful: bool = False
    """Whether the words shown are not trusted."""
    speaker: str | None = None
    own_fonts: dict[Font, str] = {}
    """Paths of an organisation's own fonts, by the roles that they take."""
    language: str | None = None
    """Which forms of a letter are drawn where languages differ, and at which side a line of both directions begins."""

    @property
    def line_px(self) -> tuple[float, float]:
        """From where to where the longest line goes."""
        left = (self.width_px - self.max_line_px) / 2 if self.left_px is None else self.left_px
        return left, left + self.max_line_px

    @property
    def face(self) -> Face:
        """The fonts of its letters."""
        role = self.template.letters.font
        return face_of(role, self.own_fonts.get(role))

    def measure(self, text: str, size_px: int) -> float:
        """Width in px of a text in the template's font."""
        return self.shaped(text, levels_of(text)).width * size_px

    def shaped(self, text: str, directions: tuple[int, ...]) -> Shaped:
        """A text's glyphs in the template's font; ``directions`` as `PlacedWord.levels`."""
        return shaped(text, self.face, self.language, directions)

    def shown(self, text: str) -> str:
        """A word as the template writes it."""
        return capitals(text, self.language) if self.template.letters.case == "upper" else text


class PlacedWord(Value, frozen=True, kw_only=True):
    """A word's left edge and baseline, and its width at the cue's font size."""

    text: str
    x_px: float
    baseline_px: float
    width_px: float
    levels: tuple[int, ...] = ()
    """In which direction each of its signs runs; none: all to the right."""


class PlacedCue(Value, frozen=True, kw_only=True):
    """One cue laid out; the layout never depends on which word is spoken."""

    font_px: int
    words: list[PlacedWord]
    backwards: bool = False
    """Whether its lines begin at the right."""
    up: float = UP
    down: float = DOWN
    """How far its letters go above and below their lines, of the font size."""


class Reach(NamedTuple):
    """How far letters go above and below their line, and where the middle of a line is, of the font size."""

    up: float = UP
    down: float = DOWN
    middle: float = CAPITALS / 2


def look_for(
    width_px: int, height_px: int, template: CaptionTemplate | None = None, language: str | None = None
) -> CaptionLook:
    """The look of a template, else of the default one, for an output size."""
    template = template or template_named(DEFAULT_TEMPLATE)
    shape = shape_for(template, width_px, height_px)
    return CaptionLook(
        template=template,
        width_px=width_px,
        height_px=height_px,
        font_px=round(shape.font * width_px),
        centre_y_px=round(shape.y * height_px),
        max_line_px=round(shape.width * width_px),
        max_lines=template.wrap.max_lines,
        align=shape.align,
        left_px=None if shape.left is None else round(shape.left * width_px),
        language=language,
    )


def shape_for(template: CaptionTemplate, width_px: int, height_px: int) -> Shape:
    """Which of a template's shapes a picture has."""
    if is_tall(width_px, height_px):
        return template.shapes.tall
    return template.shapes.wide if width_px > height_px else template.shapes.square


def fits(texts: Sequence[str], look: CaptionLook, measure: Measure) -> bool:
    """Whether the words fit the look's lines at its full font size."""
    return wrapped(texts, look, look.font_px, measure) is not None


def place(texts: Sequence[str], look: CaptionLook, measure: Measure) -> PlacedCue:
    """Lay a cue out. What does not fit at the full size is scaled down; what does not at the smallest is shortened."""
    font_px = look.font_px
    while (lines := wrapped(texts, look, font_px, measure)) is None and font_px > look.smallest_font_px:
        font_px = max(look.smallest_font_px, int(font_px * 0.94))
    if lines is None:
        short = [shortened(text, look.max_line_px / 2, font_px, measure) for text in texts]
        lines = wrapped(short, look, font_px, measure) or [short]
    base = base_level(" ".join(texts), look.language)
    reach = reach_of(texts, look)
    words = _lifted(_position(lines, look, font_px, measure, base=base, reach=reach), look, font_px, reach)
    return PlacedCue(font_px=font_px, words=words, backwards=bool(base), up=reach.up, down=reach.down)


def _lifted(words: list[PlacedWord], look: CaptionLook, font_px: int, reach: Reach) -> list[PlacedWord]:
    """The words, higher where the lowest line would else leave the clear area: high scripts may need it."""
    letters, area = look.template.letters, clear_of(look.width_px, look.height_px)
    paddings = [plate.padding_y for plate in (letters.plate, look.template.highlight.plate) if plate]
    below = max([letters.stroke.width if letters.stroke else 0.0, *paddings])
    lowest = max((word.baseline_px for word in words), default=0.0) + (reach.down + below) * font_px
    over = math.ceil(lowest - area.y - area.height)
    if over <= 0 or reach == Reach():
        return words
    return [msgspec.structs.replace(word, baseline_px=word.baseline_px - over) for word in words]


def reach_of(texts: Sequence[str], look: CaptionLook) -> Reach:
    """How high the lines of a cue must be: other scripts than Europe's are higher, and have marks above and below."""
    words = [look.shaped(text, levels_of(text)) for text in texts]
    others = [word for word in words if word.usual]
    if not others:
        return Reach()
    up = max(max(word.up, word.usual[0]) for word in others if word.usual)
    down = max(max(word.down, word.usual[1]) for word in others if word.usual)
    return Reach(up, down, (up - down) / 2)


def _line_width(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> float:
    return sum(measure(text, font_px) for text in texts) + sum(_spaces(texts, look, font_px))


def _spaces(texts: Sequence[str], look: CaptionLook, font_px: int) -> list[float]:
    """Between each word and the next; none where a script writes none."""
    return [look.word_space * font_px * stand_apart(one, other) for one, other in pairwise(texts)]


def wrapped(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> list[list[str]] | None:
    """The fewest lines that hold the words, of those the most even; None when there is no such wrapping."""
    for count in range(1, look.max_lines + 1):
        choices = [
            (max(_line_width(line, look, font_px, measure) for line in lines), lines)
            for lines in partitions(list(texts), count)
        ]
        fitting = [choice for choice in choices if choice[0] <= look.max_line_px]
        if fitting:
            return min(fitting)[1]
    return None


def _position(
    lines: Sequence[Sequence[str]], look: CaptionLook, font_px: int, measure: Measure, *, base: int, reach: Reach
) -> list[PlacedWord]:
    """Each line centred, or from the side where it begins; the middle of the block on ``centre_y_px``."""
    step = max(look.line_height, reach.up + reach.down + LEADING) * font_px
    first_baseline = look.centre_y_px + reach.middle * font_px - step * (len(lines) - 1) / 2
    words = []
    for number, line in enumerate(lines):
        total = _line_width(line, look, font_px, measure)
        left = (look.width_px - total) / 2
        if look.align == "left":
            left = look.line_px[1] - total if base else look.line_px[0]
        baseline = first_baseline + number * step
        words += _in_order(line, left, baseline, base, look=look, font_px=font_px, measure=measure)
    return words


def _in_order(
    line: Sequence[str], left: float, baseline: float, base: int, *, look: CaptionLook, font_px: int, measure: Measure
) -> list[PlacedWord]:
    """The words of a line as they are said, each where it is read."""
    directions, between = _directions(line, base)
    order = _order([min(one, default=0) for one in directions], between)
    spaces = _spaces(line, look, font_px)
    found: dict[int, PlacedWord] = {}
    for place, number in enumerate(order):
        width = measure(line[number], font_px)
        found[number] = PlacedWord(
            text=line[number], x_px=left, baseline_px=baseline, width_px=width, levels=directions[number]
        )
        left += width
        if place + 1 < len(order):
            left += spaces[min(number, order[place + 1])]
    return [found[number] for number in range(len(line))]


def _order(words: Sequence[int], between: Sequence[int]) -> list[int]:
    """Which word stands first from the left, which second …: the spaces between them have levels of their own, and
    part two numbers that are said one after the other.
    """
    mixed = [level for pair in zip(words, [*between, 0], strict=True) for level in pair][:-1]
    return [place // 2 for place in visual(mixed) if place % 2 == 0]


def _directions(line: Sequence[str], base: int) -> tuple[list[tuple[int, ...]], list[int]]:
    """The levels of each word's signs, and of the spaces between the words, worked out over the whole line."""
    whole = " ".join(line)
    if not base and not runs_left(whole):
        return [()] * len(line), [0] * (len(line) - 1)
    found, at = levels(whole, base), 0
    directions, between = list[tuple[int, ...]](), list[int]()
    for text in line:
        directions.append(tuple(found[at : at + len(text)]))
        at += len(text) + 1
        between.append(found[at - 1] if at <= len(found) else base)
    return directions, between[:-1]
