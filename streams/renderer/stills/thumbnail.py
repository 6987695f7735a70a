"""Chooses thumbnail candidates: a face with open eyes, sharp, well lit, away from cuts, early.

Candidates come from before captions are burned in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.domain.framing.geometry import painted_box
from schemas.common import Box, Value
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.export import ThumbnailScores
from schemas.documents.frame_plan import ShotCrop
from streams.renderer.video.planes import copy_frame, plane_rows

MIN_GAP_MS = 500
"""Time between two frames that are scored."""
CUT_MARGIN_MS = 250
"""A frame this near to a cut may show half of the other shot."""
EDGE_MARGIN_MS = 300
"""Frames this near to the clip's start score lower."""
THUMBNAIL_QUALITY_PERCENT = 88
LUMA_STRIDE_PX = 4
"""Distance of the pixels that are scored."""
MAX_FACE_GAP_MS = 100
"""Faces are detected every 160 ms: one further away than this was not visible."""
MAX_BLINK_GAP_MS = 160
"""Eyes may be shut this near to a sample with shut eyes: a frame between two samples gets the worse one."""
FACE_WEIGHT = 4.0
"""A good face counts twice what the best frame without one gets (detail of 6 is about 2)."""
FULL_FACE_HEIGHT_RATIO = 0.25
"""Height of a face, as a share of the frame's, from which it is large enough."""
FULL_DETAIL_LEVELS = 12.0
"""Detail of a face in focus; blurred or dark ones have 1 to 4, whatever their size."""
FACE_SAMPLE_ROWS = 48
"""Rows and columns at which a face is sampled, so that near and far faces compare."""
MIN_FACE_PX = 8
"""Smaller faces cannot be scored."""
FULL_CONTRAST_LEVELS = 64.0
"""Standard deviation of luma from which contrast is full."""
SHUT_EYES_RATIO = 0.4
"""Share of a face's score that is left with shut eyes."""
PASSING_FACE_RATIO = 0.5
"""Share of a face's score that is left where it is on screen for a moment only."""
FULL_MERIT_SCORE = 6.0
"""Merit of a large, crisp, well lit face in a frame full of detail: score 1."""
INTERVALS_PER_PICK = 2
"""Parts of the clip, per candidate, of which the best frame is kept."""

UInt8 = NDArray[np.uint8]


def measure_detail(luma: NDArray[np.int16]) -> float:
    """Mean absolute Laplacian of luma, shape (h, w), at least (3, 3)."""
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.abs(4 * luma[1:-1, 1:-1] - around).mean())


def score_frame(luma: UInt8) -> float:
    """Score a luma plane, shape (h, w): log of its detail, times its exposure."""
    small = luma[::LUMA_STRIDE_PX, ::LUMA_STRIDE_PX].astype(np.int16)
    brightness, contrast = float(small.mean()), float(small.std())
    return float(np.log1p(measure_detail(small))) * _exposure_score(brightness, 70) * min(1.0, contrast / 35)


def score_face(luma: UInt8, box: Box) -> float:
    """Score a face, 0..1: size, sharpness, exposure, and the share of it inside the frame.

    ``box`` in px of the frame, of any size and place.
    """
    samples = _face_samples(luma, box)
    if samples is None:
        return 0.0
    size, crisp = (
        min(1.0, box.height / luma.shape[0] / FULL_FACE_HEIGHT_RATIO),
        min(1.0, measure_detail(samples) / FULL_DETAIL_LEVELS),
    )
    return float(size * crisp * _exposure_score(float(samples.mean()), 45) * min(1.0, _inside_ratio(luma, box)))


def measure_crispness(luma: UInt8, box: Box) -> float:
    """Detail of a face, 1 in focus."""
    samples = _face_samples(luma, box)
    return 0.0 if samples is None else measure_detail(samples) / FULL_DETAIL_LEVELS


def _face_samples(luma: UInt8, box: Box) -> NDArray[np.int16] | None:
    """Sample the part of the box inside the frame; None where it is too small."""
    left, top, right, bottom = _edges(luma, box)
    if min(right - left, bottom - top) < MIN_FACE_PX:
        return None
    down = np.linspace(top, bottom - 1, FACE_SAMPLE_ROWS).astype(np.intp)
    across = np.linspace(left, right - 1, FACE_SAMPLE_ROWS).astype(np.intp)
    return luma[down[:, None], across].astype(np.int16)


def _inside_ratio(luma: UInt8, box: Box) -> float:
    left, top, right, bottom = _edges(luma, box)
    return (right - left) * (bottom - top) / (box.width * box.height)


def _edges(luma: UInt8, box: Box) -> tuple[int, int, int, int]:
    height, width = luma.shape
    left, right = max(0, round(box.x)), min(width, round(box.x + box.width))
    return left, max(0, round(box.y)), right, min(height, round(box.y + box.height))


def _exposure_score(brightness: float, ramp: float) -> float:
    return min(1.0, max(0.0, (brightness - 16) / ramp)) * min(1.0, max(0.0, (245 - brightness) / 50))


class _ScoredFrame(Value, frozen=True, kw_only=True):
    """A frame with its merit among those of its clip."""

    merit: float
    scores: ThumbnailScores
    picture: av.VideoFrame


