"""Crops that move by fractions of a pixel: the window to scale, and the cut-out in it. Pure.

A crop of whole pixels that moves slowly jerks: chroma allows steps of two, and scaling enlarges them. So a window
larger than the crop is scaled, and the frame is cut out as a weighted mean of neighbours.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from schemas.common import Box, CropBox, Value
from schemas.documents.source import VideoTrack

UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
WINDOW_MARGIN_PX = 2
"""Margin of the window around the crop."""
SUBPIXEL_STEPS_PER_PX = 16
"""Fractions of a pixel that are distinguished."""
BAND_ROWS = 128
"""Rows processed at a time: intermediate values fit the processor's cache."""


class Cutout(Value, frozen=True, kw_only=True):
    """The size to which a window is scaled, and where the frame begins in it."""

    width_px: int
    height_px: int
    x_px: float
    y_px: float


def crop_window(box: Box, track: VideoTrack) -> CropBox:
    """Whole pixels around a crop, with a margin; the size does not depend on the crop's place."""
    x, width = _window_along(box.x, box.width, track.display_width)
    y, height = _window_along(box.y, box.height, track.display_height)
    return CropBox(x=x, y=y, width=width, height=height)


def _window_along(start: float, length: float, limit: int) -> tuple[int, int]:
    wide = min(limit, 2 * ceil(length / 2) + 2 * WINDOW_MARGIN_PX + 2)
    begin = 2 * floor(start / 2) - WINDOW_MARGIN_PX
    return min(max(0, begin), limit - wide), wide


def place_cutout(box: Box, window: Box, width_px: int, height_px: int) -> Cutout:
    """Place the crop in its decoded window, scaled so that the crop fills the output."""
    wide, x = _scaled_offset(box.x - window.x, box.width, window.width, width_px)
    high, y = _scaled_offset(box.y - window.y, box.height, window.height, height_px)
    return Cutout(width_px=wide, height_px=high, x_px=x, y_px=y)


def _scaled_offset(offset: float, length: float, window: float, size_px: int) -> tuple[int, float]:
    scaled = max(size_px, 2 * round(window * size_px / length / 2))
    return scaled, min(max(0.0, offset * scaled / window), float(scaled - size_px))


def cut_plane(plane: UInt8, x: float, y: float, width: int, height: int) -> UInt8:
    """Cut ``height`` x ``width`` samples out of a plane (h, w), from between samples."""
    left, right = divmod(round(x * SUBPIXEL_STEPS_PER_PX), SUBPIXEL_STEPS_PER_PX)
    top, down = divmod(round(y * SUBPIXEL_STEPS_PER_PX), SUBPIXEL_STEPS_PER_PX)
    window = plane[top : top + height + 1, left : left + width + 1]
    right, down = right if window.shape[1] > width else 0, down if window.shape[0] > height else 0
    if not right and not down:
        return window[:height, :width]
    cut = np.empty((height, width), np.uint8)
    for first in range(0, height, BAND_ROWS):
        last = min(first + BAND_ROWS, height)
        band = window[first : last + bool(down)].astype(np.uint16)
        band = _weighted_mean(band[:, :width], band[:, 1:], right) if right else band[:, :width]
        cut[first:last] = _weighted_mean(band[:-1], band[1:], down) if down else band
    return cut


def _weighted_mean(samples: UInt16, neighbours: UInt16, part: int) -> UInt16:
    """The mean of samples and their neighbours, weighted by ``part`` of `SUBPIXEL_PARTS`."""
    mean = samples * np.uint16(SUBPIXEL_STEPS_PER_PX - part)
    mean += neighbours * np.uint16(part)
    mean += np.uint16(SUBPIXEL_STEPS_PER_PX // 2)
    mean //= np.uint16(SUBPIXEL_STEPS_PER_PX)
    return mean
