"""How words fall into lines, and how one ends that no line holds. Pure; measures by what it is given, draws nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from schemas.graphemes import clusters

ELLIPSIS = "…"
Measure = Callable[[str, int], float]
"""Width in px of a text at a font size in px."""


def shortened(text: str, most_px: float, font_px: int, measure: Measure) -> str:
    """The beginning of a word that is too long for any line, and a sign that it goes on."""
    if measure(text, font_px) <= most_px:
        return text
    signs = clusters(text)
    length = bisect_right(
        range(1, len(signs)), most_px, key=lambda count: measure("".join(signs[:count]) + ELLIPSIS, font_px)
    )
    return "".join(signs[: max(1, length)]) + ELLIPSIS


def partitions(texts: list[str], count: int) -> list[list[list[str]]]:
    """All ways to cut the words into ``count`` lines, none empty."""
    if count == 1:
        return [[texts]] if texts else []
    return [[texts[:cut], *rest] for cut in range(1, len(texts)) for rest in partitions(texts[cut:], count - 1)]
