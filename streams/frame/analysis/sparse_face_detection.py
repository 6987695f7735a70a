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
    seen: int = 0,
) -> FacesFound:
    """Find the faces of each frame in ``path``, taken ``at_ms``, with ``least_score``, in display pixels.

    ``shots``: time ranges that no face crosses. ``report`` gets ``seen`` plus the frames searched so far. Raises
    Unavailable when the detector does not answer.
    """
    runs = frames_by_shot(at_ms, shots)
    found: FacesByFrame = {}
    model, compute_ms = "", 0
    wanted = sorted({place for run in runs for place in [*run[::STRIDE_FRAMES], run[-1]]})
    while wanted:
        for start in range(0, len(wanted), BATCH_SIZE):
            batch = wanted[start : start + BATCH_SIZE]
            answer = await faces.detect(await asyncio.to_thread(_read_frames, path, canvas, len(at_ms), batch))
            model, compute_ms = answer.model, compute_ms + answer.compute_ms
            for place, there in zip(batch, answer.faces, strict=True):
                found[place] = to_display([face for face in there if face.score >= least_score], canvas)
            report(seen + len(found))
        wanted = [middle for run in runs for middle in frames_to_check(run, found)]
    return FacesFound(faces=interpolate_faces(runs, found, at_ms), model=model, compute_ms=compute_ms)


def frames_by_shot(at_ms: Sequence[int], shots: Sequence[TimeRange]) -> list[list[int]]:
    """Group the numbers of the frames by shot."""

    def shot_of(place: int) -> int:
        inside = (number for number, shot in enumerate(shots) if shot.start_ms <= at_ms[place] < shot.end_ms)
        return next(inside, -1)

    return [list(run) for _, run in groupby(range(len(at_ms)), key=shot_of)]


def frames_to_check(run: Sequence[int], found: FacesByFrame) -> list[int]:
    """Return the frame in the middle of each gap between looks that disagree."""
    looked = [place for place in run if place in found]
    gaps = [(one, other) for one, other in pairwise(looked) if other - one > 1]
    return [(one + other) // 2 for one, other in gaps if match_faces(found[one], found[other]) is None]


def interpolate_faces(runs: Sequence[Sequence[int]], found: FacesByFrame, at_ms: Sequence[int]) -> list[list[Face]]:
    """Return the faces of every frame, interpolated where it was not searched."""
    whole = dict(found)
    for run in runs:
        looked = [place for place in run if place in found]
        for one, other in pairwise(looked):
            pairs = match_faces(found[one], found[other]) if other - one > 1 else None
            for place in range(one + 1, other):
                share = (at_ms[place] - at_ms[one]) / max(1, at_ms[other] - at_ms[one])
                whole[place] = [_interpolate(first, second, share) for first, second in pairs or []]
    return [whole[place] for place in range(len(at_ms))]


def match_faces(ones: Sequence[Face], others: Sequence[Face]) -> list[tuple[Face, Face]] | None:
    """Pair the faces of two looks; None where one came, went or moved."""
    if len(ones) != len(others):
        return None
    left, pairs = list(others), list[tuple[Face, Face]]()
    for one in ones:
        near = max(left, key=lambda other: intersection_over_union(one.box, other.box))
        if intersection_over_union(one.box, near.box) < MIN_SAME_FACE_IOU_RATIO:
            return None
        left.remove(near)
        pairs.append((one, near))
    return pairs


def _interpolate(one: Face, other: Face, share: float) -> Face:
    x, y, width, height, score = (
        round((1 - share) * first + share * second, 3)
        for first, second in zip(
            (one.box.x, one.box.y, one.box.width, one.box.height, one.score),
            (other.box.x, other.box.y, other.box.width, other.box.height, other.score),
            strict=True,
        )
    )
    return Face(box=Box(x=x, y=y, width=width, height=height), score=score)


def _read_frames(path: Path, canvas: Canvas, count: int, places: Sequence[int]) -> UInt8:
    whole = np.memmap(path, np.uint8, "r", shape=(count, canvas.height, canvas.width, 3))
    return np.ascontiguousarray(whole[list(places)])
