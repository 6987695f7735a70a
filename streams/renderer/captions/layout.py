"""Places the words of a cue: lines wrapped by measured width, inside safe margins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from schemas.common import Value
from streams.renderer.captions.line_breaking import Measure, line_width, truncate_word, word_spaces, wrap_lines
from streams.renderer.captions.look import CaptionLook
from streams.renderer.captions.safe_area import clear_area_of
from streams.renderer.typography.bidi import base_level, resolve_levels, visual_order
from streams.renderer.typography.shaping import has_right_to_left, text_levels

CAP_HEIGHT_RATIO = 0.73
"""Height of capitals, as a share of the font size."""
ASCENT_RATIO, DESCENT_RATIO = CAP_HEIGHT_RATIO + 0.05, 0.21
"""Reach of European letters above and below their line, of the font size, without marks on capitals."""
LEADING_RATIO = 0.12
"""Space between lines of scripts taller than Latin, as a share of the font size."""


class PlacedWord(Value, frozen=True, kw_only=True):
    """A word's left edge and baseline, and its width at the cue's font size."""

    text: str
    x_px: float
    baseline_px: float
    width_px: float
    levels: tuple[int, ...] = ()
    """Bidi level of each character; empty: all left to right."""


class PlacedCue(Value, frozen=True, kw_only=True):
    """A cue laid out; the layout does not depend on the spoken word."""

    font_px: int
    words: list[PlacedWord]
    backwards: bool = False
    """Whether its lines begin at the right."""
    up: float = ASCENT_RATIO
    down: float = DESCENT_RATIO
    """Reach of letters below their lines, as a share of the font size; ``up``: above."""


class LineReach(NamedTuple):
    """Reach of letters above and below their line, and the line's middle, as shares of the font size."""

    up: float = ASCENT_RATIO
    down: float = DESCENT_RATIO
    middle: float = CAP_HEIGHT_RATIO / 2


def lay_out_cue(texts: Sequence[str], look: CaptionLook, measure: Measure) -> PlacedCue:
    """Lay out a cue.

    What does not fit at full size is scaled down; at the smallest size words are truncated.
    """
    font_px = look.font_px
    while (lines := wrap_lines(texts, look, font_px, measure)) is None and font_px > look.smallest_font_px:
        font_px = max(look.smallest_font_px, int(font_px * 0.94))
    if lines is None:
        shortened = [truncate_word(text, look.max_line_px / 2, font_px, measure) for text in texts]
        lines = wrap_lines(shortened, look, font_px, measure) or [shortened]
    base = base_level(" ".join(texts), look.language)
    reach = line_reach(texts, look)
    words = _raise_into_clear_area(
        _place_lines(lines, look, font_px, measure, base=base, reach=reach), look, font_px, reach
    )
    return PlacedCue(font_px=font_px, words=words, backwards=bool(base), up=reach.up, down=reach.down)


def _raise_into_clear_area(
    words: list[PlacedWord], look: CaptionLook, font_px: int, reach: LineReach
) -> list[PlacedWord]:
    """Raise the words where tall scripts would leave the clear area."""
    letters, area = look.template.letters, clear_area_of(look.width_px, look.height_px)
    paddings = [plate.padding_y for plate in (letters.plate, look.template.highlight.plate) if plate]
    below = max([letters.stroke.width if letters.stroke else 0.0, *paddings])
    lowest = max((word.baseline_px for word in words), default=0.0) + (reach.down + below) * font_px
    excess_px = math.ceil(lowest - area.y - area.height)
    if excess_px <= 0 or reach == LineReach():
        return words
    return [msgspec.structs.replace(word, baseline_px=word.baseline_px - excess_px) for word in words]


def line_reach(texts: Sequence[str], look: CaptionLook) -> LineReach:
    """Reach of a cue's lines: many scripts are taller than Latin, with marks above and below."""
    words = [look.shape_word(text, text_levels(text)) for text in texts]
    tall_words = [word for word in words if word.script_reach]
    if not tall_words:
        return LineReach()
    up = max(max(word.up, word.script_reach[0]) for word in tall_words if word.script_reach)
    down = max(max(word.down, word.script_reach[1]) for word in tall_words if word.script_reach)
    return LineReach(up, down, (up - down) / 2)


def _place_lines(
    lines: Sequence[Sequence[str]], look: CaptionLook, font_px: int, measure: Measure, *, base: int, reach: LineReach
) -> list[PlacedWord]:
    """Centre each line, or align it to the side where it begins; the block's middle is ``centre_y_px``."""
    step = max(look.line_height, reach.up + reach.down + LEADING_RATIO) * font_px
    first_baseline = look.centre_y_px + reach.middle * font_px - step * (len(lines) - 1) / 2
    words = []
    for number, line in enumerate(lines):
        total = line_width(line, look, font_px, measure)
        left = (look.width_px - total) / 2
        if look.align == "left":
            left = look.line_px[1] - total if base else look.line_px[0]
        baseline = first_baseline + number * step
        words += _place_line(line, left, baseline, base, look=look, font_px=font_px, measure=measure)
    return words


def _place_line(
    line: Sequence[str], left: float, baseline: float, base: int, *, look: CaptionLook, font_px: int, measure: Measure
) -> list[PlacedWord]:
    """The words of a line in spoken order, each at its visual place."""
    directions, between = _word_levels(line, base)
    order = _visual_order([min(levels, default=0) for levels in directions], between)
    spaces = word_spaces(line, look, font_px)
    placed_words: dict[int, PlacedWord] = {}
    for place, number in enumerate(order):
        width = measure(line[number], font_px)
        placed_words[number] = PlacedWord(
            text=line[number], x_px=left, baseline_px=baseline, width_px=width, levels=directions[number]
        )
        left += width
        if place + 1 < len(order):
            left += spaces[min(number, order[place + 1])]
    return [placed_words[number] for number in range(len(line))]


def _visual_order(words: Sequence[int], between: Sequence[int]) -> list[int]:
    """Visual order of words: the spaces between them have levels too, and separate consecutive numbers."""
    mixed = [level for pair in zip(words, [*between, 0], strict=True) for level in pair][:-1]
    return [place // 2 for place in visual_order(mixed) if place % 2 == 0]


def _word_levels(line: Sequence[str], base: int) -> tuple[list[tuple[int, ...]], list[int]]:
    """Bidi levels of each word's characters and of the spaces, resolved over the whole line."""
    line_text = " ".join(line)
    if not base and not has_right_to_left(line_text):
        return [()] * len(line), [0] * (len(line) - 1)
    levels, at = resolve_levels(line_text, base), 0
    directions, between = list[tuple[int, ...]](), list[int]()
    for text in line:
        directions.append(tuple(levels[at : at + len(text)]))
        at += len(text) + 1
        between.append(levels[at - 1] if at <= len(levels) else base)
    return directions, between[:-1]
