"""Keeps a small luma of every picture before captions and encoder, to hold the finished file against. Changes nothing.

Points of the picture, not means of it: what the encoder did to a point is still seen, and a picture costs 17 KB.
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
POINTS = 98
"""Along the shorter side, about."""


class Seen(Value, frozen=True, kw_only=True):
    """One output picture as it was painted."""

    source_ms: int
    shot: ShotCrop
    luma: UInt8 | None
    """Shape (h, w) of points; slots that show one source picture share it. None: nobody needed it painted."""


class Witness:
    """What was painted, slot by slot."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen: dict[int, Seen] = {}

    def see(self, painted: av.VideoFrame, slots: Sequence[Slot], *, source_ms: int, shot: ShotCrop) -> None:
        """A painted picture, without captions, and the slots that show it."""
        one = Seen(source_ms=source_ms, shot=shot, luma=points(painted))
        self.seen |= dict.fromkeys((slot.number for slot in slots), one)

    def pass_by(self, slots: Sequence[Slot], *, source_ms: int, shot: ShotCrop) -> None:
        """Slots that show a picture which is not painted: their packets are there already."""
        one = Seen(source_ms=source_ms, shot=shot, luma=None)
        for slot in slots:
            self.seen.setdefault(slot.number, one)

    @property
    def painted(self) -> frozenset[int]:
        """Slots of which points are kept."""
        return frozenset(number for number, one in self.seen.items() if one.luma is not None)

    def luma(self, number: int) -> UInt8 | None:
        """Of a slot; None where none was painted."""
        one = self.seen.get(number)
        return one.luma if one is not None else None


def stride_px(width_px: int, height_px: int) -> int:
    """Distance of two points: odd, so that every place in the encoder's blocks has its turn."""
    return max(1, min(width_px, height_px) // POINTS) | 1


def points(picture: av.VideoFrame) -> UInt8:
    """Some points of a picture's luma, as a copy."""
    plane = picture.planes[0]
    step = stride_px(plane.width, plane.height)
    return plane_rows(plane)[: plane.height : step, : plane.width : step].copy()
