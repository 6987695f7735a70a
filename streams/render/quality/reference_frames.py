"""Keeps sampled luma of every frame before captions and encoding, to compare the finished file with.

Points are sampled, not averaged: encoder damage to a point stays visible, and a frame takes 17 KB.
"""

from __future__ import annotations

from collections.abc import Sequence

import av
import numpy as np
from numpy.typing import NDArray

from schemas.common import Value
from schemas.documents.frame_plan import ShotCrop
from streams.renderer.timeline.slots import Slot
from streams.renderer.video.planes import plane_rows

UInt8 = NDArray[np.uint8]
POINTS_PER_SIDE = 98
"""Approximate number of points along the shorter side."""


class ReferenceFrame(Value, frozen=True, kw_only=True):
    """An output frame before captions."""

    source_ms: int
    shot: ShotCrop
    luma: UInt8 | None
    """Sampled points, shape (h, w), shared by slots of one source frame; None where it was not scaled."""


class ReferenceFrames:
    """Reference frames by slot."""

    def __init__(self) -> None:
        """Empty."""
        self.frames: dict[int, ReferenceFrame] = {}

    def add_frame(self, painted: av.VideoFrame, slots: Sequence[Slot], *, source_ms: int, shot: ShotCrop) -> None:
        """Keep a scaled frame without captions, for the slots that show it."""
        reference = ReferenceFrame(source_ms=source_ms, shot=shot, luma=sample_luma(painted))
        self.frames |= dict.fromkeys((slot.number for slot in slots), reference)

    def add_unpainted(self, slots: Sequence[Slot], *, source_ms: int, shot: ShotCrop) -> None:
        """Note slots whose frame is not scaled: their packets are reused."""
        reference = ReferenceFrame(source_ms=source_ms, shot=shot, luma=None)
        for slot in slots:
            self.frames.setdefault(slot.number, reference)

    @property
    def painted_slots(self) -> frozenset[int]:
        """Slots with sampled points."""
        return frozenset(number for number, reference in self.frames.items() if reference.luma is not None)

    def luma(self, number: int) -> UInt8 | None:
        """Points of a slot; None where it was not scaled."""
        reference = self.frames.get(number)
        return reference.luma if reference is not None else None


def sample_stride_px(width_px: int, height_px: int) -> int:
    """Distance of two points: odd, so that every position in the encoder's blocks is sampled."""
    return max(1, min(width_px, height_px) // POINTS_PER_SIDE) | 1


def sample_luma(picture: av.VideoFrame) -> UInt8:
    """Sampled luma of a frame, as a copy."""
    plane = picture.planes[0]
    step = sample_stride_px(plane.width, plane.height)
    return plane_rows(plane)[: plane.height : step, : plane.width : step].copy()
