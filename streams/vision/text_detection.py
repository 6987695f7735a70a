"""Finds lines of text in a small grey frame, as rows of upright strokes; it does not read them. Pure.

A stroke is narrow, and lighter or darker than the points on both sides. A line of text is a row of many strokes close
to each other, a few pixels high, on an even background, with few strokes above and below. Leaves, hair and crowds form
no row.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.framing.boxes import hull, shared_sides
from schemas.common import Box

UInt8 = NDArray[np.uint8]
Bools = NDArray[np.bool_]

DOWNSCALE_FACTORS = (1, 2, 4)
"""Factors by which the frame is downscaled to find larger letters."""
MAX_STROKE_PX = 8
"""Largest width of a stroke; a power of two."""
MIN_STROKE_CONTRAST_LEVELS = 44
"""Least difference in luma between a stroke and its surroundings."""
MAX_STROKE_GAP_PX = 14
"""Largest distance from a stroke to the next."""
MIN_STROKES = 6
"""Least strokes of a run: about three letters."""
MIN_LETTER_HEIGHT_PX, MAX_LETTER_HEIGHT_PX = 5, 20
"""Height of a line at one scale."""
MIN_WIDTH_TO_HEIGHT = 2.5
"""Least width of a line, as a multiple of its height."""
MIN_STROKES_PER_HEIGHT = 1.05
"""Least strokes in a width that equals the height."""
MAX_STROKES_OUTSIDE_RATIO = 0.3
"""Largest number of strokes just above or below a line, as a share of the line's."""
INK_SHARE_BOUNDS = 0.2, 0.68
"""Least and greatest share of a line's box that strokes cover."""
MIN_LINE_OVERLAP_RATIO = 0.5
"""Least overlap of two boxes that are parts of one line, as a share of the smaller one."""
MAX_BACKGROUND_SPREAD_LEVELS = 90
"""Largest difference in luma between the 20th and 80th percentile of a line's background."""


class StrokeRun(msgspec.Struct, frozen=True):
    """Neighbouring strokes in one row of pixels; ``left`` and ``right`` are columns."""

    row: int
    left: int
    right: int
    strokes: int


def find_text_lines(grey: UInt8) -> list[Box]:
    """Return boxes of text lines in pixels of the frame (h, w); parts of one line are joined."""
    boxes: list[Box] = []
    for scale in DOWNSCALE_FACTORS:
        small = downscale(grey, scale)
        if min(small.shape) < 4 * MIN_LETTER_HEIGHT_PX:
            continue
        for line in _find_lines_at_scale(small):
            box = Box(x=line.x * scale, y=line.y * scale, width=line.width * scale, height=line.height * scale)
            while part := next((candidate for candidate in boxes if _is_same_line(box, candidate)), None):
                boxes.remove(part)
                box = hull([box, part])
            boxes.append(box)
    return boxes


def downscale(grey: UInt8, scale: int) -> UInt8:
    """Return the frame in means of ``scale`` × ``scale`` pixels."""
    if scale == 1:
        return grey
    high, wide = grey.shape[0] // scale, grey.shape[1] // scale
    cut = grey[: high * scale, : wide * scale].reshape(high, scale, wide, scale)
    result: UInt8 = cut.mean(axis=(1, 3), dtype=np.float32).astype(np.uint8)
    return result


def _find_lines_at_scale(grey: UInt8) -> list[Box]:
    boxes: list[Box] = []
    for picture in (grey, 255 - grey):  # light strokes, then dark ones
        ground = _remove_light_strokes(picture)
        ink = picture - ground >= MIN_STROKE_CONTRAST_LEVELS
        starts = ink[:, 1:] & ~ink[:, :-1]
        for block in _stack_runs(_find_stroke_runs(starts)):
            box = _line_box(block, ground, ink, starts)
            if box is not None:
                boxes.append(box)
    return boxes


