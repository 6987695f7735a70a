"""The title-safe area: the part of a frame that no platform's interface covers. Pure."""

from __future__ import annotations

from schemas.common import CropBox
from schemas.options.safe_zones import safe_zones

MIN_TALL_RATIO = 1.5
"""Height to width from which a frame fills a phone."""
EDGE_RATIO = 0.04
"""Margin above and below on frames that platforms do not cover, as a share of the height."""


def is_tall(width_px: int, height_px: int) -> bool:
    """Whether a frame fills a phone, where platforms draw their interface over it; 4:5 and 1:1 do not."""
    return height_px >= MIN_TALL_RATIO * width_px


def clear_area_of(width_px: int, height_px: int) -> CropBox:
    """The clear area of a frame size."""
    if not is_tall(width_px, height_px):
        edge = round(EDGE_RATIO * height_px)
        return CropBox(x=0, y=edge, width=width_px, height=height_px - 2 * edge)
    zones = safe_zones()
    across, down = width_px / zones.picture_px[0], height_px / zones.picture_px[1]
    clear = zones.clear
    return CropBox(
        x=round(clear.x * across),
        y=round(clear.y * down),
        width=round(clear.width * across),
        height=round(clear.height * down),
    )
