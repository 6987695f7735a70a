"""Script words at the times of recognised ones: matched, put into gaps, aligned, or left out."""

from __future__ import annotations

import itertools
from uuid import UUID

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import ObjectRef, TimeRange, Word
from schemas.documents.span import HeardSpan, ScriptReport
from schemas.events import SpanPlanned
from streams.close.agent import describe_script_loss
from streams.close.script.apply_script import ScriptedTranscript, apply_script
from streams.close.script.matching import ALIGNED_PROBABILITY, GUESSED_PROBABILITY, match_script, place_gaps
from streams.close.transcript.span_merge import merge_spans
from tests.close.transcript.test_span_merge import window
from tests.listen.test_transcribe_span import OneObject
from tests.support.media.recordings import flac
from tests.support.spoken_words import sentence, span, texts, word
from tests.support.vectors import EvenAlignment

LONG = 60_000


def laid(recognised: list[Word], script: str) -> tuple[list[Word], int]:
    matched = match_script(recognised, script, LONG)
    return place_gaps(matched, [None] * len(matched.gaps))


def test_matched_words_take_the_scripts_spelling_at_their_times() -> None:
    heard = sentence("hello doctor smith", 1000)
    words, unsaid = laid(heard, "Hello, Doctor Smith!")
    assert texts(words) == "Hello, Doctor Smith!"
    assert [word.start_ms for word in words] == [word.start_ms for word in heard]
    assert unsaid == 0


def test_misheard_words_take_the_recognised_time() -> None:
    words, _ = laid(sentence("we met doctor smith yes today", 1000), "we met Dr Szmyt-Nowak today")
    assert texts(words) == "we met Dr Szmyt-Nowak today"
    assert (words[2].start_ms, words[3].end_ms) == (1800, 2900)
    assert [word.probability for word in words[2:4]] == [GUESSED_PROBABILITY, GUESSED_PROBABILITY]


def test_unspoken_script_words_are_left_out_and_counted() -> None:
    heard = [*sentence("first sentence", 0), *sentence("last sentence", 30_000)]
    words, unsaid = laid(heard, "first sentence and then this was never said at all last sentence")
    assert texts(words) == "first sentence last sentence"
    assert unsaid == 8
    assert laid(sentence("one two", 0), "one a b c d two") == (sentence("one two", 0), 4)


def test_long_additions_to_the_script_stay() -> None:
    assert texts(laid(sentence("one uh two", 0), "one two")[0]) == "one two"
    heard = sentence("one now let me say something else two", 0)
    assert texts(laid(heard, "one two")[0]) == "one now let me say something else two"


def test_the_aligners_times_are_certain() -> None:
    matched = match_script(sentence("we met doctor smith today", 0), "we met Dr Szmyt today", LONG)
    (stretch,) = matched.gaps
    assert stretch.room == TimeRange(start_ms=800, end_ms=1500)
    words, _ = place_gaps(matched, [[TimeRange(start_ms=820, end_ms=900), None]])
    assert [(word.start_ms, word.probability) for word in words[2:4]] == [
        (820, ALIGNED_PROBABILITY),
        (1000, GUESSED_PROBABILITY),
    ]


def test_an_unrelated_script_is_not_used() -> None:
    heard = sentence("we are going to speak of the weather today and of the rain in the hills", 0)
    for script, language in (
        ("Wir sprechen heute über das Recht, die Software zu nutzen, zu ändern und sie an andere weiterzugeben", "en"),
        ("今日は天気について話しましょう、そして山の雨について", "en"),
        ("🎉 — …", "en"),
    ):
        matched = match_script(heard, script, LONG, language)
        assert (matched.words, matched.gaps) == (heard, [])
        assert matched.unsaid == matched.given


def test_long_ad_libs_stay() -> None:
    heard = sentence("one now let me say something else to all of you here two", 0)
    assert texts(laid(heard, "one aside two")[0]) == texts(heard)


