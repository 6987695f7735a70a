"""How open the eyes of a face are, from its landmarks. Pure.

The ratio of an eye's height to its width falls below 0.2 in a blink (Soukupova and Cech, 2016).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.documents.clip_tracks import FaceSample, Mouth

EYES = ((33, 133, 160, 144, 158, 153), (263, 362, 387, 373, 385, 380))
"""Landmarks of each eye: outer and inner corner, then two pairs of points of the upper and the lower lid."""
SHUT_RATIO, OPEN_RATIO = 0.12, 0.25
"""Height by width of a shut and of an open eye."""
MAX_MARK_DISTANCE_MS = 100
"""Farthest mark in time from a face."""


def measure_eye_openness(points: NDArray[np.float32]) -> float:
    """Return 0 (shut) to 1 (open) from a face's points (468, 3), of the eye that shows wider.

    The other one may be turned away.
    """
    wide = max(EYES, key=lambda eye: _distance(points, eye[0], eye[1]))
    across = max(1e-6, _distance(points, wide[0], wide[1]))
    ratio = (_distance(points, wide[2], wide[3]) + _distance(points, wide[4], wide[5])) / (2 * across)
    return min(1.0, max(0.0, (ratio - SHUT_RATIO) / (OPEN_RATIO - SHUT_RATIO)))


def _distance(points: NDArray[np.float32], first: int, second: int) -> float:
    return float(np.linalg.norm(points[first, :2] - points[second, :2]))


class EyeMarks:
    """The openness of marked eyes, by time and place."""

    def __init__(self, mouths: Sequence[Mouth]) -> None:
        """Index ``mouths``, which are in order of time."""
        self._mouths = [mouth for mouth in mouths if mouth.eyes is not None]
        self._times = [mouth.at_ms for mouth in self._mouths]

    def openness_of(self, sample: FaceSample) -> float | None:
        """Return the least openness near a face's time and place; None without marks.

        A blink lasts as long as the time between two looks: the nearest mark alone may miss it.
        """
        box = sample.face.box
        begin, end = (
            bisect_left(self._times, sample.at_ms + shift)
            for shift in (-MAX_MARK_DISTANCE_MS, MAX_MARK_DISTANCE_MS + 1)
        )
        inside = (
            mouth.eyes
            for mouth in self._mouths[begin:end]
            if box.x <= mouth.x <= box.x + box.width and box.y <= mouth.y <= box.y + box.height
        )
        return min((eyes for eyes in inside if eyes is not None), default=None)
