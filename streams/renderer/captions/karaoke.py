"""The spoken part of a word as ranges of its width, in reading order. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from core.domain.time_ranges import merge_intervals
from streams.renderer.typography.shaping import ShapedWord

MAX_TOUCHING_GAP_RATIO = 1e-6
"""Gap in font sizes below which two ranges touch: what rounding leaves between neighbours."""


class WidthRange(NamedTuple):
    """A range in shares of the font size from the word's left end; outlines reach beyond both ends."""

    left: float
    right: float


def spoken_ranges(word: ShapedWord, steps_done: int, steps: int, *, by_sign: bool) -> list[WidthRange]:
    """Ranges spoken after ``steps_done`` of ``steps``: whole clusters, or an even share of the width.

    A right-to-left word fills from the right, and a word of both directions part by part, as it is read.
    """
    parts, left_over = list[WidthRange](), word.width * steps_done / steps
    for number, sign in enumerate(word.clusters):
        share = sign.right - sign.left
        if not by_sign:
            share = min(share, left_over)
            left_over -= share
        elif number >= steps_done:
            break
        if share > 0:
            parts.append(
                WidthRange(sign.right - share, sign.right)
                if sign.backwards
                else WidthRange(sign.left, sign.left + share)
            )
    return [
        _extend_to_edges(WidthRange(*interval), word.width)
        for interval in merge_intervals(parts, MAX_TOUCHING_GAP_RATIO)
    ]


def _extend_to_edges(span: WidthRange, width: float) -> WidthRange:
    left = -math.inf if span.left <= MAX_TOUCHING_GAP_RATIO else span.left
    return WidthRange(left, math.inf if span.right >= width - MAX_TOUCHING_GAP_RATIO else span.right)


def complement_ranges(spans: Sequence[WidthRange]) -> list[WidthRange]:
    """The ranges between and around the given ones."""
    edges = [-math.inf, *(edge for span in spans for edge in span), math.inf]
    gaps = [WidthRange(left, right) for left, right in zip(edges[::2], edges[1::2], strict=True)]
    return [gap for gap in gaps if gap.left < gap.right]