def test_scripts_without_spaces_are_matched_sign_by_sign() -> None:
    heard = [word("今日", 0, 400), word("は", 400, 600), word("雪", 1_000, 1_200), word("です。", 1_200, 1_800)]
    matched = match_script(heard, "今日は雨です。", LONG, "ja")
    words, unsaid = place_gaps(matched, [None] * len(matched.gaps))
    assert [(one.text, one.start_ms, one.end_ms) for one in words] == [
        ("今", 0, 200), ("日", 200, 400), ("は", 400, 600),
        ("雨", 1_000, 1_200), ("で", 1_200, 1_400), ("す。", 1_400, 1_800),
    ]  # fmt: skip
    assert (matched.heard, unsaid) == (5, 0)


def test_a_page_long_word_counts_as_unspoken() -> None:
    words, unsaid = laid(sentence("one two three four", 0), f"one two {'x' * 50_000} three four")
    assert (texts(words), unsaid) == ("one two three four", 1)


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.lists(st.sampled_from("abcde"), min_size=1, max_size=20))
def test_matched_words_stay_in_order(heard: list[str], script: list[str]) -> None:
    words, unsaid = laid(sentence(" ".join(heard), 0), " ".join(script))
    assert 0 <= unsaid <= len(script)
    assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(words))


def planned() -> SpanPlanned:
    ref = ObjectRef(key="k", sha256="0" * 64, size=1)
    return SpanPlanned(
        org_id=UUID(int=1), project_id=UUID(int=2), ordinal=0, span_count=1, range=TimeRange(start_ms=0, end_ms=9_000),
        padded=TimeRange(start_ms=0, end_ms=10_000), source=ref, index=ref, audio=ref,
    )  # fmt: skip


async def followed(heard: HeardSpan, script: str) -> ScriptedTranscript:
    store = OneObject(flac(np.zeros(16_000 * 10, dtype=np.int16)))
    return await apply_script(
        merge_spans([heard], 9_000, []), script, [planned()], objects=store, alignment=EvenAlignment(),  # type: ignore[arg-type]
        report=lambda _: None,
    )  # fmt: skip


async def test_a_gap_is_aligned_with_its_spans_audio() -> None:
    found = await followed(span(0, 9_000, sentence("we met doctor smith today.", 1_000)), "We met Dr Szmyt today.")
    told = found.transcript
    assert texts(told.words) == "We met Dr Szmyt today."
    assert [word.start_ms for word in told.words] == [1_000, 1_400, 1_600, 2_150, 2_600]
    assert [(one.text, one.trust) for one in told.segments] == [("We met Dr Szmyt today.", "trusted")]
    assert told.script is not None
    assert (told.script.words, told.script.heard, told.script.left_out, found.compute_ms) == (5, 3, 0, 5)


async def test_a_bilingual_script_is_aligned_only_in_english() -> None:
    heard = span(0, 9_000, [*sentence("we meet smith today", 0), *sentence("das ist äh Schmid selbst", 5_000)])
    mixed = msgspec.structs.replace(heard, windows=[window(0, 4_000, "en"), window(4_500, 9_000, "de")])
    told = (await followed(mixed, "We meet Szmyt today. Das ist äh Szmidt selbst.")).transcript
    assert [(one.text, one.language) for one in told.segments] == [
        ("We meet Szmyt today.", "en"), ("Das ist äh Szmidt selbst.", "de"),
    ]  # fmt: skip
    assert [one.text for one in told.words if one.filler] == ["äh"]
    assert [one.probability for one in told.words if one.text in ("Szmyt", "Szmidt")] == [
        ALIGNED_PROBABILITY,
        GUESSED_PROBABILITY,
    ]


async def test_a_script_that_is_not_used_changes_nothing_and_says_so() -> None:
    heard = span(0, 9_000, sentence("we are going to speak of the weather today and of rain", 0))
    told = (await followed(heard, "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn")).transcript
    assert texts(told.words) == "we are going to speak of the weather today and of rain"
    assert told.script == ScriptReport(words=13, heard=0, left_out=13, used=False)
    assert "not used" in describe_script_loss(told.script)
