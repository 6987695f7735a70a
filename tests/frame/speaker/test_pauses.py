"""Pauses: silence between sentences, not the dips between syllables; none without sound."""

from __future__ import annotations

from schemas.common import TimeRange
from schemas.documents.clip_tracks import VoiceCurve
from streams.frame.speaker.pauses import MIN_PAUSE_MS, find_pauses

STEP_MS = 40


def curve(*parts: tuple[int, float]) -> VoiceCurve:
    """Lengths in ms and levels, one after the other, from 1,000 ms on."""
    return VoiceCurve(start_ms=1_000, step_ms=STEP_MS, level_db=[db for ms, db in parts for _ in range(ms // STEP_MS)])


def test_silence_is_a_pause_and_a_short_dip_is_not() -> None:
    sound = curve((2_000, -20), (80, -55), (1_000, -22), (400, -60), (2_000, -20))
    assert find_pauses(sound) == [TimeRange(start_ms=4_080, end_ms=4_480)]


def test_in_a_loud_room_the_room_is_the_pause() -> None:
    sound = curve((1_000, -18), (MIN_PAUSE_MS, -34), (1_000, -20), (320, -33), (600, -19))
    assert [one.length_ms for one in find_pauses(sound)] == [MIN_PAUSE_MS, 320]


def test_absent_and_uniform_sound_have_no_pauses() -> None:
    assert find_pauses(None) == []
    assert find_pauses(curve((4_000, -20), (4_000, -25))) == []
    assert find_pauses(VoiceCurve(start_ms=0, step_ms=STEP_MS, level_db=[])) == []
