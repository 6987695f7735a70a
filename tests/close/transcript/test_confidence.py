"""Segment confidence: one doubt marks a segment, two reject it; rejected words appear nowhere."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.subtitles.cues import range_cues, transcript_cues
from core.domain.subtitles.srt_vtt import srt, txt, vtt
from schemas.common import ObjectRef, TimeRange, Word
from schemas.documents.span import Fit, HeardWindow
from schemas.documents.transcript import Transcript
from streams.close.transcript.confidence import (
    JudgedTranscript,
    TranscriptEvidence,
    find_loops,
    is_drawn_out,
    judge_segments,
)
from streams.close.transcript.fillers import mark_fillers
from streams.close.transcript.segments import split_segments
from streams.close.transcript.span_merge import merge_spans
from streams.detect.timeline import ProjectAnalysis, build_timeline
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.prepare import select_doubtful_ranges
from streams.sinks.search.search_documents import segment_documents
from streams.study.transcript_text import read_transcript
from tests.support.event_factory import transcript_completed
from tests.support.spoken_words import sentence, span, texts, word

ALL = TimeRange(start_ms=0, end_ms=60_000)


def improbable(words: list[Word], probability: float) -> list[Word]:
    return [msgspec.structs.replace(word, probability=probability) for word in words]


def judged(words: list[Word], witnesses: TranscriptEvidence) -> JudgedTranscript:
    return judge_segments(words, split_segments(words, "en"), witnesses)


def fit(placed: int, words: int = 5) -> Fit:
    return Fit(start_ms=0, end_ms=4_000, words=words, placed=placed, moved_ms=0, score=-3.0)


def window(**given: object) -> HeardWindow:
    plain = {"start_ms": 0, "end_ms": 4_000, "log_probability": -0.3, "compression": 1.4, "no_speech": 0.0}
    return msgspec.convert(plain | given, HeardWindow)


def test_clean_speech_is_trusted() -> None:
    found = judged(
        sentence("We begin at nine.", 0), TranscriptEvidence(speech=[ALL], windows=[window()], fits=[fit(5)])
    )
    assert [(one.trust, one.doubts) for one in found.segments] == [("trusted", [])]
    assert found.rejected == []


@pytest.mark.parametrize(
    ("witnesses", "probability", "doubt"),
    [
        (TranscriptEvidence(speech=[]), 0.9, "no_speech"),
        (TranscriptEvidence(speech=[ALL]), 0.4, "unsure"),
        (TranscriptEvidence(speech=[ALL], windows=[window(again=True)]), 0.9, "heard_twice"),
        (TranscriptEvidence(speech=[ALL], windows=[window(again=True, agreement=0.5)]), 0.9, "heard_twice"),
        (TranscriptEvidence(speech=[ALL], fits=[fit(1)]), 0.9, "does_not_fit"),
    ],
)
def test_one_doubt_marks_a_segment(witnesses: TranscriptEvidence, probability: float, doubt: str) -> None:
    words = improbable(sentence("We begin at nine.", 0), probability)
    found = judged(words, witnesses)
    assert [(one.trust, one.doubts) for one in found.segments] == [("doubtful", [doubt])]
    assert found.words == words


def test_two_readings_that_agree_confirm_each_other() -> None:
    witnesses = TranscriptEvidence(speech=[ALL], windows=[window(again=True, agreement=0.9)])
    assert [one.doubts for one in judged(sentence("We begin at nine.", 0), witnesses).segments] == [[]]


def test_two_grave_doubts_reject_and_the_rest_closes_up() -> None:
    words = [*sentence("Thanks for watching.", 0), *sentence("We begin at nine.", 8_000)]
    speech = [TimeRange(start_ms=8_000, end_ms=10_000)]
    found = judged(words, TranscriptEvidence(speech=speech, fits=[fit(0)]))
    assert texts(found.words) == "We begin at nine."
    assert [(one.first_word, one.end_word, one.trust) for one in found.segments] == [(0, 4, "trusted")]
    (gone,) = found.rejected
    assert (gone.text, gone.reasons) == ("Thanks for watching.", ["no_speech", "does_not_fit"])


def test_a_grave_doubt_and_improbable_words_reject() -> None:
    words = improbable(sentence("Thanks for watching.", 0), 0.1)
    assert judged(words, TranscriptEvidence(speech=[])).segments == []
    assert judged(words, TranscriptEvidence(speech=[ALL])).segments[0].doubts == ["unsure"]


@pytest.mark.parametrize(
    ("text", "looping"),
    [
        ("thank you thank you thank you thank you", 8),
        ("no no no no", 0),
        ("no no no no no no", 6),
        ("and here's some more words words words words um", 0),
        ("row row row your boat gently", 0),
        ("so I went to the so I went to the so I went to the so I went to the shop", 20),
    ],
)
def test_repeated_words_are_a_loop(text: str, looping: int) -> None:
    assert sum(find_loops(sentence(text, 0))) == looping


@pytest.mark.parametrize(
    ("text", "loop"),
    [("Hmmmmmmmmmmmmmm", True), ("hahahahahahahahaha", True), ("Hmmm", False), ("Donaudampfschifffahrt", False),
     ("1,000,000,000,000", False), ("hahaha", False)],
)  # fmt: skip
def test_a_loop_inside_a_word_is_found(text: str, *, loop: bool) -> None:
    assert is_drawn_out(text) is loop


def test_a_loop_that_two_readings_do_not_agree_on_is_rejected() -> None:
    twice = TranscriptEvidence(speech=[ALL], windows=[window(again=True, agreement=0.0)])
    assert judged([word("Hmmmmmmmmmmmmmm", 0)], twice).segments == []
    assert judged([word("Hmmmmmmmmmmmmmm", 0)], TranscriptEvidence(speech=[ALL])).segments[0].doubts == ["repeats"]


def test_fillers_are_marked_by_language_and_words_are_not() -> None:
    words = sentence("Um, uh, so er, like the", 0)
    assert [word.text for word in mark_fillers(words, ["en"] * len(words)) if word.filler] == ["Um,", "uh,", "er,"]
    assert not any(word.filler for word in mark_fillers(sentence("er war da", 0), ["de"] * 3))
    assert not any(word.filler for word in mark_fillers(words, [None] * len(words)))


def doubtful_words() -> list[Word]:
    spoken = [*sentence("Doubtful words here now.", 0), *sentence("Never said at all.", 10_000)]
    return [*improbable(spoken[:4], 0.4), *improbable(spoken[4:], 0.1), *sentence("Clear words follow.", 20_000)]


def closed() -> Transcript:
    part = span(0, 30_000, doubtful_words())
    quiet = [TimeRange(start_ms=0, end_ms=3_000), TimeRange(start_ms=19_000, end_ms=30_000)]
    dropped = [window(dropped="you you you", compression=5.0), window(start_ms=29_000, end_ms=33_000, dropped="late")]
    return merge_spans([msgspec.structs.replace(part, speech=quiet, windows=dropped)], 30_000, [])


def test_rejected_text_is_gone_and_doubtful_text_is_marked() -> None:
    told = closed()
    assert texts(told.words) == "Doubtful words here now. Clear words follow."
    assert [(one.text, one.trust, one.language) for one in told.segments] == [
        ("Doubtful words here now.", "doubtful", "en"), ("Clear words follow.", "trusted", "en"),
    ]  # fmt: skip
    assert [(one.text, one.reasons) for one in told.rejected] == [
        ("you you you", ["repeats"]), ("Never said at all.", ["no_speech", "unsure"]),
    ]  # fmt: skip
    cues = transcript_cues(told)
    for text in (srt(cues), vtt(cues), srt(range_cues(told, ALL)), txt(told.segments)):
        assert "[?] Doubtful words" in text
        assert "Never" not in text
        assert "[?] Clear" not in text


def test_doubts_reach_captions_search_scores_and_study() -> None:
    told = closed()
    cues = build_cues(
        told.words, ALL, lambda texts: len(texts) <= 5, doubtful=select_doubtful_ranges(told.segments, ALL)
    )
    assert [(texts(cue.words), cue.doubtful) for cue in cues] == [
        ("Doubtful words here now.", True), ("Clear words follow.", False),
    ]  # fmt: skip
    found = segment_documents(transcript_completed(ObjectRef(key="k", sha256="", size=0)), told)
    assert [(one["text"], one["trust"], one["language"]) for one in found] == [
        ("Doubtful words here now.", "doubtful", "en"), ("Clear words follow.", "trusted", "en"),
    ]  # fmt: skip
    timeline = build_timeline(ProjectAnalysis(duration_ms=30_000, transcript=told, heard=[], seen=[]))
    assert texts(list(timeline.words)) == "Doubtful words here now. Clear words follow."
    assert [one.start_ms for one in timeline.doubtful] == [0]
    assert [(one.text, one.doubtful) for one in read_transcript(told).lines] == [
        ("Doubtful words here now.", True), ("Clear words follow.", False),
    ]  # fmt: skip