def _remove_light_strokes(picture: UInt8) -> UInt8:
    """Remove light strokes narrower than ``MAX_STROKE_PX``: a morphological opening along rows."""
    low = np.pad(picture, ((0, 0), (MAX_STROKE_PX, MAX_STROKE_PX)), mode="edge")
    step = 1
    while step < MAX_STROKE_PX:
        low = np.minimum(low[:, step:], low[:, :-step])
        step *= 2
    step = 1
    while step < MAX_STROKE_PX:
        low = np.maximum(low[:, step:], low[:, :-step])
        step *= 2
    side = (low.shape[1] - picture.shape[1]) // 2
    result: UInt8 = np.minimum(low[:, side : side + picture.shape[1]], picture)
    return result


def _find_stroke_runs(starts: Bools) -> list[StrokeRun]:
    rows, columns = np.nonzero(starts)
    if not len(rows):
        return []
    breaks = np.flatnonzero((np.diff(rows) != 0) | (np.diff(columns) > MAX_STROKE_GAP_PX)) + 1
    firsts, ends = np.r_[0, breaks], np.r_[breaks, len(rows)]
    long = ends - firsts >= MIN_STROKES
    return [
        StrokeRun(int(rows[first]), int(columns[first]), int(columns[end - 1]) + MAX_STROKE_PX // 2, int(end - first))
        for first, end in zip(firsts[long], ends[long], strict=True)
    ]


def _stack_runs(runs: list[StrokeRun]) -> list[list[StrokeRun]]:
    """Stack runs that overlap from row to row into blocks; one row may be missing."""
    growing: list[list[StrokeRun]] = []
    done: list[list[StrokeRun]] = []
    for run in runs:
        done += [block for block in growing if block[-1].row < run.row - 2]
        growing = [block for block in growing if block[-1].row >= run.row - 2]
        near = next(
            (block for block in growing if any(_overlap_ratio(earlier_run, run) > 0.5 for earlier_run in block[-2:])),
            None,
        )
        if near is None:
            growing.append([run])
        else:
            near.append(run)
    return done + growing


def _overlap_ratio(first: StrokeRun, second: StrokeRun) -> float:
    shared = min(first.right, second.right) - max(first.left, second.left)
    return shared / max(1, min(first.right - first.left, second.right - second.left))


def _line_box(block: list[StrokeRun], ground: UInt8, ink: Bools, starts: Bools) -> Box | None:
    """Return the box of the text line that a block of runs forms; None if it is not a line."""
    top, bottom = block[0].row, block[-1].row + 1
    left, right = (
        round(np.percentile([getattr(run, side) for run in block], at)) for side, at in (("left", 15), ("right", 85))
    )
    high, wide = bottom - top, right - left
    if not MIN_LETTER_HEIGHT_PX <= high <= MAX_LETTER_HEIGHT_PX or wide < MIN_WIDTH_TO_HEIGHT * high:
        return None
    across = slice(left, right)
    strokes = starts[top:bottom, across].sum(axis=1)
    usual = float(np.median(strokes))
    if usual * high < MIN_STROKES_PER_HEIGHT * wide:
        return None
    for outside in (starts[max(0, top - 3) : max(0, top - 1), across], starts[bottom + 1 : bottom + 3, across]):
        if outside.size and outside.sum(axis=1).mean() > MAX_STROKES_OUTSIDE_RATIO * usual:
            return None
    inside = ink[top:bottom, across]
    if not INK_SHARE_BOUNDS[0] <= inside.mean() <= INK_SHARE_BOUNDS[1]:
        return None
    if np.subtract(*np.percentile(ground[top:bottom, across], (80, 20))) > MAX_BACKGROUND_SPREAD_LEVELS:
        return None
    return Box(x=left, y=top, width=wide, height=high)


def _is_same_line(first: Box, second: Box) -> bool:
    """Tell whether two boxes belong to one line: they overlap, or follow each other in a row."""
    across, down = shared_sides(first, second)
    low, high = sorted((first.height, second.height))
    over = across > 0 and across * down > MIN_LINE_OVERLAP_RATIO * min(
        first.width * first.height, second.width * second.height
    )
    return down > MIN_LINE_OVERLAP_RATIO * low and (over or (across > -high and high < 2 * low))
