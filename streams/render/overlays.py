"""Lays a kit's logo, watermark and lower thirds over the pictures of a clip. Blends only where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import msgspec
import numpy as np
from PIL import Image

from schemas.brand import Placed
from schemas.media import CropBox, Word
from streams.render.captions import PlanePatch, blend, yuv_patches
from streams.render.dress import Dress
from streams.render.edl import Slot
from streams.render.layout import look_for
from streams.render.lettering import Lettering
from streams.render.lower_third import NamedTurn, name_plate, named_turns
from streams.render.planes import rows
from streams.render.room import clear_area

PART_MS = 3_000
"""What ``start`` and ``end`` mean."""
FADE_MS, FADE_STEPS = 200, 6
HIGHEST = 0.4
"""Share of the picture's height that a placed picture may have at most."""
Patches = tuple[PlanePatch, ...]


class Laid(NamedTuple):
    """Something drawn, and when it is to be seen."""

    patches: Patches
    start_ms: float
    end_ms: float
    name: str
    fades: bool = False


class Overlays:
    """All of them, drawn once."""

    def __init__(
        self, dress: Dress, words: Sequence[Word], size_px: tuple[int, int], clip_ms: tuple[float, float]
    ) -> None:
        """``words`` and ``clip_ms``, from where to where the clip itself plays, are on the output's clock."""
        kit = dress.kit
        laid = [
            Laid(patches_of(Path(dress.files[one.asset_id]), one, size_px), *window(one, clip_ms), name)
            for name, one in (("watermark", kit.watermark), ("logo", kit.logo))
            if one is not None and one.asset_id in dress.files
        ]
        self._laid = laid + [self._third(turn, dress, size_px) for turn in named_turns(dress, words, clip_ms[1])]

    def _third(self, turn: NamedTurn, dress: Dress, size_px: tuple[int, int]) -> Laid:
        patches = yuv_patches(name_plate(turn.name, dress, size_px))
        return Laid(patches, turn.start_ms, turn.end_ms, f"name {turn.name}", fades=True)

    def told(self, slot: Slot) -> list[tuple[str, int]]:
        """What is due in a slot, each with how much of it is seen, of `FADE_STEPS`."""
        return [(one.name, step) for one, step in self._due(slot)]

    def burn(self, picture: av.VideoFrame, slot: Slot) -> None:
        """Draw what is due in a slot into a writable yuv420p picture."""
        for one, step in self._due(slot):
            for plane, patch in zip(picture.planes, fainter(one.patches, step), strict=True):
                blend(rows(plane), patch)

    def _due(self, slot: Slot) -> Iterator[tuple[Laid, int]]:
        """A name belongs to words, and comes when they do."""
        for one in self._laid:
            at_ms = slot.words_ms if one.fades else slot.at_ms
            if one.start_ms <= at_ms < one.end_ms:
                share = min(1.0, (at_ms - one.start_ms) / FADE_MS, (one.end_ms - at_ms) / FADE_MS)
                yield one, max(1, round(share * FADE_STEPS)) if one.fades else FADE_STEPS


def window(placed: Placed, clip_ms: tuple[float, float]) -> tuple[float, float]:
    """From when to when a placed picture is seen."""
    start, end = clip_ms
    if placed.during == "start":
        return start, min(end, start + PART_MS)
    return (max(start, end - PART_MS), end) if placed.during == "end" else (start, end)


def patches_of(path: Path, placed: Placed, size_px: tuple[int, int]) -> Patches:
    """A picture in its corner, as it is blended."""
    with Image.open(path, formats=("PNG",)) as opened:
        picture = opened.convert("RGBA")
    box = place(placed, picture.size, size_px)
    picture = picture.resize((box.width, box.height), Image.Resampling.LANCZOS)
    if placed.opacity < 1:
        picture.putalpha(picture.getchannel("A").point(lambda value: round(value * placed.opacity)))
    return yuv_patches(Lettering(picture=picture, x_px=box.x, y_px=box.y))


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


def fainter(patches: Patches, step: int) -> Patches:
    """The same, seen to ``step`` of `FADE_STEPS`."""
    if step >= FADE_STEPS:
        return patches
    return tuple(
        msgspec.structs.replace(
            patch,
            keep=(256 - (256 - patch.keep.astype(np.uint32)) * step // FADE_STEPS).astype(np.uint16),
            add=(patch.add.astype(np.uint32) * step // FADE_STEPS).astype(np.uint16),
        )
        for patch in patches
    )
