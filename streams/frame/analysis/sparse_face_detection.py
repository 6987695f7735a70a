"""Looks for faces in fewer pictures where nobody moves: between two looks that agree none is needed. Decides no track.

First every fourth picture of a shot is looked at, and its first and last. Where two looks that follow each other find
the same faces in the same places, what lies between them is read off the two; else the picture in the middle is looked
at too, until there is none left between. So a head that sits still costs a quarter, one that walks all of it, and every
picture has its faces either way.
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
STRIDE_FRAMES = 4
"""Of the pictures of a shot so many go by from one look to the next; a power of two."""
MIN_SAME_FACE_IOU_RATIO = 0.85
"""Boxes that share at least this much (intersection over union) are one face that stayed. At 0.7 a walker was lost."""

FacesByFrame = dict[int, list[Face]]
"""Faces of the looked-at pictures, by number."""


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
    """Faces of each of the pictures in ``path``, taken ``at_ms``, that score ``least_score``, in display pixels.

    ``shots``: stretches over which nobody is followed. ``report`` is told ``seen`` plus the pictures looked at so far.
    Raises Unavailable when the detector does not answer.
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
    """Numbers of the pictures, those of one shot together."""

    def shot_of(place: int) -> int:
        inside = (number for number, shot in enumerate(shots) if shot.start_ms <= at_ms[place] < shot.end_ms)
        return next(inside, -1)

    return [list(run) for _, run in groupby(range(len(at_ms)), key=shot_of)]


def frames_to_check(run: Sequence[int], found: FacesByFrame) -> list[int]:
    """Pictures between looks that do not agree, one in the middle of each such gap."""
    looked = [place for place in run if place in found]
    gaps = [(one, other) for one, other in pairwise(looked) if other - one > 1]
    return [(one + other) // 2 for one, other in gaps if match_faces(found[one], found[other]) is None]


def interpolate_faces(runs: Sequence[Sequence[int]], found: FacesByFrame, at_ms: Sequence[int]) -> list[list[Face]]:
    """The faces of every picture, those that were not looked at from the looks before and after."""
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
    """The faces of two looks, each with itself; None where one came, went or moved."""
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
