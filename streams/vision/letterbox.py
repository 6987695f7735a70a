"""Finds the content area inside black bars (letterbox, pillarbox) from the luma of a few frames. Pure.

Bars come in pairs of similar size, are black in every sample, and end sharply along their whole edge. A dark room, or a
logo on black, does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import CropBox

SAMPLE_MAX_WIDTH_PX = 1_280
"""Largest width of a sampled frame."""
STRIDE_PX = 3
"""Distance of the points that are read along a line."""
BLACK_MAX_LEVEL = 28
"""Brightest point of a bar, 0..255: compressed black is not quite black."""
CONTENT_MIN_LEVEL = 44
"""Least brightness of some point in the content's outermost ``EDGE_LINES`` lines."""
EDGE_LINES = 4
"""Lines at the content's edge that are examined."""
LIT_MIN_PERCENT = 35
"""Least share of an outermost content line that is not black in some sample; a sign on black has no such line."""
MIN_BAR_RATIO = 0.015
"""Least width of a bar, of the side: a thinner one is an edge that a camera left."""
MAX_BARS_RATIO = 0.8
"""Largest width of both bars together, of the side: more is a dark frame."""
MAX_BAR_DIFFERENCE_RATIO = 0.25
"""Largest difference of a pair's bars, as a share of the wider one."""


class LineBrightness(msgspec.Struct, frozen=True, kw_only=True):
    """The brightest point of each row and column of one frame, and how many of its points are not black.

    ``lit_rows``, ``lit_columns``: percent of the line's points.
    """

    rows: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    lit_rows: NDArray[np.uint8]
    lit_columns: NDArray[np.uint8]


def measure_lines(grey: NDArray[np.uint8]) -> LineBrightness:
    """Measure every row and column of a frame's luma, shape (h, w)."""
    across, down = grey[:, ::STRIDE_PX], grey[::STRIDE_PX]
    return LineBrightness(
        rows=across.max(axis=1),
        columns=down.max(axis=0),
        lit_rows=(100 * (across > BLACK_MAX_LEVEL).mean(axis=1)).astype(np.uint8),
        lit_columns=(100 * (down > BLACK_MAX_LEVEL).mean(axis=0)).astype(np.uint8),
    )


def find_content_area(looks: Sequence[LineBrightness], width: int, height: int) -> CropBox | None:
    """Return the display frame's content area, with even sides; None if it has no bars."""
    if not looks:
        return None
    rows, columns, lit_rows, lit_columns = (
        np.max([getattr(look, name) for look in looks], axis=0) for name in LineBrightness.__struct_fields__
    )
    x, wide = _range_between_bars(columns, lit_columns, width)
    y, high = _range_between_bars(rows, lit_rows, height)
    if (wide, high) == (width, height):
        return None
    return CropBox(x=x, y=y, width=wide, height=high)


def _range_between_bars(brightest: NDArray[np.uint8], lit: NDArray[np.uint8], length: int) -> tuple[int, int]:
    """Return start and length of the content along one axis, in display pixels; all without bars."""
    count, light = len(brightest), np.flatnonzero(brightest > BLACK_MAX_LEVEL)
    if not len(light):
        return 0, length
    before, after = int(light[0]), count - 1 - int(light[-1])
    pair = min(before, after) >= MIN_BAR_RATIO * count and before + after <= MAX_BARS_RATIO * count
    similar = abs(before - after) <= max(EDGE_LINES, MAX_BAR_DIFFERENCE_RATIO * max(before, after))
    ends = slice(before, before + EDGE_LINES), slice(max(0, count - after - EDGE_LINES), count - after)
    sharp = all(brightest[end].max() >= CONTENT_MIN_LEVEL and lit[end].max() >= LIT_MIN_PERCENT for end in ends)
    if not (pair and similar and sharp):
        return 0, length
    scale = length / count
    first, last = 2 * ceil((before + 1) * scale / 2), 2 * floor((count - after - 1) * scale / 2)
    return first, last - first
