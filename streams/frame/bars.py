"""Black bars beside or above and below a picture, found from its brightness. Pure; crops nothing.

Bars come in pairs of like size, are black in every look, and end at once: a dark room does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.media import CropBox

LOOK_WIDE = 1_280
"""Pictures are looked at at most so wide."""
STRIDE = 3
BLACK = 28
"""Brightest point of a bar, 0..255: black that was squeezed is never all black."""
PICTURE = 44
"""Beside a bar the picture is at least so bright somewhere, in a few of its lines."""
EDGE_LINES = 4
LEAST = 0.015
"""Of the side: thinner ones are an edge that a camera left."""
MOST = 0.8
"""Of the side, both bars together: more is a dark picture."""
ALIKE = 0.25
"""How far two bars of a pair may differ, in shares of the wider one."""


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """The brightest point of each line of one picture, along y (``rows``) and along x (``columns``)."""

    rows: NDArray[np.uint8]
    columns: NDArray[np.uint8]


def measure_lines(grey: NDArray[np.uint8]) -> Lines:
    """Of a picture's brightness, shape (h, w)."""
    return Lines(rows=grey[:, ::STRIDE].max(axis=1), columns=grey[::STRIDE].max(axis=0))


def content_of(looks: Sequence[Lines], width: int, height: int) -> CropBox | None:
    """The part of a display picture inside of its bars, even; None where it has none."""
    if not looks:
        return None
    rows = np.max([look.rows for look in looks], axis=0)
    columns = np.max([look.columns for look in looks], axis=0)
    x, wide = _inside(columns, width)
    y, high = _inside(rows, height)
    if (wide, high) == (width, height):
        return None
    return CropBox(x=x, y=y, width=wide, height=high)


def _inside(brightest: NDArray[np.uint8], length: int) -> tuple[int, int]:
    """Start and length of what lies between two bars along one axis, in display pixels; all of it without bars."""
    count, light = len(brightest), np.flatnonzero(brightest > BLACK)
    if not len(light):
        return 0, length
    before, after = int(light[0]), count - 1 - int(light[-1])
    pair = min(before, after) >= LEAST * count and before + after <= MOST * count
    alike = abs(before - after) <= max(EDGE_LINES, ALIKE * max(before, after))
    ends = brightest[before : before + EDGE_LINES].max(), brightest[: count - after][-EDGE_LINES:].max()
    if not (pair and alike and min(ends) >= PICTURE):
        return 0, length
    scale = length / count
    first, last = 2 * ceil((before + 1) * scale / 2), 2 * floor((count - after - 1) * scale / 2)
    return first, last - first
