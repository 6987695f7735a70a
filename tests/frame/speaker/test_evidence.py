"""Speaker evidence: lips that move with the sound speak; no speaker without sound; short shots do not crash."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from schemas.common import Box, Face, TimeRange
from schemas.documents.clip_tracks import FaceSample, FaceTrack, Mouth, VoiceCurve
from streams.frame.analysis.face_tracking import mouths_by_track
from streams.frame.scene.camera_angles import build_cast, group_faces
from streams.frame.speaker.active_speaker import best_path, find_speaking_turns

SHOT = TimeRange(start_ms=0, end_ms=12_000)
LEFT, RIGHT = 200.0, 900.0


def track(number: int, x: float, size: float = 160) -> FaceTrack:
    face = Face(box=Box(x=x - size / 2, y=100, width=size, height=size), score=0.9)
    return FaceTrack(track=number, shot=0, samples=[FaceSample(at_ms=at, face=face) for at in range(0, 12_000, 160)])


def mouth(at_ms: int, x: float, stir: float) -> Mouth:
    return Mouth(
        at_ms=at_ms, x=x, y=180, height_px=160, opening=4 * stir, stir=stir, yaw_deg=0, pitch_deg=0, roll_deg=0
    )


def spoken(seed: int, start_ms: int, end_ms: int) -> dict[int, float]:
    """Syllables: level of each 40 ms, -20 to -45 dB; silence outside."""
    random = np.random.default_rng(seed)
    beats = np.repeat(random.choice([0.0, 1.0], 400), 3)
    return {at: -45 + 25 * beats[at // 40] if start_ms <= at < end_ms else -80 for at in range(0, 12_000, 40)}


def voice(*parts: dict[int, float]) -> VoiceCurve:
    level = [max(part[at] for part in parts) for at in range(0, 12_000, 40)]
    return VoiceCurve(start_ms=0, step_ms=40, level_db=level)


def lips(x: float, level: dict[int, float], noise: float = 0.0005) -> list[Mouth]:
    """A mouth that moves when its sound changes."""
    random = np.random.default_rng(int(x))
    found = []
    for at in range(80, 12_000, 80):
        change = abs(level[at] - level[at - 80]) / 25
        found.append(mouth(at, x, noise * random.uniform(0.5, 1.5) + 0.012 * change))
    return found


def share(turns: list, number: int, start_ms: int, end_ms: int) -> float:
    time = TimeRange(start_ms=start_ms, end_ms=end_ms)
    return sum(turn.range.overlap_ms(time) for turn in turns if turn.track == number) / time.length_ms


def test_two_people_speak_in_turn() -> None:
    first, second = spoken(1, 500, 5500), spoken(2, 6500, 11_500)
    mouths = lips(LEFT, first) + lips(RIGHT, second)
    turns = find_speaking_turns([track(0, LEFT), track(1, RIGHT)], [SHOT], mouths, voice(first, second), None)
    assert share(turns, 0, 500, 5500) > 0.9
    assert share(turns, 1, 6500, 11_500) > 0.9
    assert share(turns, 0, 6500, 11_500) == share(turns, 1, 500, 5500) == 0


def test_a_clip_without_voice_has_no_speaking_turns() -> None:
    level = spoken(1, 0, 12_000)
    assert find_speaking_turns([track(0, LEFT)], [SHOT], lips(LEFT, level), voice(level), []) == []
    assert find_speaking_turns([track(0, LEFT)], [SHOT], lips(LEFT, level), None, None) == []


def test_a_still_face_does_not_speak_at_any_level() -> None:
    level = spoken(1, 0, 12_000)
    still = [mouth(at, LEFT, 0.0002) for at in range(80, 12_000, 80)]
    assert find_speaking_turns([track(0, LEFT)], [SHOT], still, voice(level), [SHOT]) == []


def test_mouths_belong_to_the_face_they_are_in() -> None:
    tracks = [track(0, LEFT), track(1, RIGHT)]
    found = mouths_by_track([mouth(160, RIGHT, 0.1), mouth(160, 550, 0.1), mouth(13_000, LEFT, 0.1)], tracks)
    assert (found[0], [one.x for one in found[1]]) == ([], [RIGHT])


def test_a_change_of_speaker_has_its_price() -> None:
    scores = np.array([[0.0, 2.0, 1.9]] * 5 + [[0.0, 1.9, 2.0]] + [[0.0, 2.0, 1.9]] * 5)
    assert set(best_path(scores, 3.0).tolist()) == {1}
    assert best_path(np.array([[0, 5.0, -5]] * 5 + [[0, -5.0, 5]] * 5), 3.0).tolist() == [1] * 5 + [2] * 5


def test_the_speaker_is_held_though_another_face_is_larger() -> None:
    level = spoken(1, 0, 12_000)
    tracks = [track(0, LEFT, 150), track(1, RIGHT, 260)]
    turns = find_speaking_turns(tracks, [SHOT], lips(LEFT, level), voice(level), [SHOT])
    assert build_cast(group_faces(tracks)).subjects[0].boxes[0].width == 260
    cast = build_cast(group_faces(tracks), turns)
    assert cast.subjects[0].boxes[0].width == 150
    assert cast.speaks_ms == cast.of_ms > 5000


@settings(max_examples=40)
@given(
    length_ms=some.integers(1, 3000),
    times=some.lists(some.integers(0, 3000), max_size=40, unique=True),
    levels=some.lists(some.floats(-100, 0), max_size=60),
)
def test_odd_input_never_raises(length_ms: int, times: list[int], levels: list[float]) -> None:
    shot = TimeRange(start_ms=0, end_ms=length_ms)
    mouths = [mouth(at, LEFT, 0.01) for at in sorted(times)]
    curve = VoiceCurve(start_ms=0, step_ms=40, level_db=levels)
    for turn in find_speaking_turns([track(0, LEFT)], [shot], mouths, curve, None):
        assert 0 <= turn.range.start_ms < turn.range.end_ms <= length_ms
        assert 0 <= turn.confidence <= 1
