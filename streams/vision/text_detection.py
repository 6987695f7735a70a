"""Where lines of letters stand in a small grey picture: upright strokes side by side in a row. Pure; reads no word.

Strokes are what is narrow and lighter, or darker, than all beside it. A line of letters is a row of many of them, near
each other, over a few pixels of height, on an even ground, calm above and below. Leaves, hair and crowds are no row.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import Box

UInt8 = NDArray[np.uint8]
Bools = NDArray[np.bool_]

SCALES = (1, 2, 4)
"""Larger letters are looked for in the picture made half and a quarter so large."""
WIDEST = 8
"""Pixels of a stroke, at most; a power of two."""
CONTRAST = 44
"""Levels of luma between a stroke and what is beside it."""
GAP = 14
"""Pixels from a stroke to the next, at most."""
LEAST_STROKES = 6
LEAST_HIGH, MOST_HIGH = 5, 20
LEAST_WIDE = 2.5
"""Times the height."""
DENSE = 1.05
"""Strokes in a width as large as the height, at least."""
CALM = 0.3
"""Strokes just above and below, in shares of those of the line."""
INK = 0.2, 0.68
HALF = 0.5
"""Of the smaller of two boxes that are parts of one line."""
EVEN = 90
"""Levels between most of what is behind a line."""


class Run(msgspec.Struct, frozen=True):
    """Strokes side by side in one row of pixels."""

    row: int
    left: int
    right: int
    strokes: int


def find_lines(grey: UInt8) -> list[Box]:
    """Boxes of lines of letters, in pixels of the picture (h, w); each once."""
    found: list[Box] = []
    for scale in SCALES:
        small = shrunk(grey, scale)
        if min(small.shape) < 4 * LEAST_HIGH:
            continue
        for line in _lines(small):
            box = Box(x=line.x * scale, y=line.y * scale, width=line.width * scale, height=line.height * scale)
            while part := next((other for other in found if _is_one(box, other)), None):
                found.remove(part)
                box = _around(box, part)
            found.append(box)
    return found


def shrunk(grey: UInt8, scale: int) -> UInt8:
    """The picture in means of ``scale`` x ``scale`` pixels."""
    if scale == 1:
        return grey
    high, wide = grey.shape[0] // scale, grey.shape[1] // scale
    cut = grey[: high * scale, : wide * scale].reshape(high, scale, wide, scale)
    result: UInt8 = cut.mean(axis=(1, 3), dtype=np.float32).astype(np.uint8)
    return result


def _lines(grey: UInt8) -> list[Box]:
    found: list[Box] = []
    for picture in (grey, 255 - grey):  # light strokes, then dark ones
        ground = _opened(picture)
        ink = picture - ground >= CONTRAST
        starts = ink[:, 1:] & ~ink[:, :-1]
        for block in _blocks(_runs(starts)):
            box = _line(block, ground, ink, starts)
            if box is not None:
                found.append(box)
    return found


def _opened(picture: UInt8) -> UInt8:
    """The picture without what is lighter than all beside it and narrower than `WIDEST`."""
    low = np.pad(picture, ((0, 0), (WIDEST, WIDEST)), mode="edge")
    step = 1
    while step < WIDEST:
        low = np.minimum(low[:, step:], low[:, :-step])
        step *= 2
    step = 1
    while step < WIDEST:
        low = np.maximum(low[:, step:], low[:, :-step])
        step *= 2
    side = (low.shape[1] - picture.shape[1]) // 2
    result: UInt8 = np.minimum(low[:, side : side + picture.shape[1]], picture)
    return result


def _runs(starts: Bools) -> list[Run]:
    rows, columns = np.nonzero(starts)
    if not len(rows):
        return []
    breaks = np.flatnonzero((np.diff(rows) != 0) | (np.diff(columns) > GAP)) + 1
    firsts, ends = np.r_[0, breaks], np.r_[breaks, len(rows)]
    long = ends - firsts >= LEAST_STROKES
    return [
        Run(int(rows[one]), int(columns[one]), int(columns[other - 1]) + WIDEST // 2, int(other - one))
        for one, other in zip(firsts[long], ends[long], strict=True)
    ]


def _blocks(runs: list[Run]) -> list[list[Run]]:
    """Runs that stand on each other, row by row; a row may be missing."""
    growing: list[list[Run]] = []
    done: list[list[Run]] = []
    for run in runs:
        done += [block for block in growing if block[-1].row < run.row - 2]
        growing = [block for block in growing if block[-1].row >= run.row - 2]
        near = next((block for block in growing if any(_shared(one, run) > 0.5 for one in block[-2:])), None)
        if near is None:
            growing.append([run])
        else:
            near.append(run)
    return done + growing


def _shared(one: Run, other: Run) -> float:
    both = min(one.right, other.right) - max(one.left, other.left)
    return both / max(1, min(one.right - one.left, other.right - other.left))


def _line(block: list[Run], ground: UInt8, ink: Bools, starts: Bools) -> Box | None:
    """The line that a block of runs is; None where it is none."""
    top, bottom = block[0].row, block[-1].row + 1
    left, right = (
        round(np.percentile([getattr(run, side) for run in block], at)) for side, at in (("left", 15), ("right", 85))
    )
    high, wide = bottom - top, right - left
    if not LEAST_HIGH <= high <= MOST_HIGH or wide < LEAST_WIDE * high:
        return None
    across = slice(left, right)
    strokes = starts[top:bottom, across].sum(axis=1)
    usual = float(np.median(strokes))
    if usual * high < DENSE * wide:
        return None
    for beside in (starts[max(0, top - 3) : max(0, top - 1), across], starts[bottom + 1 : bottom + 3, across]):
        if beside.size and beside.sum(axis=1).mean() > CALM * usual:
            return None
    inside = ink[top:bottom, across]
    if not INK[0] <= inside.mean() <= INK[1]:
        return None
    if np.subtract(*np.percentile(ground[top:bottom, across], (80, 20))) > EVEN:
        return None
    return Box(x=left, y=top, width=wide, height=high)


def _is_one(box: Box, other: Box) -> bool:
    """Whether two boxes are one line: on each other, or side by side in one row."""
    across = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    down = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    low, high = sorted((box.height, other.height))
    over = across > 0 and across * down > HALF * min(box.width * box.height, other.width * other.height)
    return down > HALF * low and (over or (across > -high and high < 2 * low))


def _around(box: Box, other: Box) -> Box:
    x, y = min(box.x, other.x), min(box.y, other.y)
    right, bottom = max(box.x + box.width, other.x + other.width), max(box.y + box.height, other.y + other.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)
