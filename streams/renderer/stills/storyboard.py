"""Builds the storyboard sprite for scrubbing: small frames of the clip in one JPEG."""

from __future__ import annotations

from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from schemas.documents.export import Sprite
from streams.renderer.timeline.slots import OutputTimeline

STORYBOARD_FILE = "storyboard.jpg"
MAX_TILES = 60
"""A clip of one minute has one tile a second."""
MIN_STEP_MS = 500
"""Shortest time between two tiles."""
MAX_COLUMNS = 10
LONGER_SIDE_PX = 160
STORYBOARD_QUALITY_PERCENT = 72


class StoryboardBuilder:
    """Collects a small frame at each step."""

    def __init__(self, length_ms: float, size_px: tuple[int, int]) -> None:
        """``size_px`` of the frames."""
        self._length_ms = length_ms
        self._step_ms = max(MIN_STEP_MS, length_ms / MAX_TILES)
        ratio = LONGER_SIDE_PX / max(size_px)
        self._width, self._height = (max(2, round(side * ratio / 2) * 2) for side in size_px)
        self._tiles: list[Image.Image] = []

    @property
    def step_ms(self) -> float:
        """Time between two tiles."""
        return self._step_ms

    def is_due(self, at_ms: float) -> bool:
        """Whether a frame of that time would be kept."""
        return at_ms >= len(self._tiles) * self._step_ms and len(self._tiles) < MAX_TILES

    def add_frame(self, picture: av.VideoFrame, at_ms: float) -> None:
        """Take a frame, in order of time."""
        if not self.is_due(at_ms):
            return
        small = picture.reformat(
            self._width,
            self._height,
            "rgb24",
            threads=1,
            src_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA,
        )
        self._tiles.append(Image.fromarray(small.to_ndarray()))

    def save(self, path: Path) -> Sprite | None:
        """Write the grid; None without frames."""
        if not self._tiles:
            return None
        columns = min(MAX_COLUMNS, len(self._tiles))
        down = -(-len(self._tiles) // columns)
        sheet = Image.new("RGB", (columns * self._width, down * self._height))
        for number, tile in enumerate(self._tiles):
            sheet.paste(tile, (number % columns * self._width, number // columns * self._height))
        sheet.save(path, "JPEG", quality=STORYBOARD_QUALITY_PERCENT, optimize=True)
        return Sprite(
            tile_width=self._width,
            tile_height=self._height,
            columns=columns,
            count=len(self._tiles),
            step_ms=round(self._step_ms, 3),
            length_ms=round(self._length_ms, 3),
        )


def storyboard_slots(timeline: OutputTimeline, step_ms: float | None) -> set[int]:
    """Slots that `StoryboardBuilder` keeps; empty without ``step_ms``."""
    slots: set[int] = set()
    for number in range(timeline.count if step_ms is not None else 0):
        if (
            step_ms is not None
            and len(slots) < MAX_TILES
            and float(number * timeline.period_ms) >= len(slots) * step_ms
        ):
            slots.add(number)
    return slots
