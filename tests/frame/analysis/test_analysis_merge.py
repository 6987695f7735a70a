"""Merging two analyses of a clip: one voice curve, and each mouth and transition once."""

from __future__ import annotations

from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks, Mouth, VoiceCurve
from schemas.documents.scene import Transition
from streams.frame.analysis.analysis_merge import merge_tracks


def mouth(at_ms: int, opening: float) -> Mouth:
    return Mouth(
        at_ms=at_ms, x=1, y=1, height_px=50, opening=opening, stir=0, yaw_deg=0, pitch_deg=0, roll_deg=0
    )  # fmt: skip


def part(start_ms: int, end_ms: int, level: float, cut_ms: int) -> ClipTracks:
    time = TimeRange(start_ms=start_ms, end_ms=end_ms)
    cut = Transition(kind="cut", range=TimeRange(start_ms=cut_ms, end_ms=cut_ms), at_ms=cut_ms, strength=1)
    voice = VoiceCurve(start_ms=start_ms, step_ms=40, level_db=[level] * ((end_ms - start_ms) // 40))
    mouths = [mouth(at, level) for at in range(start_ms, end_ms, 80)]
    return ClipTracks(
        clip_id="clip", range=time, shots=[time], tracks=[], pictures_looked_at=1, model="test", compute_ms=1,
        transitions=[cut], mouths=mouths, voice=voice,
    )  # fmt: skip


def test_two_analyses_merge_into_one() -> None:
    joined = merge_tracks(part(400, 2000, -30, 1800), part(1600, 2800, -20, 1800))
    assert joined.voice is not None
    assert (joined.voice.start_ms, len(joined.voice.level_db)) == (400, 60)
    assert joined.voice.level_db[:31] == [-30] * 30 + [-20]
    assert [one.at_ms for one in joined.mouths] == list(range(400, 2800, 80))
    assert [one.at_ms for one in joined.transitions] == [1800]
    assert joined.turns == []


def test_the_earlier_analysis_comes_first() -> None:
    joined = merge_tracks(part(1600, 2800, -20, 1900), part(0, 2000, -30, 300))
    assert joined.voice is not None
    assert (joined.voice.start_ms, joined.voice.level_db[0], joined.voice.level_db[-1]) == (0, -30, -20)
    assert [one.at_ms for one in joined.transitions] == [300, 1900]
