"""Active speaker detection: which face speaks when, by Viterbi over lip and voice evidence. Pure.

A voice that no face explains is off screen and is given to no face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.clip_tracks import FaceTrack, Mouth, SpeakingTurn, VoiceCurve
from streams.frame.analysis.face_tracking import mouths_by_track
from streams.frame.scene.camera_angles import group_faces
from streams.frame.speaker.evidence import (
    STEP_MS,
    STEP_WEIGHTS,
    VOICE_WEIGHTS,
    Floats,
    measure_evidence,
    resample_mouths,
    sound_level,
    speech_steps,
    weigh_evidence,
)
from streams.frame.speaker.voice_matching import HeardVoices, voice_evidence

MIN_MOUTH_COUNT = 3
"""Minimum marks of a mouth in a shot for it to count as evidence."""
SWITCH_PENALTY = 4.0
"""Evidence that a change of speaker needs, summed over its steps."""


class ShotEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence for each face of a shot on ``steps`` (n,): ``scores`` (n, 1 + tracks).

    Column 0 is off screen. ``pooled`` has the same shape and is for evidence summed over many steps. ``lips`` is
    ``scores`` without voices.
    """

    shot: TimeRange
    steps: Floats
    heard: NDArray[np.bool_]
    scores: Floats
    lips: Floats
    pooled: Floats
    tracks: list[int]


def best_path(scores: Floats, switch_cost: float) -> NDArray[np.intp]:
    """Return the most likely speaker of each step (n,) from scores (n, speakers).

    This is Viterbi with a penalty for each change of speaker.
    """
    count, speakers = scores.shape
    total, came = np.zeros((count, speakers)), np.zeros((count, speakers), np.intp)
    floor = np.maximum(scores, -1e3)
    total[0] = floor[0]
    for step in range(1, count):
        stay, leave = total[step - 1], total[step - 1].max() - switch_cost
        came[step] = np.where(stay >= leave, np.arange(speakers), int(np.argmax(total[step - 1])))
        total[step] = np.maximum(stay, leave) + floor[step]
    path = np.zeros(count, np.intp)
    path[-1] = int(np.argmax(total[-1]))
    for step in range(count - 1, 0, -1):
        path[step - 1] = came[step][path[step]]
    return path


def weigh_shot(
    shot: TimeRange, mouths: Mapping[int, Sequence[Mouth]], voice: VoiceCurve, speech: Sequence[TimeRange] | None
) -> ShotEvidence | None:
    """Weigh the evidence for each face of a shot, ``mouths`` by track; None without evidence."""
    steps = np.arange(shot.start_ms, shot.end_ms, STEP_MS, dtype=np.float64)
    faces = [
        resample_mouths(steps, seen, track) for track, seen in sorted(mouths.items()) if len(seen) >= MIN_MOUTH_COUNT
    ]
    if not faces or not len(steps) or not voice.level_db:
        return None
    sound = sound_level(steps, voice)
    kinds = [measure_evidence(face, sound) for face in faces]
    nobody = np.zeros(len(steps))
    alone, pooled = (
        np.stack([nobody, *(weigh_evidence(one, weights) for one in kinds)], axis=1)
        for weights in (STEP_WEIGHTS, VOICE_WEIGHTS)
    )
    return ShotEvidence(
        shot=shot,
        steps=steps,
        heard=speech_steps(steps, voice, speech),
        scores=alone,
        lips=alone,
        pooled=pooled,
        tracks=[face.track for face in faces],
    )


def add_voices(shots: Sequence[ShotEvidence], tracks: Sequence[FaceTrack], voices: HeardVoices) -> list[ShotEvidence]:
    """Add voice evidence to the shots of one camera angle, in order of time, for the people in them all."""
    if not shots:
        return []
    person = {track.track: place for place, group in enumerate(group_faces(tracks)) for track in group}
    joined = []
    for one in shots:
        columns = np.full((len(one.steps), 1 + len(tracks)), -np.inf)
        columns[:, 0] = 0.0
        for column, track in enumerate(one.tracks, start=1):
            place = 1 + person[track]
            columns[:, place] = np.maximum(columns[:, place], one.pooled[:, column])
        joined.append(columns)
    everybody = 1 + max(person.values())
    steps, heard = (np.concatenate([getattr(one, name) for one in shots]) for name in ("steps", "heard"))
    added = voice_evidence(np.concatenate(joined)[:, : 1 + everybody], steps, heard, voices)
    told, place = [], 0
    for one in shots:
        part = added[place : place + len(one.steps)]
        more = part[:, [0, *(1 + person[track] for track in one.tracks)]]
        told.append(msgspec.structs.replace(one, scores=one.scores + more))
        place += len(one.steps)
    return told


def _margin(scores: Floats, who: int) -> float:
    """Return the mean margin of evidence for one face over the next best.

    If it is alone, over off screen.
    """
    others = np.delete(scores, [0, who] if scores.shape[1] > 2 else [who], axis=1).max(axis=1)
    known = np.isfinite(scores[:, who])
    return float(np.mean(np.clip(scores[known, who] - others[known], -20.0, 20.0))) if known.any() else -20.0


def turns_of_shot(one: ShotEvidence) -> list[SpeakingTurn]:
    """Return who speaks when in one shot."""
    scores = one.scores.copy()
    scores[~one.heard] = np.where(np.isfinite(scores[~one.heard]), 0.0, scores[~one.heard])
    path = np.where(one.heard, best_path(scores, SWITCH_PENALTY), 0)
    turns, place = [], 0
    for who, run in groupby(path.tolist()):
        length = len(list(run))
        if who:
            here = slice(place, place + length)
            margin = min(_margin(scores[here], who), _margin(one.lips[here], who))
            start_ms = int(one.steps[place])
            time = TimeRange(start_ms=start_ms, end_ms=min(one.shot.end_ms, start_ms + length * STEP_MS))
            confidence = round(1.0 / (1.0 + float(np.exp(-margin))), 3)
            turns.append(SpeakingTurn(track=one.tracks[who - 1], range=time, confidence=confidence))
        place += length
    return turns


def find_speaking_turns(
    tracks: Sequence[FaceTrack],
    shots: Sequence[TimeRange],
    mouths: Sequence[Mouth],
    voice: VoiceCurve | None,
    speech: Sequence[TimeRange] | None,
    voices: HeardVoices | None = None,
    angles: Sequence[Sequence[int]] = (),
) -> list[SpeakingTurn]:
    """Find the turns of all shots, in order; none without sound.

    ``speech``: where voices were detected, None if unknown. ``voices``: how the speech sounds. ``angles``: numbers of
    the shots of each camera angle; by default each shot is one of its own.
    """
    if voice is None or not voice.level_db:
        return []
    by_track = mouths_by_track(mouths, tracks)
    found: dict[int, ShotEvidence] = {}
    for number, shot in enumerate(shots):
        here = {track.track: by_track[track.track] for track in tracks if track.shot == number}
        one = weigh_shot(shot, here, voice, speech)
        if one is not None:
            found[number] = one
    for angle in angles or [[number] for number in found]:
        if voices is None:
            break
        numbers = [number for number in angle if number in found]
        members = [track for track in tracks if track.shot in angle]
        found |= zip(numbers, add_voices([found[number] for number in numbers], members, voices), strict=True)
    return [turn for number in sorted(found) for turn in turns_of_shot(found[number])]
