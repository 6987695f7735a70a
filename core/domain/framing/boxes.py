"""Rectangles: how much they share, and what is around them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from schemas.common import Box, CropBox

MIN_AREA_PX = 1e-6
"""Divisor for empty boxes, so that their shares are 0 and not an error."""


class Area(Protocol):
    """A rectangle, of whole pixels (`CropBox`) or not (`Box`)."""

    @property
    def x(self) -> float:
        """Left edge."""
        ...

    @property
    def y(self) -> float:
        """Top edge."""
        ...

    @property
    def width(self) -> float:
        """Width, to the right."""
        ...

    @property
    def height(self) -> float:
        """Height, downwards."""
        ...


def shared_sides(first: Area, second: Area) -> tuple[float, float]:
    """Return how far two areas overlap (across, down); a negative value is the gap between them."""
    across = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    down = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    return across, down


def overlaps(first: Area, second: Area) -> bool:
    """Tell whether two areas share any of the picture."""
    across, down = shared_sides(first, second)
    return across > 0 and down > 0


def shared_area(first: Area, second: Area) -> float:
    """Return the area that both hold, in px²."""
    across, down = shared_sides(first, second)
    return max(0.0, across) * max(0.0, down)


def intersection_over_union(first: Area, second: Area) -> float:
    """Return the shared area over the area that either holds, 0 to 1."""
    shared = shared_area(first, second)
    return shared / (first.width * first.height + second.width * second.height - shared) if shared else 0.0


def share_of_smaller(first: Area, second: Area) -> float:
    """Return how much of the smaller of two areas lies in the other, 0 to 1."""
    smaller = min(first.width * first.height, second.width * second.height)
    return shared_area(first, second) / max(MIN_AREA_PX, smaller)


def hull(areas: Sequence[Area]) -> Box:
    """Return the smallest box around all areas; there is at least one."""
    x, y, right, bottom = _edges(areas)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def crop_hull(areas: Sequence[Area]) -> CropBox:
    """Return the smallest crop of whole pixels around all areas; there is at least one."""
    left, top, right, bottom = _edges(areas)
    x, y = math.floor(left), math.floor(top)
    return CropBox(x=x, y=y, width=math.ceil(right) - x, height=math.ceil(bottom) - y)


def _edges(areas: Sequence[Area]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all areas together."""
    return (
        min(area.x for area in areas),
        min(area.y for area in areas),
        max(area.x + area.width for area in areas),
        max(area.y + area.height for area in areas),
    )
