"""Detects faces in fewer frames where no one moves.

First every fourth frame of a shot is searched, and its first and last. Where two such neighbours have the same faces in
the same places, those between are interpolated; else the frame in the middle is searched too, and so on. So a head at
rest costs a quarter and a walking one everything, and each frame has its faces either way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from core.domain.framing.boxes import intersection_over_union
from core.ports.models import Faces, FacesFound
from core.progress import Report
from schemas.common import Box, Face, TimeRange
from streams.vision.canvas import Canvas, UInt8, to_display

BATCH_SIZE = 16
"""Frames of a request to the detector."""
STRIDE_FRAMES = 4
"""Frames from one look to the next in the first pass; a power of two."""
MIN_SAME_FACE_IOU_RATIO = 0.85
"""Minimum overlap (IoU) of boxes of a face that stayed: at 0.7 a walker was lost."""

FacesByFrame = dict[int, list[Face]]
"""Faces of the searched frames, by number."""


async def find_faces_sparsely(
    faces: Faces,
    path: Path,
    canvas: Canvas,
    at_ms: Sequence[int],
    shots: Sequence[TimeRange],
    *,
    least_score: float,
    report: Report,
    counted: int = 0,
) -> FacesFound:
    """Find the faces of each frame in ``path``, taken ``at_ms``, with ``least_score``, in display pixels.

    ``shots``: time ranges that no face crosses. ``report`` gets ``counted`` plus the frames searched so far. Raises
    Unavailable when the detector does not answer.
    """
    runs = frames_by_shot(at_ms, shots)
    faces_by_frame: FacesByFrame = {}
    model, compute_ms = "", 0
    places = sorted({place for run in runs for place in [*run[::STRIDE_FRAMES], run[-1]]})
    while places:
        for start in range(0, len(places), BATCH_SIZE):
            batch = places[start : start + BATCH_SIZE]
            answer = await faces.detect(await asyncio.to_thread(_read_frames, path, canvas, len(at_ms), batch))
            model, compute_ms = answer.model, compute_ms + answer.compute_ms
            for place, frame_faces in zip(batch, answer.faces, strict=True):
                faces_by_frame[place] = to_display([face for face in frame_faces if face.score >= least_score], canvas)
            report(counted + len(faces_by_frame))
        places = [middle for run in runs for middle in frames_to_check(run, faces_by_frame)]
    return FacesFound(faces=interpolate_faces(runs, faces_by_frame, at_ms), model=model, compute_ms=compute_ms)


def frames_by_shot(at_ms: Sequence[int], shots: Sequence[TimeRange]) -> list[list[int]]:
    """Group the numbers of the frames by shot."""

    def shot_of(place: int) -> int:
        inside = (number for number, shot in enumerate(shots) if shot.start_ms <= at_ms[place] < shot.end_ms)
        return next(inside, -1)

    return [list(run) for _, run in groupby(range(len(at_ms)), key=shot_of)]


def frames_to_check(run: Sequence[int], faces_by_frame: FacesByFrame) -> list[int]:
    """Return the frame in the middle of each gap between looks that disagree."""
    searched = [place for place in run if place in faces_by_frame]
    gaps = [(before, after) for before, after in pairwise(searched) if after - before > 1]
    return [
        (before + after) // 2
        for before, after in gaps
        if match_faces(faces_by_frame[before], faces_by_frame[after]) is None
    ]


def interpolate_faces(
    runs: Sequence[Sequence[int]], faces_by_frame: FacesByFrame, at_ms: Sequence[int]
) -> list[list[Face]]:
    """Return the faces of every frame, interpolated where it was not searched."""
    all_faces = dict(faces_by_frame)
    for run in runs:
        searched = [place for place in run if place in faces_by_frame]
        for before, after in pairwise(searched):
            pairs = match_faces(faces_by_frame[before], faces_by_frame[after]) if after - before > 1 else None
            for place in range(before + 1, after):
                share = (at_ms[place] - at_ms[before]) / max(1, at_ms[after] - at_ms[before])
                all_faces[place] = [_interpolate(first, second, share) for first, second in pairs or []]
    return [all_faces[place] for place in range(len(at_ms))]


def match_faces(before: Sequence[Face], after: Sequence[Face]) -> list[tuple[Face, Face]] | None:
    """Pair the faces of two looks; None where one came, went or moved."""
    if len(before) != len(after):
        return None
    left, pairs = list(after), list[tuple[Face, Face]]()
    for face in before:
        near = max(left, key=lambda candidate: intersection_over_union(face.box, candidate.box))
        if intersection_over_union(face.box, near.box) < MIN_SAME_FACE_IOU_RATIO:
            return None
        left.remove(near)
        pairs.append((face, near))
    return pairs


def _interpolate(before: Face, after: Face, share: float) -> Face:
    x, y, width, height, score = (
        round((1 - share) * first + share * second, 3)
        for first, second in zip(
            (before.box.x, before.box.y, before.box.width, before.box.height, before.score),
            (after.box.x, after.box.y, after.box.width, after.box.height, after.score),
            strict=True,
        )
    )
    return Face(box=Box(x=x, y=y, width=width, height=height), score=score)


def _read_frames(path: Path, canvas: Canvas, count: int, places: Sequence[int]) -> UInt8:
    frames = np.memmap(path, np.uint8, "r", shape=(count, canvas.height, canvas.width, 3))
    return np.ascontiguousarray(frames[list(places)])
