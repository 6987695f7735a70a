"""Places a kit's images and names so that they cover no face where possible. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from core.domain.framing.boxes import overlaps
from schemas.common import Box, CropBox
from schemas.options.brand_kit import Corner, Placed
from streams.renderer.captions.caption_placement import HEIGHT_STEPS, clear_area_for
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.captions.look import build_look

EDGE_WINDOW_MS = 3_000
"""Length of the ``start`` and ``end`` windows."""
MAX_HEIGHT_RATIO = 0.4
"""Largest height of a placed image, as a share of the frame's."""


class OccupiedArea(NamedTuple):
    """An area that is taken for a while, by a face or a caption."""

    start_ms: float
    end_ms: float
    box: Box


def visible_window(placement: Placed, clip_ms: tuple[float, float]) -> tuple[float, float]:
    """The start and end of a placed image's visibility."""
    start, end = clip_ms
    if placement.during == "start":
        return start, min(end, start + EDGE_WINDOW_MS)
    return (max(start, end - EDGE_WINDOW_MS), end) if placement.during == "end" else (start, end)


def place_overlay(placement: Placed, picture_px: tuple[int, int], size_px: tuple[int, int]) -> CropBox:
    """Place an image in even px, whole and undistorted, inside the output's clear area."""
    across, down = size_px
    area = clear_area_for(build_look(across, down))
    ratio = min(
        placement.width * across / picture_px[0], MAX_HEIGHT_RATIO * down / picture_px[1], area.width / picture_px[0]
    )
    width, height = (max(2, round(length * ratio / 2) * 2) for length in picture_px)
    space_x = min(round(placement.margin_x * across), area.width - width)
    space_y = min(round(placement.margin_y * down), area.height - height)
    left, top = placement.corner.endswith("left"), placement.corner.startswith("top")
    x = area.x + space_x if left else area.x + area.width - space_x - width
    y = area.y + space_y if top else area.y + area.height - space_y - height
    x, y = min(max(0, x), across - width), min(max(0, y), down - height)
    return CropBox(x=x // 2 * 2, y=y // 2 * 2, width=width, height=height)


def choose_corner(
    placement: Placed,
    picture_px: tuple[int, int],
    size_px: tuple[int, int],
    times_ms: tuple[float, float],
    faces: Sequence[OccupiedArea],
) -> Corner:
    """Choose the first of the kit's corners that covers no face, else the one that covers fewest.

    The corner is the same for the whole clip.
    """

    def covered(corner: Corner) -> int:
        box = to_box(place_overlay(msgspec.structs.replace(placement, corner=corner), picture_px, size_px))
        return sum(overlaps(box, face) for face in boxes_between(faces, *times_ms))

    return min([placement.corner, *placement.other_corners], key=covered)


def place_name_plate(
    plate: DrawnCue, start_ms: float, end_ms: float, occupied: Sequence[OccupiedArea], size_px: tuple[int, int]
) -> DrawnCue:
    """Move a name plate off faces and captions: higher or lower, else to the other side.

    Without a free place it stays where it is.
    """
    boxes = boxes_between(occupied, start_ms, end_ms)
    left, top, right, bottom = plate.image.getchannel("A").getbbox() or (0, 0, *plate.image.size)
    ink = Box(x=plate.x_px + left, y=plate.y_px + top, width=right - left, height=bottom - top)
    area = clear_area_for(build_look(*size_px))
    span = max(0.0, area.height - ink.height)
    heights = sorted(
        (area.y + span * step / HEIGHT_STEPS for step in range(HEIGHT_STEPS + 1)), key=lambda y: (abs(y - ink.y), -y)
    )
    for x in (ink.x, max(area.x, area.x + area.width - (ink.x - area.x) - ink.width)):
        for y in [ink.y, *heights]:
            moved_ink = msgspec.structs.replace(ink, x=x, y=y)
            if not any(overlaps(moved_ink, box) for box in boxes):
                return _shifted_plate(plate, x - ink.x, y - ink.y, size_px)
    return plate


def _shifted_plate(plate: DrawnCue, right: float, down: float, size_px: tuple[int, int]) -> DrawnCue:
    """The plate moved by whole chroma samples, kept inside the frame."""
    x, y = (
        min(max(0, at + round(shift / 2) * 2), (limit_px - length) // 2 * 2)
        for at, shift, limit_px, length in zip(
            (plate.x_px, plate.y_px), (right, down), size_px, plate.image.size, strict=True
        )
    )
    return msgspec.structs.replace(plate, x_px=x, y_px=y)


def boxes_between(areas: Sequence[OccupiedArea], start_ms: float, end_ms: float) -> list[Box]:
    """Areas that are taken at any time between two moments."""
    return [area.box for area in areas if area.start_ms < end_ms and start_ms < area.end_ms]


def to_box(box: CropBox) -> Box:
    """The same box in floating point."""
    return Box(x=box.x, y=box.y, width=box.width, height=box.height)