class ThumbnailPicker:
    """Scores frames before captions, and keeps the best of each part of the clip."""

    def __init__(self, length_ms: float, faces: Sequence[FaceSample] = (), count: int = 3) -> None:
        """``length_ms`` of the clip: later frames score slightly lower. ``faces`` in order of time."""
        self._length_ms = max(1.0, length_ms)
        self._faces = faces
        self._face_ms = [sample.at_ms for sample in faces]
        self._due_ms = 0.0
        self._count = count
        self._best: dict[int, _ScoredFrame] = {}

    def is_due(self, at_ms: float) -> bool:
        """Whether a frame of that time would be scored."""
        return at_ms >= self._due_ms or not self._best

    def consider(
        self, picture: av.VideoFrame, at_ms: float, *, source_ms: int, shot: ShotCrop, is_awkward: bool
    ) -> None:
        """Score a frame at ``at_ms`` of the clip; ``is_awkward``: at a cut, or damaged. The best is copied."""
        if not self.is_due(at_ms):
            return
        self._due_ms = at_ms + MIN_GAP_MS
        plane = picture.planes[0]
        luma = plane_rows(plane)[: plane.height, : plane.width]
        merit, scores = self._score_frame(luma, at_ms, source_ms, shot)
        merit *= (1 - 0.25 * at_ms / self._length_ms) * (0.3 if is_awkward or at_ms < EDGE_MARGIN_MS else 1.0)
        interval = int(at_ms / self._length_ms * self._count * INTERVALS_PER_PICK)
        if interval not in self._best or merit > self._best[interval].merit:
            rounded_scores = msgspec.structs.replace(scores, score=round(min(1.0, merit / FULL_MERIT_SCORE), 3))
            self._best[interval] = _ScoredFrame(merit=merit, scores=rounded_scores, picture=copy_frame(picture))

    def _score_frame(self, luma: UInt8, at_ms: float, source_ms: int, shot: ShotCrop) -> tuple[float, ThumbnailScores]:
        """Merit of a frame regardless of its time, and the scores behind it."""
        height, width = luma.shape
        small = luma[::LUMA_STRIDE_PX, ::LUMA_STRIDE_PX].astype(np.int16)
        merit, sharp = 0.05 + score_frame(luma), min(1.0, measure_detail(small) / FULL_DETAIL_LEVELS)
        scores = ThumbnailScores(
            at_ms=round(at_ms),
            score=0.0,
            sharp=round(sharp, 3),
            contrast=round(min(1.0, float(small.std()) / FULL_CONTRAST_LEVELS), 3),
        )
        nearest = self._face_at(source_ms)
        if nearest is None:
            return merit, scores
        box = painted_box(nearest.face.box, shot, source_ms, width, height)
        face_score = nearest.face.score * score_face(luma, box)
        eyes = self._eyes_at(source_ms)
        open_eyes = 1.0 if eyes is None else SHUT_EYES_RATIO + (1 - SHUT_EYES_RATIO) * eyes
        scores = msgspec.structs.replace(
            scores,
            sharp=round(min(1.0, measure_crispness(luma, box)), 3),
            face_size=round(min(1.0, box.height / height / FULL_FACE_HEIGHT_RATIO), 3),
            eyes_open=eyes,
        )
        standing_factor = (
            1.0 if nearest.standing is None else PASSING_FACE_RATIO + (1 - PASSING_FACE_RATIO) * nearest.standing
        )
        return merit + FACE_WEIGHT * face_score * open_eyes * standing_factor, scores

    def _face_at(self, source_ms: int) -> FaceSample | None:
        after = bisect_left(self._face_ms, source_ms)
        nearest = min(self._faces[max(0, after - 1) : after + 1], key=lambda s: abs(s.at_ms - source_ms), default=None)
        return None if nearest is None or abs(nearest.at_ms - source_ms) > MAX_FACE_GAP_MS else nearest

    def _eyes_at(self, source_ms: int) -> float | None:
        """The lower openness of eyes in the samples before and after; None where neither has one."""
        after = bisect_left(self._face_ms, source_ms)
        around = [
            sample
            for sample in self._faces[max(0, after - 1) : after + 1]
            if abs(sample.at_ms - source_ms) <= MAX_BLINK_GAP_MS
        ]
        return min((sample.eyes for sample in around if sample.eyes is not None), default=None)

    def choose_frames(self) -> list[tuple[ThumbnailScores, av.VideoFrame]]:
        """The candidates, best first, apart in time where the clip allows. Raises ValueError without any."""
        if not self._best:
            raise ValueError("no picture was seen: nothing to make a thumbnail of")
        left = sorted(self._best.values(), key=lambda frame: (-frame.merit, frame.scores.at_ms))
        apart_ms = self._length_ms / (self._count * INTERVALS_PER_PICK)
        chosen: list[_ScoredFrame] = []
        for least_ms in (apart_ms, 0.0):
            for frame in left:
                far = all(abs(frame.scores.at_ms - picked.scores.at_ms) >= least_ms for picked in chosen)
                if len(chosen) < self._count and frame not in chosen and far:
                    chosen.append(frame)
        return [(frame.scores, frame.picture) for frame in chosen]

    def save(self, folder: Path, draw: Callable[[av.VideoFrame, int], None] | None = None) -> list[ThumbnailScores]:
        """Write the candidates as JPEG (`thumbnail_file_name`), best first; ``draw`` may draw on each."""
        frames = self.choose_frames()
        for number, (scores, picture) in enumerate(frames):
            if draw is not None:
                draw(picture, scores.at_ms)
            image: Image.Image = picture.to_image()  # type: ignore[no-untyped-call]
            image.save(folder / thumbnail_file_name(number), "JPEG", quality=THUMBNAIL_QUALITY_PERCENT, optimize=True)
        return [scores for scores, _ in frames]


def thumbnail_file_name(number: int) -> str:
    """Name of a candidate's file; number 0 is the best."""
    return f"thumbnail-{number}.jpg" if number else "thumbnail.jpg"
