"""Widen the boxes of heads that are turned aside. Pure.

A detector's box ends at brow, chin and the edge of a cheek. In profile that is little more than half of the head: a
crop around the box would cut the back of the head off.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import radians, sin

import msgspec
import numpy as np

from schemas.documents.clip_tracks import FaceSample, FaceTrack, Mouth
from streams.frame.analysis.face_tracking import mouths_by_track

BACK_OF_HEAD_RATIO = 0.3
"""Room behind a head in full profile, in widths of the detector's box, without hair."""
MAX_MARK_DISTANCE_MS = 1_000
"""Farthest landmarks in time from which a head's turn is taken; without any it looks ahead."""


def widen_turned_heads(tracks: Sequence[FaceTrack], mouths: Sequence[Mouth]) -> list[FaceTrack]:
    """Return the tracks with boxes as wide as heads that are turned aside."""
    marked = mouths_by_track(mouths, tracks)
    return [
        msgspec.structs.replace(track, samples=[_widen_sample(sample, marked[track.track]) for sample in track.samples])
        if marked[track.track]
        else track
        for track in tracks
    ]


def _widen_sample(sample: FaceSample, marks: Sequence[Mouth]) -> FaceSample:
    near = [mark.yaw_deg for mark in marks if abs(mark.at_ms - sample.at_ms) <= MAX_MARK_DISTANCE_MS]
    box = sample.face.box
    back = BACK_OF_HEAD_RATIO * box.width * sin(radians(float(np.median(near)))) if near else 0.0
    wider = msgspec.structs.replace(box, x=box.x - max(0.0, back), width=box.width + abs(back))
    return msgspec.structs.replace(sample, face=msgspec.structs.replace(sample.face, box=wider))
