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
    total, origin = np.zeros((count, speakers)), np.zeros((count, speakers), np.intp)
    floor = np.maximum(scores, -1e3)
    total[0] = floor[0]
    for step in range(1, count):
        stay, leave = total[step - 1], total[step - 1].max() - switch_cost
        origin[step] = np.where(stay >= leave, np.arange(speakers), int(np.argmax(total[step - 1])))
        total[step] = np.maximum(stay, leave) + floor[step]
    path = np.zeros(count, np.intp)
    path[-1] = int(np.argmax(total[-1]))
    for step in range(count - 1, 0, -1):
        path[step - 1] = origin[step][path[step]]
    return path


def weigh_shot(
    shot: TimeRange, mouths: Mapping[int, Sequence[Mouth]], voice: VoiceCurve, speech: Sequence[TimeRange] | None
) -> ShotEvidence | None:
    """Weigh the evidence for each face of a shot, ``mouths`` by track; None without evidence."""
    steps = np.arange(shot.start_ms, shot.end_ms, STEP_MS, dtype=np.float64)
    faces = [
        resample_mouths(steps, track_mouths, track)
        for track, track_mouths in sorted(mouths.items())
        if len(track_mouths) >= MIN_MOUTH_COUNT
    ]
    if not faces or not len(steps) or not voice.level_db:
        return None
    sound = sound_level(steps, voice)
    kinds = [measure_evidence(face, sound) for face in faces]
    off_screen = np.zeros(len(steps))
    alone, pooled = (
        np.stack([off_screen, *(weigh_evidence(face_evidence, weights) for face_evidence in kinds)], axis=1)
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
    for evidence in shots:
        columns = np.full((len(evidence.steps), 1 + len(tracks)), -np.inf)
        columns[:, 0] = 0.0
        for column, track in enumerate(evidence.tracks, start=1):
            place = 1 + person[track]
            columns[:, place] = np.maximum(columns[:, place], evidence.pooled[:, column])
        joined.append(columns)
    person_count = 1 + max(person.values())
    steps, speech = (np.concatenate([getattr(evidence, name) for evidence in shots]) for name in ("steps", "heard"))
    added = voice_evidence(np.concatenate(joined)[:, : 1 + person_count], steps, speech, voices)
    with_voices, place = [], 0
    for evidence in shots:
        part = added[place : place + len(evidence.steps)]
        more = part[:, [0, *(1 + person[track] for track in evidence.tracks)]]
        with_voices.append(msgspec.structs.replace(evidence, scores=evidence.scores + more))
        place += len(evidence.steps)
    return with_voices


def _margin(scores: Floats, speaker: int) -> float:
    """Return the mean margin of evidence for one face over the next best.

    If it is alone, over off screen.
    """
    next_best = np.delete(scores, [0, speaker] if scores.shape[1] > 2 else [speaker], axis=1).max(axis=1)
    finite = np.isfinite(scores[:, speaker])
    return float(np.mean(np.clip(scores[finite, speaker] - next_best[finite], -20.0, 20.0))) if finite.any() else -20.0


def turns_of_shot(evidence: ShotEvidence) -> list[SpeakingTurn]:
    """Return who speaks when in one shot."""
    scores = evidence.scores.copy()
    scores[~evidence.heard] = np.where(np.isfinite(scores[~evidence.heard]), 0.0, scores[~evidence.heard])
    path = np.where(evidence.heard, best_path(scores, SWITCH_PENALTY), 0)
    turns, place = [], 0
    for speaker, run in groupby(path.tolist()):
        length = len(list(run))
        if speaker:
            run_steps = slice(place, place + length)
            margin = min(_margin(scores[run_steps], speaker), _margin(evidence.lips[run_steps], speaker))
            start_ms = int(evidence.steps[place])
            time = TimeRange(start_ms=start_ms, end_ms=min(evidence.shot.end_ms, start_ms + length * STEP_MS))
            confidence = round(1.0 / (1.0 + float(np.exp(-margin))), 3)
            turns.append(SpeakingTurn(track=evidence.tracks[speaker - 1], range=time, confidence=confidence))
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
    evidence_by_shot: dict[int, ShotEvidence] = {}
    for number, shot in enumerate(shots):
        shot_mouths = {track.track: by_track[track.track] for track in tracks if track.shot == number}
        evidence = weigh_shot(shot, shot_mouths, voice, speech)
        if evidence is not None:
            evidence_by_shot[number] = evidence
    for angle in angles or [[number] for number in evidence_by_shot]:
        if voices is None:
            break
        numbers = [number for number in angle if number in evidence_by_shot]
        members = [track for track in tracks if track.shot in angle]
        evidence_by_shot |= zip(
            numbers, add_voices([evidence_by_shot[number] for number in numbers], members, voices), strict=True
        )
    return [turn for number in sorted(evidence_by_shot) for turn in turns_of_shot(evidence_by_shot[number])]
