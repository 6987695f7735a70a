"""Speakers on words, segments and turns of a transcript."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from schemas.common import TimeRange
from schemas.documents import encode_document
from schemas.documents.transcript import Transcript
from streams.close.diarization.pipeline import add_speakers
from streams.close.transcript.span_merge import merge_spans
from tests.support.media.synthetic_voices import taking_turns, voiced
from tests.support.spoken_words import sentence, word

TURNS = [(0, 6_000, 0), (6_300, 12_000, 1), (12_200, 20_000, 0), (20_500, 28_000, 1)]


def labelled(turns: list[tuple[int, int, int]], words: list) -> Transcript:
    heard, vectors = voiced(turns, words)
    return add_speakers(merge_spans([heard], turns[-1][1], []), [heard], [vectors])


def test_speakers_are_numbered_by_appearance_everywhere() -> None:
    words = sentence("one two three four", 1000) + sentence("five six", 7000) + sentence("seven eight", 14_000)
    found = labelled(TURNS, words)
    assert [one.speaker for one in found.words] == ["S1"] * 4 + ["S2"] * 2 + ["S1"] * 2
    assert [one.speaker for one in found.segments] == ["S1", "S2", "S1"]
    assert found.diarization
    assert [one.speaker for one in found.diarization.turns] == ["S1", "S2", "S1", "S2"]
    for turn, (start_ms, end_ms, _) in zip(found.diarization.turns, TURNS, strict=True):
        assert abs(turn.start_ms - start_ms) <= 300
        assert abs(turn.end_ms - end_ms) <= 300
    speakers = {one.id: one for one in found.diarization.speakers}
    assert {name: one.turns for name, one in speakers.items()} == {"S1": 2, "S2": 2}
    assert speakers["S1"].speech_ms == pytest.approx(13_800, abs=600)
    assert all(one.confidence is not None and one.confidence > 0.9 for one in speakers.values())


def test_a_sentence_is_split_where_the_speaker_changes() -> None:
    words = [word("no", 5000), word("pause", 5700, 6250), word("at", 6350), word("all.", 6800)]
    found = labelled(TURNS, words)
    assert [segment.text for segment in found.segments] == ["no pause", "at all."]


def test_speakers_keep_doubts_and_languages_of_segments() -> None:
    words = [word("no", 5000), word("pause", 5700, 6250), word("at", 6350), word("all.", 6800)]
    unsure = [msgspec.structs.replace(one, probability=0.3) for one in words]
    later = sentence("one sure sentence.", 14_000)
    found = labelled(TURNS, [*unsure, *later])
    assert [(one.text, one.trust, one.doubts, one.language) for one in found.segments] == [
        ("no pause", "doubtful", ["unsure"], "en"),
        ("at all.", "doubtful", ["unsure"], "en"),
        ("one sure sentence.", "trusted", [], "en"),
    ]


def test_one_voice_is_one_speaker_without_confidence() -> None:
    found = labelled(taking_turns(1, 1), sentence("all mine", 2000))
    assert found.diarization
    (only,) = found.diarization.speakers
    assert (only.id, only.confidence, found.diarization.overlaps) == ("S1", None, [])
    assert {one.speaker for one in found.words} == {"S1"}


def test_a_word_far_from_all_speech_has_no_speaker() -> None:
    heard, vectors = voiced([(5_000, 9_000, 0)], [word("far", 1000), word("near", 4500), word("in", 6000)])
    found = add_speakers(merge_spans([heard], 12_000, []), [heard], [vectors])
    assert [one.speaker for one in found.words] == [None, "S1", "S1"]


def test_turns_cover_possible_voice_outside_words() -> None:
    heard, vectors = voiced(TURNS, sentence("one two", 1000))
    assert heard.voices
    speech = [TimeRange(start_ms=start_ms, end_ms=end_ms - 1_500) for start_ms, end_ms, _ in TURNS]
    wide = msgspec.structs.replace(heard.voices, voiced=heard.speech)
    heard = msgspec.structs.replace(heard, speech=speech, voices=wide)
    found = add_speakers(merge_spans([heard], 28_000, []), [heard], [vectors])
    assert found.diarization
    assert found.speech == speech
    assert sum(one.end_ms - one.start_ms for one in found.diarization.turns) == sum(one[1] - one[0] for one in TURNS)


def test_a_transcript_without_voices_stays_unchanged() -> None:
    heard, _ = voiced(TURNS, sentence("one two", 1000))
    plain = merge_spans([heard], 28_000, [])
    silent = [msg for msg in [heard] if msg.voices is None]
    assert add_speakers(plain, silent, []) == plain
    zeros = np.zeros((len(heard.voices.starts_ms), 64), dtype=np.float32)  # type: ignore[union-attr]
    assert add_speakers(plain, [heard], [zeros]) == plain
    assert b'"diarization":null' in encode_document(plain)


def test_two_voices_at_once_are_marked() -> None:
    heard, vectors = voiced(TURNS, [])
    assert heard.voices
    both = vectors[0] + vectors[len(vectors) // 3]
    at = next(n for n, start_ms in enumerate(heard.voices.starts_ms) if start_ms > 15_000)
    mixed = vectors.copy()
    mixed[at] = both / np.linalg.norm(both)
    found = add_speakers(merge_spans([heard], 28_000, []), [heard], [mixed])
    assert found.diarization
    middle_ms = (heard.voices.starts_ms[at] + heard.voices.ends_ms[at]) // 2
    assert any(one.start_ms <= middle_ms < one.end_ms for one in found.diarization.overlaps)
    assert sum(one.length_ms for one in found.diarization.overlaps) < TimeRange(start_ms=0, end_ms=2000).length_ms
