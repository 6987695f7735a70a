"""The timeline: shots without gaps, faces from samples, turns or speech, sounds besides speech."""

from __future__ import annotations

from core.domain.media.timeline import (
    TimelineFaces,
    TimelineShot,
    TimelineSound,
    TimelineSpeech,
    list_faces,
    list_screens,
    list_shots,
    list_sounds,
    list_speech,
)
from schemas.common import Box, Face, TimeRange
from schemas.documents.acoustics import SoundEvent
from schemas.documents.diarization import Diarization, Turn
from schemas.documents.span import SeenPicture, SeenSpan, ShotChange

FACE = Face(box=Box(x=0, y=0, width=10, height=10), score=0.9)


def picture(at_ms: int, faces: int = 0, screen: float | None = None) -> SeenPicture:
    return SeenPicture(at_ms=at_ms, brightness=100, difference=0, faces=[FACE] * faces, screen=screen)


def span(ordinal: int, pictures: list[SeenPicture], *shots: ShotChange) -> SeenSpan:
    time = TimeRange(start_ms=ordinal * 10_000, end_ms=ordinal * 10_000 + 10_000)
    return SeenSpan(
        ordinal=ordinal, range=time, pictures=pictures, shots=list(shots), thumbnails=[], model="m", compute_ms=0
    )


def test_shots_follow_one_another() -> None:
    cut = ShotChange(at_ms=4_000, after_ms=3_960, strength=1, kind="cut", exact=True)
    unsure = ShotChange(at_ms=15_000, after_ms=10_000, strength=1)
    beyond = ShotChange(at_ms=30_000, after_ms=20_000, strength=1)
    assert list_shots([span(1, [], unsure, beyond), span(0, [], cut)], 20_000) == [
        TimelineShot(start_ms=0, end_ms=4_000),
        TimelineShot(start_ms=4_000, end_ms=15_000, kind="cut"),
        TimelineShot(start_ms=15_000, end_ms=20_000, exact=False),
    ]
    assert list_shots([], 20_000) == [TimelineShot(start_ms=0, end_ms=20_000)]


def test_faces_last_to_the_next_picture() -> None:
    first = span(0, [picture(0, 1), picture(2_000, 2), picture(4_000), picture(6_000, 1)])
    assert list_faces([first, span(1, [picture(18_000, 1)])], 19_000) == [
        TimelineFaces(start_ms=0, end_ms=4_000, count=2),
        TimelineFaces(start_ms=6_000, end_ms=12_000, count=1),
        TimelineFaces(start_ms=18_000, end_ms=19_000, count=1),
    ]


def test_screens_are_likely_ones() -> None:
    shown = span(0, [picture(0, screen=0.9), picture(1_000, screen=0.6), picture(2_000, screen=0.2), picture(3_000)])
    assert list_screens([shown], 4_000) == [TimeRange(start_ms=0, end_ms=2_000)]


def test_speakers_take_turns_where_they_are_known() -> None:
    speech = [TimeRange(start_ms=0, end_ms=900)]
    assert list_speech(speech, None) == [TimelineSpeech(start_ms=0, end_ms=900)]
    turns = [Turn(start_ms=0, end_ms=400, speaker="S2"), Turn(start_ms=400, end_ms=900, speaker="S1")]
    told = Diarization(speakers=[], turns=turns, overlaps=[], model="m")
    assert [(turn.end_ms, turn.speaker) for turn in list_speech(speech, told)] == [(400, "S2"), (900, "S1")]
    assert list_speech(speech, Diarization(speakers=[], turns=[], overlaps=[], model="m"))[0].speaker is None


def test_speech_is_no_sound_besides_itself() -> None:
    events = [
        SoundEvent(kind="speech", start_ms=0, end_ms=900, confidence=1),
        SoundEvent(kind="music", start_ms=900, end_ms=1_900, confidence=0.8),
    ]
    assert list_sounds(events) == [TimelineSound(kind="music", start_ms=900, end_ms=1_900, confidence=0.8)]
