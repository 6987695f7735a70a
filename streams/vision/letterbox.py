"""Black bars beside or above and below a picture, found from its brightness. Pure; crops nothing.

Bars come in pairs of like size, are black in every look, and end at once, all along: a dark room does not, nor a logo.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import CropBox

LOOK_WIDE = 1_280
"""Pictures are looked at at most so wide."""
STRIDE = 3
BLACK = 28
"""Brightest point of a bar, 0..255: black that was squeezed is never all black."""
PICTURE = 44
"""Beside a bar the picture is at least so bright somewhere, in a few of its lines."""
EDGE_LINES = 4
LIT = 35
"""Percent of the picture's outermost lines that is no black in some look: a sign on a black card has no such lines."""
LEAST = 0.015
"""Of the side: thinner ones are an edge that a camera left."""
MOST = 0.8
"""Of the side, both bars together: more is a dark picture."""
ALIKE = 0.25
"""How far two bars of a pair may differ, in shares of the wider one."""


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Of each line of one picture, along y (``rows``) and along x (``columns``): its brightest point, and the share of
    its points, in percent, that are no black.
    """

    rows: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    lit_rows: NDArray[np.uint8]
    lit_columns: NDArray[np.uint8]


def measure_lines(grey: NDArray[np.uint8]) -> Lines:
    """Of a picture's brightness, shape (h, w)."""
    across, down = grey[:, ::STRIDE], grey[::STRIDE]
    return Lines(
        rows=across.max(axis=1),
        columns=down.max(axis=0),
        lit_rows=(100 * (across > BLACK).mean(axis=1)).astype(np.uint8),
        lit_columns=(100 * (down > BLACK).mean(axis=0)).astype(np.uint8),
    )


def content_of(looks: Sequence[Lines], width: int, height: int) -> CropBox | None:
    """The part of a display picture inside of its bars, even; None where it has none."""
    if not looks:
        return None
    rows, columns, lit_rows, lit_columns = (
        np.max([getattr(look, name) for look in looks], axis=0) for name in Lines.__struct_fields__
    )
    x, wide = _inside(columns, lit_columns, width)
    y, high = _inside(rows, lit_rows, height)
    if (wide, high) == (width, height):
        return None
    return CropBox(x=x, y=y, width=wide, height=high)


def _inside(brightest: NDArray[np.uint8], lit: NDArray[np.uint8], length: int) -> tuple[int, int]:
    """Start and length of what lies between two bars along one axis, in display pixels; all of it without bars."""
    count, light = len(brightest), np.flatnonzero(brightest > BLACK)
    if not len(light):
        return 0, length
    before, after = int(light[0]), count - 1 - int(light[-1])
    pair = min(before, after) >= LEAST * count and before + after <= MOST * count
    alike = abs(before - after) <= max(EDGE_LINES, ALIKE * max(before, after))
    ends = slice(before, before + EDGE_LINES), slice(max(0, count - after - EDGE_LINES), count - after)
    sharp = all(brightest[end].max() >= PICTURE and lit[end].max() >= LIT for end in ends)
    if not (pair and alike and sharp):
        return 0, length
    scale = length / count
    first, last = 2 * ceil((before + 1) * scale / 2), 2 * floor((count - after - 1) * scale / 2)
    return first, last - first
