"""Safe zones: what platforms' own controls cover of a tall frame, with sources. Pure data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from schemas.common import CropBox, Value

Platform = Literal["shorts", "reels", "tiktok"]


class SafeZone(Value, frozen=True, kw_only=True):
    """The part of a tall frame that one platform covers, from each edge, with its source."""

    platform: Platform
    top_px: int
    right_px: int
    bottom_px: int
    left_px: int
    source: str
    read_on: str


class SafeZones(Value, frozen=True, kw_only=True):
    """All platforms, on a frame of ``picture_px`` (width, height)."""

    picture_px: tuple[int, int]
    zones: list[SafeZone]

    @property
    def clear(self) -> CropBox:
        """The part that no platform covers."""
        width, height = self.picture_px
        left, top = max(zone.left_px for zone in self.zones), max(zone.top_px for zone in self.zones)
        right, bottom = max(zone.right_px for zone in self.zones), max(zone.bottom_px for zone in self.zones)
        return CropBox(x=left, y=top, width=width - left - right, height=height - top - bottom)


@cache
def safe_zones() -> SafeZones:
    """Load ``schemas/data/safe_zones.json``."""
    return msgspec.json.decode((files("schemas") / "data" / "safe_zones.json").read_bytes(), type=SafeZones)
