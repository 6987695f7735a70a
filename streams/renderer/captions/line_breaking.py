"""Breaks words into lines by measured width, and truncates words longer than a line."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from core.domain.text.graphemes import clusters
from core.domain.text.unspaced_scripts import stand_apart
from streams.renderer.captions.look import CaptionLook

ELLIPSIS = "…"
Measure = Callable[[str, int], float]
"""Width in px of a text at a font size in px."""


def truncate_word(text: str, max_px: float, font_px: int, measure: Measure) -> str:
    """Shorten a word to a width, with an ellipsis."""
    if measure(text, font_px) <= max_px:
        return text
    signs = clusters(text)
    length = bisect_right(
        range(1, len(signs)), max_px, key=lambda count: measure("".join(signs[:count]) + ELLIPSIS, font_px)
    )
    return "".join(signs[: max(1, length)]) + ELLIPSIS


def line_partitions(texts: list[str], count: int) -> list[list[list[str]]]:
    """All ways to split the words into ``count`` non-empty lines."""
    if count == 1:
        return [[texts]] if texts else []
    return [[texts[:cut], *rest] for cut in range(1, len(texts)) for rest in line_partitions(texts[cut:], count - 1)]


def fits_lines(texts: Sequence[str], look: CaptionLook, measure: Measure) -> bool:
    """Whether the words fit the look's lines at full size."""
    return wrap_lines(texts, look, look.font_px, measure) is not None


def line_width(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> float:
    """Width of a line in px, with the spaces between its words."""
    return sum(measure(text, font_px) for text in texts) + sum(word_spaces(texts, look, font_px))


def word_spaces(texts: Sequence[str], look: CaptionLook, font_px: int) -> list[float]:
    """Space after each word but the last; none in scripts without spaces."""
    return [look.word_space * font_px * stand_apart(text, following) for text, following in pairwise(texts)]


def wrap_lines(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> list[list[str]] | None:
    """Wrap into the fewest lines, as evenly as possible; None where the words do not fit."""
    for count in range(1, look.max_lines + 1):
        choices = [
            (max(line_width(line, look, font_px, measure) for line in lines), lines)
            for lines in line_partitions(list(texts), count)
        ]
        fitting = [choice for choice in choices if choice[0] <= look.max_line_px]
        if fitting:
            return min(fitting)[1]
    return None
