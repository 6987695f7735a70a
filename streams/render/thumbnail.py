"""Picks the picture that stands for the clip: sharp, well lit, not at a cut, early. Never shows a caption."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.render.planes import copied, rows

STEP_MS = 500
CUT_MARGIN_MS = 250
EDGE_MARGIN_MS = 300
JPEG_QUALITY = 88
STRIDE = 4


def score(luma: NDArray[np.uint8]) -> float:
    """How good a picture looks, from its luma plane, shape (h, w): detail (log), times how well it is lit."""
    small = luma[::STRIDE, ::STRIDE].astype(np.int16)
    detail = np.abs(4 * small[1:-1, 1:-1] - small[:-2, 1:-1] - small[2:, 1:-1] - small[1:-1, :-2] - small[1:-1, 2:])
    brightness, contrast = float(small.mean()), float(small.std())
    light = min(1.0, max(0.0, (brightness - 16) / 70)) * min(1.0, max(0.0, (245 - brightness) / 50))
    return float(np.log1p(detail.mean())) * light * min(1.0, contrast / 35)


class Thumbnail:
    """Sees painted pictures before captions are burned, and keeps the best."""

    def __init__(self, length_ms: float) -> None:
        """``length_ms`` of the clip: later pictures count a little less."""
        self._length_ms = max(1.0, length_ms)
        self._due_ms = 0.0
        self._best = -1.0
        self._picture: av.VideoFrame | None = None

    def consider(self, picture: av.VideoFrame, at_ms: float, to_cut_ms: int) -> None:
        """A picture at ``at_ms`` of the clip, ``to_cut_ms`` from the nearest cut. The best so far is copied."""
        if at_ms < self._due_ms and self._picture is not None:
            return
        self._due_ms = at_ms + STEP_MS
        plane = picture.planes[0]
        luma = rows(plane)[: plane.height, : plane.width]
        awkward = to_cut_ms < CUT_MARGIN_MS or at_ms < EDGE_MARGIN_MS
        merit = (0.05 + score(luma)) * (1 - 0.25 * at_ms / self._length_ms) * (0.3 if awkward else 1.0)
        if merit > self._best:
            self._best, self._picture = merit, copied(picture)

    def save(self, path: Path) -> None:
        """Write the best as JPEG. Raises ValueError when none was seen."""
        if self._picture is None:
            raise ValueError("no picture was seen: nothing to make a thumbnail of")
        image: Image.Image = self._picture.to_image()  # type: ignore[no-untyped-call]
        image.save(path, "JPEG", quality=JPEG_QUALITY, optimize=True)
