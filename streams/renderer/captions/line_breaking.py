"""Breaks words into lines by measured width, and truncates words longer than a line."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
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


def fits_lines(texts: Sequence[str], look: CaptionLook, measure: Measure) -> bool:
    """Whether the words fit the look's lines at full size."""
    return 0 < _count_lines(texts, look, look.font_px, measure) <= look.max_lines


def _count_lines(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> int:
    """The fewest lines that hold the words; 0 without words, or where one is longer than a line."""
    count, first = 0, 0
    while first < len(texts):
        end = first
        while end < len(texts) and line_width(texts[first : end + 1], look, font_px, measure) <= look.max_line_px:
            end += 1
        if end == first:
            return 0
        count, first = count + 1, end
    return count


def line_width(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> float:
    """Width of a line in px, with the spaces between its words."""
    return sum(measure(text, font_px) for text in texts) + sum(word_spaces(texts, look, font_px))


def word_spaces(texts: Sequence[str], look: CaptionLook, font_px: int) -> list[float]:
    """Space after each word but the last; none in scripts without spaces."""
    return [look.word_space * font_px * stand_apart(text, following) for text, following in pairwise(texts)]


def wrap_lines(texts: Sequence[str], look: CaptionLook, font_px: int, measure: Measure) -> list[list[str]] | None:
    """Wrap into the fewest lines, as evenly as possible; None where the words do not fit."""
    count = _count_lines(texts, look, font_px, measure)
    if not 0 < count <= look.max_lines:
        return None
    total = len(texts)
    widths = {
        (first, end): line_width(texts[first:end], look, font_px, measure)
        for first in range(total)
        for end in range(first + 1, total + 1)
    }
    # widest[lines][first]: width of the widest line where the words from ``first`` on are wrapped best
    widest: list[list[float]] = [[math.inf] * total + [0.0]]
    for _ in range(count):
        behind = widest[-1]
        widest.append(
            [min(max(widths[first, end], behind[end]) for end in range(first + 1, total + 1)) for first in range(total)]
            + [math.inf]
        )
    limit_px = widest[count][0]
    if look.template.wrap.cue == "sentence":
        return _wrap_evenly(texts, widths, count, limit_px)
    lines, first = list[list[str]](), 0
    for left in range(count - 1, -1, -1):
        end = next(end for end in range(first + 1, total + 1) if max(widths[first, end], widest[left][end]) <= limit_px)
        lines.append(list(texts[first:end]))
        first = end
    return lines


def _wrap_evenly(
    texts: Sequence[str], widths: Mapping[tuple[int, int], float], count: int, limit_px: float
) -> list[list[str]]:
    """Wrap into ``count`` lines no wider than the limit, with the least squares of their widths."""
    total = len(texts)
    # best[first]: squares and cuts where the words from ``first`` on are wrapped best into the lines so far
    best: dict[int, tuple[float, tuple[int, ...]]] = {total: (0.0, (total,))}
    for _ in range(count):
        options: dict[int, list[tuple[float, tuple[int, ...]]]] = {}
        for end, (squares, cuts) in best.items():
            for first in range(end):
                if widths[first, end] <= limit_px:
                    options.setdefault(first, []).append((squares + widths[first, end] ** 2, (first, *cuts)))
        best = {first: min(choices) for first, choices in options.items()}
    return [list(texts[first:end]) for first, end in pairwise(best[0][1])]
