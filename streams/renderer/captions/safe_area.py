"""What of a picture captions may stand on: all that no platform lays its own signs over. Pure; knows no caption."""

from __future__ import annotations

from schemas.common import CropBox
from schemas.options.safe_zones import safe_zones

MIN_TALL_RATIO = 1.5
"""Height of a width from which a picture fills a phone."""
EDGE_RATIO = 0.04
"""Of the height: what stays free above and below on pictures that no platform lays signs over."""


def is_tall(width_px: int, height_px: int) -> bool:
    """Whether a picture fills a phone, where platforms lay their own signs over it; 4:5 stands in a feed, as 1:1."""
    return height_px >= MIN_TALL_RATIO * width_px


def clear_area_of(width_px: int, height_px: int) -> CropBox:
    """The clear area of a picture size; platforms cover what fills a phone."""
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
