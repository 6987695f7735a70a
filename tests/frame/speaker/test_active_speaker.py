"""Active speaker: lip evidence of one shot counts in the next of the same camera angle, not of others."""

from __future__ import annotations

import msgspec
import numpy as np

from schemas.common import TimeRange
from schemas.documents.clip_tracks import FaceSample, FaceTrack, Mouth, SpeakingTurn, VoiceCurve
from streams.frame.scene.camera_angles import MIN_TURN_CONFIDENCE
from streams.frame.speaker.active_speaker import find_speaking_turns
from streams.frame.speaker.voice_matching import HeardVoices
from tests.frame.speaker.test_evidence import LEFT, RIGHT, SHOT, lips, share, spoken, track, voice

NEXT = TimeRange(start_ms=12_000, end_ms=24_000)
LEVEL = spoken(1, 0, 12_000)


def later(one: FaceTrack, number: int) -> FaceTrack:
    samples = [FaceSample(at_ms=sample.at_ms + 12_000, face=sample.face) for sample in one.samples]
    return FaceTrack(track=number, shot=1, samples=samples)


def mouths_of_both() -> list[Mouth]:
    """First only the left one's lips follow the sound; then, with the same voice, those of the right do a little."""
    still = [msgspec.structs.replace(mouth, stir=0.0003, opening=0.001) for mouth in lips(RIGHT, LEVEL)]
    unsure = lips(LEFT, spoken(5, 0, 12_000)) + lips(RIGHT, spoken(6, 0, 12_000))
    return lips(LEFT, LEVEL) + still + [msgspec.structs.replace(one, at_ms=one.at_ms + 12_000) for one in unsure]


def speaking_turns(angles: list[list[int]], voices: HeardVoices | None) -> list[SpeakingTurn]:
    tracks = [track(0, LEFT), track(1, RIGHT), later(track(0, LEFT), 2), later(track(1, RIGHT), 3)]
    once = voice(LEVEL)
    twice = VoiceCurve(start_ms=0, step_ms=40, level_db=[*once.level_db, *once.level_db])
    return find_speaking_turns(tracks, [SHOT, NEXT], mouths_of_both(), twice, [SHOT, NEXT], voices, angles)


def alternating_voices() -> HeardVoices:
    starts = list(range(0, 24_000, 2000))
    rows = np.tile(np.array([[1.0, 0.0]], np.float32), (len(starts), 1))
    return HeardVoices(starts_ms=starts, ends_ms=[at + 1600 for at in starts], rows=rows)


def test_a_voice_keeps_its_face_over_the_shots_of_an_angle() -> None:
    turns = speaking_turns([[0, 1]], alternating_voices())
    assert share(turns, 0, 0, 12_000) > 0.9
    assert share(turns, 2, 12_000, 24_000) > 0.9
    assert [turn.range.start_ms for turn in turns] == sorted(turn.range.start_ms for turn in turns)


def test_evidence_of_the_voice_alone_is_not_sure() -> None:
    turns = speaking_turns([[0, 1]], alternating_voices())
    sure = {turn.track: turn.confidence for turn in turns}
    assert sure[0] > MIN_TURN_CONFIDENCE > sure[2]


def test_shots_of_other_angles_are_judged_by_themselves() -> None:
    apart = speaking_turns([[0], [1]], alternating_voices())
    assert share(apart, 0, 0, 12_000) > 0.9
    assert share(apart, 2, 12_000, 24_000) < 0.5
