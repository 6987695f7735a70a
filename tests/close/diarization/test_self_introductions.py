"""Self-introductions: names that speakers give themselves, and sentences that contain none."""

from __future__ import annotations

import pytest

from schemas.documents.diarization import Speaker
from streams.close.diarization.self_introductions import name_speakers
from streams.close.transcript.segments import split_segments
from tests.support.spoken_words import speaker_words

TWO = [Speaker(id="S1", speech_ms=1, turns=1), Speaker(id="S2", speech_ms=1, turns=1)]


def named(*lines: tuple[str, str]) -> dict[str, str | None]:
    words = speaker_words(lines)
    return {one.id: one.name for one in name_speakers(TWO, words, split_segments(words, "en"))}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello, I'm Sheila Novak and I teach.", "Sheila Novak"),
        ("Hi, I’m Diane.", "Diane"),
        ("I am Ludwig van Beethoven, a composer.", "Ludwig van Beethoven"),
        ("So my name is Anna-Maria, welcome.", "Anna-Maria"),
        ("Good morning, this is Peter O'Neill speaking.", "Peter O'Neill"),
        ("My name's Kofi.", "Kofi"),
        ("I'm Grace from accounting.", "Grace"),
        ("I'm happy to be here.", None),
        ("I'm German and I'm tired.", None),
        ("I'm German.", None),
        ("I am Sure this is fine", None),
        ("This is Peter, my brother.", None),
        ("My name is not important.", None),
        ("I'm.", None),
        ("His name is Joseph and he drove a bus.", None),
        ("The youngest one's name is Mercy.", None),
        ("Name is Kofi.", "Kofi"),
        ("You ask who I am? Name is Kofi.", "Kofi"),
        ("Guten Tag, ich heiße Jürgen Müller.", "Jürgen Müller"),
        ("Ich heiße Sie willkommen.", None),
        ("Mein Name ist Anna und ich komme aus Bern.", "Anna"),
        ("Bonjour, je m'appelle Élise de Villiers.", "Élise de Villiers"),
        ("Hola, me llamo María.", "María"),
        ("Il mio nome è Paolo.", "Paolo"),
        ("Ik heet Sanne de Vries en ik werk hier.", "Sanne de Vries"),
        ("Jag heter Åsa.", "Åsa"),
    ],
)
def test_names_are_read_from_self_introductions(text: str, name: str | None) -> None:
    assert named(("S1", text))["S1"] == name


def test_the_evidence_is_verbatim_with_its_time() -> None:
    words = speaker_words([("S2", "Well, my name is Ada Byron. Thanks.")])
    (_, second) = name_speakers(TWO, words, split_segments(words, "en"))
    assert second.evidence
    assert second.evidence.quote == "my name is Ada Byron."
    assert (second.evidence.start_ms, second.evidence.end_ms) == (words[1].start_ms, words[5].end_ms)


def test_a_name_belongs_to_its_own_speaker_and_the_first_one_stays() -> None:
    assert named(("S1", "I'm Ada."), ("S2", "I'm Bob."), ("S1", "He said, I'm Carl.")) == {"S1": "Ada", "S2": "Bob"}


def test_a_name_that_two_speakers_use_belongs_to_neither() -> None:
    assert named(("S1", "I'm Ada."), ("S2", "I'm Ada.")) == {"S1": None, "S2": None}
