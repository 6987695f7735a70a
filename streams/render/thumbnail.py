"""Picks the picture that stands for the clip: a face, sharp, well lit, not at a cut, early. Never shows a caption."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.documents import FaceSample, ShotCrop
from schemas.media import Box
from schemas.shown import painted_box
from streams.render.planes import copied, rows

STEP_MS = 500
CUT_MARGIN_MS = 250
"""So near to a cut a picture may be half of the other shot."""
EDGE_MARGIN_MS = 300
JPEG_QUALITY = 88
STRIDE = 4
NEAR_MS = 100
"""Faces are looked for every 160 ms: the nearest look is no farther away than this, or the face was not there."""
FACE_WEIGHT = 4.0
"""A good face counts for twice what the best picture without one gets (detail of 6 is about 2)."""
BIG_FACE = 0.25
"""As high as this share of the picture a face is large enough."""
CRISP = 12.0
"""Detail of a face in focus; a blurred or dark one has 1 to 4, whatever its size."""
FACE_SAMPLES = 48
LEAST_SAMPLES = 8

UInt8 = NDArray[np.uint8]


def detail(luma: NDArray[np.int16]) -> float:
    """Mean of the Laplacian of some luma, shape (h, w), at least (3, 3)."""
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.abs(4 * luma[1:-1, 1:-1] - around).mean())


def score(luma: UInt8) -> float:
    """How good a picture looks, from its luma plane, shape (h, w): detail (log), times how well it is lit."""
    small = luma[::STRIDE, ::STRIDE].astype(np.int16)
    brightness, contrast = float(small.mean()), float(small.std())
    return float(np.log1p(detail(small))) * _lit(brightness, 70) * min(1.0, contrast / 35)


def face_score(luma: UInt8, box: Box) -> float:
    """How good a face looks, 0..1: how large, how crisp, how well lit, and how much of it is in the picture.

    ``box`` in pixels of the picture, of any size and place. Its detail is that of `FACE_SAMPLES` rows, so that near
    and far faces compare.
    """
    height, width = luma.shape
    left, right = max(0, round(box.x)), min(width, round(box.x + box.width))
    top, bottom = max(0, round(box.y)), min(height, round(box.y + box.height))
    if min(right - left, bottom - top) < LEAST_SAMPLES:
        return 0.0
    down = np.linspace(top, bottom - 1, FACE_SAMPLES).astype(np.intp)
    across = np.linspace(left, right - 1, FACE_SAMPLES).astype(np.intp)
    small = luma[down[:, None], across].astype(np.int16)
    inside = (right - left) * (bottom - top) / (box.width * box.height)
    size, crisp = min(1.0, box.height / height / BIG_FACE), min(1.0, detail(small) / CRISP)
    return float(size * crisp * _lit(float(small.mean()), 45) * min(1.0, inside))


def _lit(brightness: float, ramp: float) -> float:
    return min(1.0, max(0.0, (brightness - 16) / ramp)) * min(1.0, max(0.0, (245 - brightness) / 50))


class Thumbnail:
    """Sees painted pictures before captions are burned, and keeps the best."""

    def __init__(self, length_ms: float, faces: Sequence[FaceSample] = ()) -> None:
        """``length_ms`` of the clip: later pictures count a little less. ``faces`` in order of time."""
        self._length_ms = max(1.0, length_ms)
        self._faces = faces
        self._face_ms = [sample.at_ms for sample in faces]
        self._due_ms = 0.0
        self._best = -1.0
        self._picture: av.VideoFrame | None = None

    def is_due(self, at_ms: float) -> bool:
        """Whether a picture of that time would be looked at."""
        return at_ms >= self._due_ms or self._picture is None

    def consider(self, picture: av.VideoFrame, at_ms: float, *, source_ms: int, shot: ShotCrop, awkward: bool) -> None:
        """A picture at ``at_ms`` of the clip; ``awkward`` at a cut, or damaged. The best so far is copied."""
        if not self.is_due(at_ms):
            return
        self._due_ms = at_ms + STEP_MS
        plane = picture.planes[0]
        luma = rows(plane)[: plane.height, : plane.width]
        merit = 0.05 + score(luma) + FACE_WEIGHT * self._face_merit(luma, source_ms, shot)
        merit *= (1 - 0.25 * at_ms / self._length_ms) * (0.3 if awkward or at_ms < EDGE_MARGIN_MS else 1.0)
        if merit > self._best:
            self._best, self._picture = merit, copied(picture)

    def _face_merit(self, luma: UInt8, source_ms: int, shot: ShotCrop) -> float:
        after = bisect_left(self._face_ms, source_ms)
        near = min(self._faces[max(0, after - 1) : after + 1], key=lambda s: abs(s.at_ms - source_ms), default=None)
        if near is None or abs(near.at_ms - source_ms) > NEAR_MS:
            return 0.0
        height, width = luma.shape
        return near.face.score * face_score(luma, painted_box(near.face.box, shot, source_ms, width, height))

    def save(self, path: Path) -> None:
        """Write the best as JPEG. Raises ValueError when none was seen."""
        if self._picture is None:
            raise ValueError("no picture was seen: nothing to make a thumbnail of")
        image: Image.Image = self._picture.to_image()  # type: ignore[no-untyped-call]
        image.save(path, "JPEG", quality=JPEG_QUALITY, optimize=True)
