"""Tracks faces through each shot: bridges gaps, drops blips, never crosses a cut. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from core.domain.framing.boxes import intersection_over_union
from schemas.common import Box, Face, TimeRange
from schemas.documents.clip_tracks import FaceSample, FaceTrack, Mouth
from schemas.documents.scene import Transition

START_SCORE = 0.5
"""Minimum score that begins a track."""
KEEP_SCORE = 0.3
"""Minimum score that continues one: a face in profile or half hidden is found with less certainty."""
MAX_GAP_MS = 1_500
"""Longest gap in a track."""
MIN_SAMPLES = 3
"""Minimum looks of a track."""
MIN_LENGTH_MS = 400
"""Minimum length of a track."""
SHORT_SHOT_MS = 1_200
"""Length below which a shot keeps all its tracks."""
MAX_CENTRE_STEP = 0.9
"""Farthest move of a face's centre between two looks, in face widths (mean of both)."""
MAX_SIZE_STEP = 1.8
"""Largest ratio of widths between two looks."""
MAX_BRIDGED_MS = 600
"""Longest time between two looks in which a face is interpolated."""

Detections = Sequence[tuple[int, Sequence[Face]]]
"""Time and faces of each analysed frame, in order of time."""


def box_closeness(first: Box, second: Box) -> float:
    """Rate two boxes as the same face a moment apart: 0 (not) to 2, overlap plus nearness of centres."""
    width = (first.width + second.width) / 2
    ratio = max(first.width, second.width) / max(1e-6, min(first.width, second.width))
    step_x = (first.x + first.width / 2) - (second.x + second.width / 2)
    step_y = (first.y + first.height / 2) - (second.y + second.height / 2)
    step = float((step_x**2 + step_y**2) ** 0.5) / max(1e-6, width)
    if ratio > MAX_SIZE_STEP or step > MAX_CENTRE_STEP:
        return 0.0
    return intersection_over_union(first, second) + (1.0 - step / MAX_CENTRE_STEP) + 1e-3


def _assign_faces(open_tracks: list[list[FaceSample]], at_ms: int, faces: Sequence[Face]) -> list[Face]:
    """Give each open track its best face, best pairs first, and return the faces left over."""
    pairs = [
        (box_closeness(track[-1].face.box, face.box), number, place)
        for number, track in enumerate(open_tracks)
        if at_ms - track[-1].at_ms <= MAX_GAP_MS
        for place, face in enumerate(faces)
    ]
    taken_tracks: set[int] = set()
    taken_faces: set[int] = set()
    for score, number, place in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if score > 0 and number not in taken_tracks and place not in taken_faces:
            open_tracks[number].append(FaceSample(at_ms=at_ms, face=faces[place]))
            taken_tracks.add(number)
            taken_faces.add(place)
    return [face for place, face in enumerate(faces) if place not in taken_faces]


def _is_steady(track: Sequence[FaceSample], shot: TimeRange) -> bool:
    """Tell whether a track is no blip: enough looks and length, unless the shot itself is short."""
    if shot.length_ms < SHORT_SHOT_MS:
        return bool(track)
    return len(track) >= MIN_SAMPLES and track[-1].at_ms - track[0].at_ms >= MIN_LENGTH_MS


def track_faces_in_shot(detections: Detections, shot: TimeRange) -> list[list[FaceSample]]:
    """Return the tracks of one shot, longest first."""
    tracks: list[list[FaceSample]] = []
    for at_ms, faces in detections:
        if shot.start_ms <= at_ms < shot.end_ms:
            sure = [face for face in faces if face.score >= KEEP_SCORE]
            left = _assign_faces(tracks, at_ms, sure)
            tracks += [[FaceSample(at_ms=at_ms, face=face)] for face in left if face.score >= START_SCORE]
    steady = [track for track in tracks if _is_steady(track, shot)]
    return sorted(steady, key=lambda track: (-len(track), track[0].at_ms, track[0].face.box.x))


def track_faces(detections: Detections, shots: Sequence[TimeRange]) -> list[FaceTrack]:
    """Return the face tracks of a clip, numbered in order of the shots."""
    shot_samples = [
        (shot, samples) for shot, when in enumerate(shots) for samples in track_faces_in_shot(detections, when)
    ]
    return [FaceTrack(track=number, shot=shot, samples=samples) for number, (shot, samples) in enumerate(shot_samples)]


def without_mixed_frames(detections: Detections, transitions: Sequence[Transition]) -> list[tuple[int, Sequence[Face]]]:
    """Drop the faces of frames inside a dissolve: those of the other shot shine through."""
    mixed = [transition.range for transition in transitions]
    return [
        (at_ms, [] if any(part.start_ms < at_ms < part.end_ms for part in mixed) else faces)
        for at_ms, faces in detections
    ]


def detections_of(tracks: Iterable[FaceTrack]) -> list[tuple[int, list[Face]]]:
    """Return the faces of tracks by time, to track them again over other shots."""
    by_time: dict[int, list[Face]] = {}
    for track in tracks:
        for sample in track.samples:
            faces = by_time.setdefault(sample.at_ms, [])
            if sample.face not in faces:
                faces.append(sample.face)
    return sorted(by_time.items())


def box_at(track: FaceTrack, at_ms: int) -> Box | None:
    """Interpolate the box of a face at a time; None where it was not found near it."""
    times = [sample.at_ms for sample in track.samples]
    after = int(np.searchsorted(times, at_ms))
    if after < len(times) and times[after] == at_ms:
        return track.samples[after].face.box
    if not 0 < after < len(times) or times[after] - times[after - 1] > MAX_BRIDGED_MS:
        return None
    earlier_box, later_box = track.samples[after - 1].face.box, track.samples[after].face.box
    share = (at_ms - times[after - 1]) / (times[after] - times[after - 1])
    return Box(
        x=earlier_box.x + share * (later_box.x - earlier_box.x),
        y=earlier_box.y + share * (later_box.y - earlier_box.y),
        width=earlier_box.width + share * (later_box.width - earlier_box.width),
        height=earlier_box.height + share * (later_box.height - earlier_box.height),
    )


def mouths_by_track(mouths: Sequence[Mouth], tracks: Sequence[FaceTrack]) -> dict[int, list[Mouth]]:
    """Assign mouths to the tracks that have a box around them at their time."""
    by_track: dict[int, list[Mouth]] = {track.track: [] for track in tracks}
    for mouth in mouths:
        near: tuple[float, int] | None = None
        for track in tracks:
            if not track.samples or not track.samples[0].at_ms <= mouth.at_ms <= track.samples[-1].at_ms:
                continue
            box = box_at(track, mouth.at_ms)
            if box is None:
                continue
            distance_x = abs(mouth.x - box.x - box.width / 2) / max(1.0, box.width)
            distance_y = abs(mouth.y - box.y - box.height / 2) / max(1.0, box.height)
            distance = max(distance_x, distance_y)
            if distance < 0.5 and (near is None or distance < near[0]):
                near = distance, track.track
        if near is not None:
            by_track[near[1]].append(mouth)
    return by_track
