"""How much of a word is said, as stretches of it: by signs, in the order they are read. Pure; draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from core.domain.time_ranges import merge_intervals
from streams.renderer.typography.shaping import Shaped

TOUCHING_EM = 1e-6
"""Gap, in font sizes, below which two spans touch: what rounding leaves between neighbours."""


class Span(NamedTuple):
    """From where to where, in shares of the font size from the word's left end; outlines stick out at both ends."""

    left: float
    right: float


def said_spans(word: Shaped, said: int, steps: int, *, by_sign: bool) -> list[Span]:
    """What is said of a word after ``said`` of ``steps``: whole signs, or an even share of its width.

    A word that is read from the right is said from the right; in one that runs both ways each part as it is read.
    """
    parts, left_over = list[Span](), word.width * said / steps
    for number, sign in enumerate(word.signs):
        share = sign.right - sign.left
        if not by_sign:
            share = min(share, left_over)
            left_over -= share
        elif number >= said:
            break
        if share > 0:
            parts.append(Span(sign.right - share, sign.right) if sign.backwards else Span(sign.left, sign.left + share))
    return [_to_the_ends(Span(*one), word.width) for one in merge_intervals(parts, TOUCHING_EM)]


def _to_the_ends(span: Span, width: float) -> Span:
    left = -math.inf if span.left <= TOUCHING_EM else span.left
    return Span(left, math.inf if span.right >= width - TOUCHING_EM else span.right)


def rest_of(spans: Sequence[Span]) -> list[Span]:
    """What is left between and around them."""
    edges = [-math.inf, *(edge for span in spans for edge in span), math.inf]
    found = [Span(left, right) for left, right in zip(edges[::2], edges[1::2], strict=True)]
    return [one for one in found if one.left < one.right]
