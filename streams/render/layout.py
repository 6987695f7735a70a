"""Where each word of a cue stands: lines wrapped by measured width inside safe margins. Never draws a pixel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

from schemas.media import Value
from schemas.templates import DEFAULT_TEMPLATE, CaptionTemplate, Shape, template_named
from streams.render import typeface

CAPITALS = 0.73
"""How high capitals are, of the font size."""
ELLIPSIS = "…"
TALL = 1.5
"""Height of a width from which a picture fills a phone."""
Measure = Callable[[str, int], float]
"""Width in px of a text at a font size in px."""


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

    @property
    def line_px(self) -> tuple[float, float]:
        """From where to where the longest line goes."""
        left = (self.width_px - self.max_line_px) / 2 if self.left_px is None else self.left_px
        return left, left + self.max_line_px

    def measure(self, text: str, size_px: int) -> float:
        """Width in px of a text in the template's font."""
        return typeface.width_px(text, size_px, self.template.letters.font)

    def shown(self, text: str) -> str:
        """A word as the template writes it."""
        return text.upper() if self.template.letters.case == "upper" else text


class PlacedWord(Value, frozen=True, kw_only=True):
    """A word's left edge and baseline, and its width at the cue's font size."""

    text: str
    x_px: float
    baseline_px: float
    width_px: float


class PlacedCue(Value, frozen=True, kw_only=True):
    """One cue laid out; the layout never depends on which word is spoken."""

    font_px: int
    words: list[PlacedWord]


def look_for(width_px: int, height_px: int, template: CaptionTemplate | None = None) -> CaptionLook:
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
    )


def shape_for(template: CaptionTemplate, width_px: int, height_px: int) -> Shape:
    """Which of a template's shapes a picture has."""
    if is_tall(width_px, height_px):
        return template.shapes.tall
    return template.shapes.wide if width_px > height_px else template.shapes.square


def is_tall(width_px: int, height_px: int) -> bool:
    """Whether a picture fills a phone, where platforms lay their own signs over it; 4:5 stands in a feed, as 1:1."""
    return height_px >= TALL * width_px


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
    return PlacedCue(font_px=font_px, words=_position(lines, look, font_px, measure))


def shortened(text: str, most_px: float, font_px: int, measure: Measure) -> str:
    """The beginning of a word that is too long for any line, and a sign that it goes on."""
    if measure(text, font_px) <= most_px:
        return text
    length = len(text) - 1
    while length > 1 and measure(text[:length] + ELLIPSIS, font_px) > most_px:
        length -= 1
    return text[:length] + ELLIPSIS


def _line_width(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> float:
    return sum(measure(text, font_px) for text in texts) + look.word_space * font_px * (len(texts) - 1)


def wrapped(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> list[list[str]] | None:
    """The fewest lines that hold the words, of those the most even; None when there is no such wrapping."""
    for count in range(1, look.max_lines + 1):
        choices = [
            (max(_line_width(line, look, font_px, measure) for line in lines), lines)
            for lines in _partitions(list(texts), count)
        ]
        fitting = [choice for choice in choices if choice[0] <= look.max_line_px]
        if fitting:
            return min(fitting)[1]
    return None


def _partitions(texts: list[str], count: int) -> list[list[list[str]]]:
    """All ways to cut the words into ``count`` lines, none empty."""
    if count == 1:
        return [[texts]] if texts else []
    return [[texts[:cut], *rest] for cut in range(1, len(texts)) for rest in _partitions(texts[cut:], count - 1)]


def _position(lines: Sequence[Sequence[str]], look: CaptionLook, font_px: int, measure: Measure) -> list[PlacedWord]:
    """Each line centred, or from the left edge; capitals of the block centred on ``centre_y_px``."""
    step = look.line_height * font_px
    first_baseline = look.centre_y_px + CAPITALS / 2 * font_px - step * (len(lines) - 1) / 2
    words = []
    for number, line in enumerate(lines):
        widths = [measure(text, font_px) for text in line]
        space = look.word_space * font_px
        left = (look.width_px - sum(widths) - space * (len(line) - 1)) / 2
        left = look.line_px[0] if look.align == "left" else left
        lefts = [left, *(left + gone + space * (at + 1) for at, gone in enumerate(accumulate(widths)))]
        words += [
            PlacedWord(text=text, x_px=x, baseline_px=first_baseline + number * step, width_px=width)
            for text, x, width in zip(line, lefts, widths, strict=False)
        ]
    return words
