"""Where a kit's pictures and names stand so that they cover no face where there is a choice. Pure; draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from core.domain.framing.boxes import overlaps
from schemas.common import Box, CropBox
from schemas.options.brand_kit import Corner, Placed
from streams.renderer.captions.caption_placement import STEPS, clear_area
from streams.renderer.captions.cue_painter import Lettering
from streams.renderer.captions.look import look_for

PART_MS = 3_000
"""What ``start`` and ``end`` mean."""
HIGHEST = 0.4
"""Share of the picture's height that a placed picture may have at most."""


class Taken(NamedTuple):
    """A part of the picture on which something else is seen for a while: a face, a caption."""

    start_ms: float
    end_ms: float
    box: Box


def window(placed: Placed, clip_ms: tuple[float, float]) -> tuple[float, float]:
    """From when to when a placed picture is seen."""
    start, end = clip_ms
    if placed.during == "start":
        return start, min(end, start + PART_MS)
    return (max(start, end - PART_MS), end) if placed.during == "end" else (start, end)


def place(placed: Placed, picture_px: tuple[int, int], size_px: tuple[int, int]) -> CropBox:
    """Where it lies, in even px: whole, in its own shape, inside the clear area of the output."""
    across, down = size_px
    area = clear_area(look_for(across, down))
    ratio = min(placed.width * across / picture_px[0], HIGHEST * down / picture_px[1], area.width / picture_px[0])
    width, height = (max(2, round(length * ratio / 2) * 2) for length in picture_px)
    space_x = min(round(placed.margin_x * across), area.width - width)
    space_y = min(round(placed.margin_y * down), area.height - height)
    left, top = placed.corner.endswith("left"), placed.corner.startswith("top")
    x = area.x + space_x if left else area.x + area.width - space_x - width
    y = area.y + space_y if top else area.y + area.height - space_y - height
    x, y = min(max(0, x), across - width), min(max(0, y), down - height)
    return CropBox(x=x // 2 * 2, y=y // 2 * 2, width=width, height=height)


def corner_of(
    placed: Placed,
    picture_px: tuple[int, int],
    size_px: tuple[int, int],
    times_ms: tuple[float, float],
    faces: Sequence[Taken],
) -> Corner:
    """The first of the kit's corners in which no face is covered, else that where fewest are: one for all of a clip."""

    def covered(corner: Corner) -> int:
        box = as_box(place(msgspec.structs.replace(placed, corner=corner), picture_px, size_px))
        return sum(overlaps(box, face) for face in during(faces, *times_ms))

    return min([placed.corner, *placed.other_corners], key=covered)


def beside(
    plate: Lettering, start_ms: float, end_ms: float, around: Sequence[Taken], size_px: tuple[int, int]
) -> Lettering:
    """A name as near to its place as nothing else is seen: higher or lower, else at the other side, else there."""
    taken = during(around, start_ms, end_ms)
    left, top, right, bottom = plate.picture.getchannel("A").getbbox() or (0, 0, *plate.picture.size)
    ink = Box(x=plate.x_px + left, y=plate.y_px + top, width=right - left, height=bottom - top)
    area = clear_area(look_for(*size_px))
    span = max(0.0, area.height - ink.height)
    heights = sorted((area.y + span * step / STEPS for step in range(STEPS + 1)), key=lambda y: (abs(y - ink.y), -y))
    for x in (ink.x, max(area.x, area.x + area.width - (ink.x - area.x) - ink.width)):
        for y in [ink.y, *heights]:
            there = msgspec.structs.replace(ink, x=x, y=y)
            if not any(overlaps(there, box) for box in taken):
                return _moved(plate, x - ink.x, y - ink.y, size_px)
    return plate


def _moved(plate: Lettering, right: float, down: float, size_px: tuple[int, int]) -> Lettering:
    """By whole chroma samples, and with all of it on the picture."""
    x, y = (
        min(max(0, at + round(by / 2) * 2), (most - length) // 2 * 2)
        for at, by, most, length in zip(
            (plate.x_px, plate.y_px), (right, down), size_px, plate.picture.size, strict=True
        )
    )
    return msgspec.structs.replace(plate, x_px=x, y_px=y)


def during(around: Sequence[Taken], start_ms: float, end_ms: float) -> list[Box]:
    """What is seen at any time from one moment to another."""
    return [one.box for one in around if one.start_ms < end_ms and start_ms < one.end_ms]


def as_box(box: CropBox) -> Box:
    """The same with a point."""
    return Box(x=box.x, y=box.y, width=box.width, height=box.height)
