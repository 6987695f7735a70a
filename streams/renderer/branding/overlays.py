"""Blends a kit's logo, watermark and lower thirds, and a mark, into the frames of a clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

import av
import msgspec
import numpy as np
from PIL import Image

from schemas.common import Word
from schemas.options.brand_kit import Placed
from streams.renderer.branding.brand_assets import BrandAssets
from streams.renderer.branding.lower_third import NameDisplay, draw_name_plate, find_name_displays
from streams.renderer.branding.overlay_placement import (
    OccupiedArea,
    choose_corner,
    place_name_plate,
    place_overlay,
    visible_window,
)
from streams.renderer.branding.picture_marks import Mark, burn_patches, draw_mark
from streams.renderer.captions.burn_in import PlanePatch, yuv_patches
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.timeline.slots import Slot

FADE_MS, FADE_STEPS = 200, 6
Patches = tuple[PlanePatch, ...]


class TimedOverlay(NamedTuple):
    """A drawn overlay, and when it is visible."""

    patches: Patches
    start_ms: float
    end_ms: float
    name: str
    fades: bool = False


class Overlays:
    """All overlays of a clip, drawn once."""

    def __init__(
        self,
        assets: BrandAssets | None,
        words: Sequence[Word],
        size_px: tuple[int, int],
        clip_ms: tuple[float, float],
        faces: Sequence[OccupiedArea] = (),
        captions: Sequence[OccupiedArea] = (),
        *,
        mark: Mark | None = None,
    ) -> None:
        """Draw the kit's overlays, and over them the mark.

        ``words``, ``faces``, ``captions`` and ``clip_ms``, the range in which the clip itself plays, are on the
        output clock.
        """
        self._overlays = [] if assets is None else _draw_kit(assets, words, size_px, clip_ms, faces, captions)
        if mark is not None:
            self._overlays.append(TimedOverlay(draw_mark(mark, size_px), -inf, inf, f"mark {mark}"))

    def slot_state(self, slot: Slot) -> list[tuple[str, int]]:
        """Overlays due in a slot, each with its opacity step of `FADE_STEPS`."""
        return [(overlay.name, step) for overlay, step in self._due_overlays(slot)]

    def burn(self, picture: av.VideoFrame, slot: Slot) -> None:
        """Blend what is due in a slot into a writable yuv420p frame."""
        for overlay, step in self._due_overlays(slot):
            burn_patches(picture, faded_patches(overlay.patches, step))

    def _due_overlays(self, slot: Slot) -> Iterator[tuple[TimedOverlay, int]]:
        """Overlays due in a slot; names follow the words' clock."""
        for overlay in self._overlays:
            at_ms = slot.words_ms if overlay.fades else slot.at_ms
            if overlay.start_ms <= at_ms < overlay.end_ms:
                share = min(1.0, (at_ms - overlay.start_ms) / FADE_MS, (overlay.end_ms - at_ms) / FADE_MS)
                yield overlay, max(1, round(share * FADE_STEPS)) if overlay.fades else FADE_STEPS


def _draw_kit(
    assets: BrandAssets,
    words: Sequence[Word],
    size_px: tuple[int, int],
    clip_ms: tuple[float, float],
    faces: Sequence[OccupiedArea],
    captions: Sequence[OccupiedArea],
) -> list[TimedOverlay]:
    kit, overlays = assets.kit, list[TimedOverlay]()
    for name, placement in (("watermark", kit.watermark), ("logo", kit.logo)):
        if placement is not None and placement.asset_id in assets.files:
            file = Path(assets.files[placement.asset_id])
            overlays.append(_draw_placed_image(file, placement, size_px, clip_ms, faces, name))
    avoids = kit.lower_third is not None and kit.lower_third.avoid_faces
    occupied = [*faces, *captions] if avoids else []
    overlays += [
        _draw_lower_third(turn, assets, size_px, occupied) for turn in find_name_displays(assets, words, clip_ms[1])
    ]
    return overlays


def _draw_lower_third(
    turn: NameDisplay, assets: BrandAssets, size_px: tuple[int, int], occupied: Sequence[OccupiedArea]
) -> TimedOverlay:
    plate = place_name_plate(draw_name_plate(turn.name, assets, size_px), turn.start_ms, turn.end_ms, occupied, size_px)
    name = f"name {turn.name} at {plate.x_px}, {plate.y_px}"
    return TimedOverlay(yuv_patches(plate), turn.start_ms, turn.end_ms, name, fades=True)


def _draw_placed_image(
    path: Path,
    placement: Placed,
    size_px: tuple[int, int],
    clip_ms: tuple[float, float],
    faces: Sequence[OccupiedArea],
    name: str,
) -> TimedOverlay:
    """Draw an image in the corner that suits the clip."""
    with Image.open(path, formats=("PNG",)) as file:
        picture = file.convert("RGBA")
    times = visible_window(placement, clip_ms)
    corner = choose_corner(placement, picture.size, size_px, times, faces)
    patches = overlay_patches(picture, msgspec.structs.replace(placement, corner=corner), size_px)
    return TimedOverlay(patches, *times, f"{name} {corner}")


def overlay_patches(image: Image.Image, placement: Placed, size_px: tuple[int, int]) -> Patches:
    """An image in its corner, as plane patches."""
    box = place_overlay(placement, image.size, size_px)
    image = image.resize((box.width, box.height), Image.Resampling.LANCZOS)
    if placement.opacity < 1:
        image.putalpha(image.getchannel("A").point(lambda value: round(value * placement.opacity)))
    return yuv_patches(DrawnCue(image=image, x_px=box.x, y_px=box.y))


def faded_patches(patches: Patches, step: int) -> Patches:
    """The patches at ``step`` of `FADE_STEPS` of their opacity."""
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
