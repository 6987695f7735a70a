"""A recording without words says why."""

from __future__ import annotations

import msgspec
import pytest

from schemas.common import TimeRange, Word
from schemas.documents.acoustics import SoundTotals
from schemas.documents.transcript import Transcript
from streams.close.transcript.no_speech import explain_lost_sound, explain_no_words

EMPTY = Transcript(
    language=None, language_probability=0.0, duration_ms=60_000, words=[], segments=[], speech=[], model="m"
)
ROOM = SoundTotals(
    speech_ms=0,
    music_ms=0,
    silence_ms=0,
    pauses=0,
    median_lufs=-49.4,
    median_pitch_hz=None,
    median_words_per_s=None,
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "-49 LUFS), but no speech"),
        ({"music_ms": 40_000}, "It is music: 67 % of it"),
        ({"music_ms": 6_000}, "music in 10 % of it, but no speech"),
        ({"silence_ms": 59_900, "median_lufs": -100.0}, "silent from beginning to end"),
    ],
)
def test_the_sound_without_words_is_described(changes: dict[str, object], said: str) -> None:
    found = explain_no_words(EMPTY, msgspec.structs.replace(ROOM, **changes))
    assert said in found
    assert found.endswith("no captions, because there are no words to show.")


def test_a_voice_without_words_differs_from_no_sound() -> None:
    muttered = msgspec.structs.replace(EMPTY, speech=[TimeRange(start_ms=0, end_ms=3_000)])
    assert "A voice seems to be there for 3 s" in explain_no_words(muttered, ROOM)
    assert "has no sound" in explain_no_words(EMPTY, None)
    lost = msgspec.structs.replace(EMPTY, missing=[TimeRange(start_ms=0, end_ms=60_000)])
    assert "could not be worked on" in explain_no_words(lost, None)
    assert explain_lost_sound() == explain_no_words(lost, None)


def test_a_transcript_with_words_has_no_explanation() -> None:
    word = Word(text="so", start_ms=0, end_ms=200, probability=0.9)
    assert explain_no_words(msgspec.structs.replace(EMPTY, words=[word]), ROOM) == ""
