"""Mouth features of tracked faces: crops for the landmark model; opening, movement, pose. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.documents.clip_tracks import FaceTrack, Mouth
from streams.frame.analysis.face_tracking import MAX_BRIDGED_MS, box_at
from streams.frame.speaker.eye_openness import measure_eye_openness
from streams.vision.canvas import Canvas

UInt8 = NDArray[np.uint8]
Floats = NDArray[np.float32]

CROP_SIDE_PX = 192
"""Side of the model's input."""
CROP_TO_FACE_RATIO = 1.5
"""Side of a crop in heights of the detector's box, which ends at brow and chin."""
MIN_FACE_PX = 14
"""Minimum height of a face in the analysed frame for its lips to be seen."""
MIN_EYES_FACE_PX = 40
"""Minimum height of a face for its lids: at 36 px nine in ten measure within 0.14 of what they do when large, at 28 px
within 0.25, and some shut eyes look open."""
MAX_FACES = 4
"""Maximum faces of a frame, the largest: a crowd costs no more than a panel."""
MIN_LANDMARK_SCORE = 0.5
"""Minimum score of the model for a crop to show a face."""
BROW, CHIN, LIP_TOP, LIP_BOTTOM = 10, 152, 13, 14
LIPS = (61, 291, 0, 17, 13, 14, 78, 308, 37, 267, 84, 314, 82, 312, 87, 317)
STILL_POINTS = (1, 4, 6, 33, 133, 263, 362, 10, 109, 338, 168, 197, 127, 356)
"""Landmarks that speech does not move: nose, eyes, brow, temples."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """One face to be marked: its frame, its track, the square to cut out in pixels of the grey frame."""

    picture: int
    at_ms: int
    track: int
    left: float
    top: float
    side: float


def find_spots(tracks: Sequence[FaceTrack], at_ms: Sequence[int], canvas: Canvas) -> list[Spot]:
    """Return the faces of each frame that are worth marking, its largest first."""
    spots: list[Spot] = []
    for picture, when in enumerate(at_ms):
        faces = [(box, track.track) for track in tracks if (box := box_at(track, when)) is not None]
        faces = [(box, track) for box, track in faces if box.height * canvas.scale >= MIN_FACE_PX]
        for box, track in sorted(faces, key=lambda face: -face[0].height)[:MAX_FACES]:
            side = CROP_TO_FACE_RATIO * max(box.width, box.height) * canvas.scale
            middle_x, middle_y = (box.x + box.width / 2) * canvas.scale, (box.y + box.height / 2) * canvas.scale
            left, top = middle_x - side / 2, middle_y - side / 2
            spots.append(Spot(picture=picture, at_ms=when, track=track, left=left, top=top, side=side))
    return spots


def cut_crops(pictures: UInt8, spots: Sequence[Spot]) -> UInt8:
    """Cut crops (n, 192, 192, 3) out of grey frames (m, height, width); black outside the frame."""
    crops = np.zeros((len(spots), CROP_SIDE_PX, CROP_SIDE_PX, 3), np.uint8)
    for number, spot in enumerate(spots):
        corners = (spot.left, spot.top, spot.left + spot.side, spot.top + spot.side)
        frame = Image.fromarray(np.asarray(pictures[spot.picture]))
        square = frame.transform(
            (CROP_SIDE_PX, CROP_SIDE_PX), Image.Transform.EXTENT, corners, Image.Resampling.BILINEAR
        )
        crops[number] = np.asarray(square)[..., None]
    return crops


def _align_heads(points: Floats, before: Floats) -> Floats:
    """Turn, scale and move ``points`` (468, 3) so that the still ones match those of ``before``.

    Only x and y are aligned.
    """
    still = np.array(STILL_POINTS)
    current, previous = points[still, :2].astype(np.float64), before[still, :2].astype(np.float64)
    current_offsets, previous_offsets = current - current.mean(axis=0), previous - previous.mean(axis=0)
    size = max(1e-6, float((current_offsets * current_offsets).sum()))
    along = float((current_offsets * previous_offsets).sum()) / size
    across = (
        float((current_offsets[:, 0] * previous_offsets[:, 1] - current_offsets[:, 1] * previous_offsets[:, 0]).sum())
        / size
    )
    turn = np.array([[along, across], [-across, along]])
    result: Floats = ((points[:, :2] - current.mean(axis=0)) @ turn + previous.mean(axis=0)).astype(np.float32)
    return result


def measure_mouth(spot: Spot, points: Floats, before: Floats | None, canvas: Canvas) -> Mouth:
    """Measure a face from its points (468, 3) in its crop; ``before``: its points at the last look."""
    height = max(1e-6, float(np.linalg.norm(points[BROW] - points[CHIN])))
    stir = 0.0
    if before is not None:
        lips = np.array(LIPS)
        movement = _align_heads(points, before)[lips] - before[lips, :2]
        movement -= movement.mean(axis=0) * 0.5
        stir = float(np.sqrt((movement * movement).sum(axis=1)).mean()) / height
    scale = spot.side / CROP_SIDE_PX
    middle = points[:, :2].mean(axis=0) * scale + (spot.left, spot.top)
    return Mouth(
        at_ms=spot.at_ms,
        x=round(float(middle[0]) / canvas.scale, 1),
        y=round(float(middle[1]) / canvas.scale, 1),
        height_px=round(height * scale / canvas.scale, 1),
        opening=round(float(np.linalg.norm(points[LIP_TOP] - points[LIP_BOTTOM])) / height, 4),
        stir=round(stir, 4),
        yaw_deg=_degrees(points[454, 2] - points[234, 2], points[454, 0] - points[234, 0]),
        pitch_deg=_degrees(points[CHIN, 2] - points[BROW, 2], points[CHIN, 1] - points[BROW, 1]),
        roll_deg=_degrees(points[263, 1] - points[33, 1], points[263, 0] - points[33, 0]),
        eyes=round(measure_eye_openness(points), 2) if spot.side >= CROP_TO_FACE_RATIO * MIN_EYES_FACE_PX else None,
    )


def _degrees(rise: float, run: float) -> float:
    return round(float(np.degrees(np.arctan2(rise, run))), 1)


def measure_mouths(
    spots: Sequence[Spot], points: Sequence[Floats], scores: Sequence[float], canvas: Canvas
) -> list[Mouth]:
    """Measure the mouth of each spot whose crop shows a face, in order of time.

    Movement is relative to the last look at the same track.
    """
    last: dict[int, tuple[int, Floats]] = {}
    mouths = []
    for spot, marked, score in zip(spots, points, scores, strict=True):
        if score < MIN_LANDMARK_SCORE:
            continue
        when, before = last.get(spot.track, (spot.at_ms, None))
        near = before is not None and spot.at_ms - when <= MAX_BRIDGED_MS
        mouths.append(measure_mouth(spot, marked, before if near else None, canvas))
        last[spot.track] = spot.at_ms, marked
    return mouths
