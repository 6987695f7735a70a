"""Heads that are turned aside: behind the face there is as much of a head as before it there is none. Pure.

A detector's box ends at brow, chin and the edge of a cheek; of a face in profile that is little more than half of a
head, and a crop that held the box alone would cut the other half off.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import radians, sin

import msgspec
import numpy as np

from schemas.documents.clip_tracks import FaceSample, FaceTrack, Mouth
from streams.frame.speaker.evidence import mouths_by_track

BACK_OF_HEAD_RATIO = 0.3
"""Widths of the box that a head in full profile reaches on behind it, the hair of any head aside."""
MAX_MARK_DISTANCE_MS = 1_000
"""A head is turned as at the marks of its face so near; where there are none it looks ahead."""


def widen_turned_heads(tracks: Sequence[FaceTrack], mouths: Sequence[Mouth]) -> list[FaceTrack]:
    """The same tracks, their boxes as wide as the heads that are turned aside."""
    marked = mouths_by_track(mouths, tracks)
    return [
        msgspec.structs.replace(track, samples=[_widen_sample(one, marked[track.track]) for one in track.samples])
        if marked[track.track]
        else track
        for track in tracks
    ]


def _widen_sample(sample: FaceSample, marks: Sequence[Mouth]) -> FaceSample:
    near = [one.yaw_deg for one in marks if abs(one.at_ms - sample.at_ms) <= MAX_MARK_DISTANCE_MS]
    box = sample.face.box
    back = BACK_OF_HEAD_RATIO * box.width * sin(radians(float(np.median(near)))) if near else 0.0
    wider = msgspec.structs.replace(box, x=box.x - max(0.0, back), width=box.width + abs(back))
    return msgspec.structs.replace(sample, face=msgspec.structs.replace(sample.face, box=wider))
