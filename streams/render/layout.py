"""Where each word of a cue stands: lines wrapped by measured width inside safe margins. Never draws a pixel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from schemas.media import Value

Measure = Callable[[str, int], float]
"""Width in px of a text at a font size in px."""


class CaptionLook(Value, frozen=True, kw_only=True):
    """How captions look on one picture size. All lengths in px of the output picture."""

    width_px: int
    height_px: int
    font_px: int
    centre_y_px: int
    max_line_px: int
    max_lines: int = 2
    line_height: float = 1.14
    """Of the font size."""
    word_space: float = 0.3
    """Of the font size."""
    outline: float = 0.085
    """Of the font size, on each side of a stroke."""
    emphasis: float = 1.06
    """How much the spoken word grows around its own middle; no other word moves for it."""
    smallest_font_px: int = 18
    fill: tuple[int, int, int] = (255, 255, 255)
    accent: tuple[int, int, int] = (255, 221, 51)
    outline_colour: tuple[int, int, int] = (12, 12, 14)
    doubtful_fill: tuple[int, int, int] = (176, 176, 180)
    doubtful_accent: tuple[int, int, int] = (206, 186, 92)
    """Of words that are not trusted."""


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


def look_for(width_px: int, height_px: int) -> CaptionLook:
    """The look for an output size.

    Tall pictures: platforms lay their own text over the lowest fifth and buttons over the right edge, so the block
    stands at three quarters of the height and keeps 7 % free on each side. Others stand where subtitles are expected.
    """
    if height_px > width_px:
        font, centre, line = 0.083 * width_px, 0.735, 0.86
    elif height_px == width_px:
        font, centre, line = 0.068 * width_px, 0.83, 0.86
    else:
        font, centre, line = 0.037 * width_px, 0.86, 0.72
    return CaptionLook(
        width_px=width_px,
        height_px=height_px,
        font_px=round(font),
        centre_y_px=round(centre * height_px),
        max_line_px=round(line * width_px),
    )


def fits(texts: Sequence[str], look: CaptionLook, measure: Measure) -> bool:
    """Whether the words fit the look's lines at its full font size."""
    return wrapped(texts, look, look.font_px, measure) is not None


def place(texts: Sequence[str], look: CaptionLook, measure: Measure) -> PlacedCue:
    """Lay a cue out. What does not fit at the full size is scaled down until it does."""
    font_px = look.font_px
    while (lines := wrapped(texts, look, font_px, measure)) is None and font_px > look.smallest_font_px:
        font_px = max(look.smallest_font_px, int(font_px * 0.94))
    return PlacedCue(font_px=font_px, words=_position(lines or [list(texts)], look, font_px, measure))


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
    """Each line centred; capitals of the block centred on ``centre_y_px`` (they are 0.73 of the font size high)."""
    step = look.line_height * font_px
    first_baseline = look.centre_y_px + 0.365 * font_px - step * (len(lines) - 1) / 2
    words = []
    for number, line in enumerate(lines):
        widths = [measure(text, font_px) for text in line]
        space = look.word_space * font_px
        left = (look.width_px - sum(widths) - space * (len(line) - 1)) / 2
        lefts = [left, *(left + gone + space * (at + 1) for at, gone in enumerate(accumulate(widths)))]
        words += [
            PlacedWord(text=text, x_px=x, baseline_px=first_baseline + number * step, width_px=width)
            for text, x, width in zip(line, lefts, widths, strict=False)
        ]
    return words
