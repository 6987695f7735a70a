"""The content of a frame: all of it that lies inside black bars, and crops placed there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from core.domain.framing.boxes import crop_hull
from schemas.common import Aspect, Box, CropBox
from schemas.documents.clip_tracks import ClipTracks
from streams.frame.scene.crop import (
    FramingSubject,
    Placement,
    crop_size,
    loses_most_of_tall_picture,
    place_on_detail,
    place_on_faces,
)


class ContentArea(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a display frame of ``width`` x ``height`` from which crops of one aspect are taken."""

    width: int
    height: int
    aspect: Aspect
    content: CropBox

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the largest crop."""
        return crop_size(self.content.width, self.content.height, self.aspect)

    @property
    def is_tall(self) -> bool:
        """Whether a crop would lose more than half of a tall picture."""
        return loses_most_of_tall_picture(self.content.width, self.content.height, self.aspect)

    @property
    def holds_all(self) -> bool:
        """Whether a crop shows everything, or nearly."""
        wide, high = self.size
        return wide * high >= 0.95 * self.content.width * self.content.height

    def on_faces(self, main: FramingSubject, bystanders: Sequence[FramingSubject]) -> Placement:
        """Place a crop on faces as `place_on_faces` does, inside the content."""
        subjects = [self._inwards(subject) for subject in (main, *bystanders)]
        content = self.content
        placement = place_on_faces(
            subjects[0], subjects[1:], width=content.width, height=content.height, aspect=self.aspect
        )
        return msgspec.structs.replace(placement, crop=self._outwards(placement.crop))

    def on_detail(self, columns: Sequence[float], rows: Sequence[float]) -> tuple[CropBox, bool]:
        """Place a crop as `place_on_detail` does, inside the content; the profiles span the display frame."""
        content = self.content
        crop, stands_out = place_on_detail(
            crop_profile(columns, content.x, content.width, self.width),
            crop_profile(rows, content.y, content.height, self.height),
            width=content.width,
            height=content.height,
            aspect=self.aspect,
        )
        return self._outwards(crop), stands_out

    def _inwards(self, subject: FramingSubject) -> FramingSubject:
        x, y = self.content.x, self.content.y
        if not x and not y:
            return subject
        boxes = [Box(x=box.x - x, y=box.y - y, width=box.width, height=box.height) for box in subject.boxes]
        return FramingSubject(boxes=boxes)

    def _outwards(self, crop: CropBox) -> CropBox:
        return msgspec.structs.replace(crop, x=crop.x + self.content.x, y=crop.y + self.content.y)


def crop_profile(profile: Sequence[float], start: int, length: int, limit: int) -> list[float]:
    """Cut a profile over ``limit`` pixels to some of them: as many bins as before, sum 1."""
    if not profile or (start, length) == (0, limit):
        return list(profile)
    edges = np.linspace(0.0, limit, len(profile) + 1)
    mass = np.r_[0.0, np.cumsum(np.asarray(profile, np.float64))]
    bins = np.diff(np.interp(np.linspace(start, start + length, len(profile) + 1), edges, mass))
    total = float(bins.sum())
    return [float(value) / total for value in bins] if total > 0 else []


def content_area_of(tracks: ClipTracks, shots: Sequence[int], width: int, height: int, aspect: Aspect) -> ContentArea:
    """Return the content area of some shots: the hull of theirs, or the whole frame where one has no bars."""
    areas = [look.content for look in tracks.looks if look.shot in shots]
    with_bars = [area for area in areas if area is not None]
    content = CropBox(x=0, y=0, width=width, height=height)
    if with_bars and len(with_bars) == len(areas):
        content = crop_hull(with_bars)
    return ContentArea(width=width, height=height, aspect=aspect, content=content)
