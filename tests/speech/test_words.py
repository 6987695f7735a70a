"""Words on project time: shifted, clamped, in order, cut at the seams."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import TimeRange, Word
from streams.speech.words import (
    MIN_WORD_MS,
    clamp_speech,
    join_hyphenated,
    keep_near_speech,
    shift_words_to_project_time,
    split_margin,
)
from tests.support.spoken_words import texts, word

PADDED = TimeRange(start_ms=49_000, end_ms=101_000)
RANGE = TimeRange(start_ms=50_000, end_ms=100_000)


def test_words_are_shifted_and_cut_by_their_middle() -> None:
    heard = [word("before", 500), word("straddles", 900, 1200), word("in", 2000), word("after", 51_100)]
    inside, margin = split_margin(shift_words_to_project_time(heard, PADDED), RANGE)
    assert [(one.text, one.start_ms) for one in inside] == [("straddles", 49_900), ("in", 51_000)]
    assert texts(margin) == "before after"


def test_a_word_over_another_ends_it() -> None:
    one, other = shift_words_to_project_time([word("a", 0, 500), word("b", 300, 600)], PADDED)
    assert (one.end_ms, other.start_ms, other.end_ms) == (49_300, 49_300, 49_600)


@pytest.mark.parametrize(
    ("heard", "shown"),
    [
        ("for long -term interests", "for long-term interests"),
        ("a state -of -the -art self -starter", "a state-of-the-art self-starter"),
        ("COVID -19 came", "COVID-19 came"),
        ("No. -yes", "No. -yes"),
        ("said -No -I won't", "said -No -I won't"),
        ("it was -5 outside", "it was -5 outside"),
        ("-term begins", "-term begins"),
        ("wait - for it", "wait - for it"),
    ],
)
def test_halves_of_hyphened_words_are_one(heard: str, shown: str) -> None:
    found = join_hyphenated([word(text, 400 * at, 400 * at + 380) for at, text in enumerate(heard.split())])
    assert texts(found) == shown


def test_a_hyphened_word_lasts_from_its_first_half_to_its_last() -> None:
    (one,) = join_hyphenated([word("long", 100, 300), word("-term", 300, 700)])
    assert (one.text, one.start_ms, one.end_ms) == ("long-term", 100, 700)
    assert len(join_hyphenated([word("long", 100, 300), word("-term", 900, 1200)])) == 2, "a pause: a dash"


raw = st.builds(
    Word,
    text=st.sampled_from(["a", "b,", " c ", "", "  "]),
    start_ms=st.integers(-2000, 60_000),
    end_ms=st.integers(-2000, 60_000),
    probability=st.just(0.5),
)


@given(st.lists(raw, max_size=30))
def test_times_of_any_input_are_valid(heard: list[Word]) -> None:
    found = shift_words_to_project_time(heard, PADDED)
    assert len(found) == sum(bool(one.text.strip()) for one in heard)
    assert all(one.end_ms - one.start_ms >= MIN_WORD_MS for one in found)
    assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(found))
    assert all(one.text == one.text.strip() for one in found)


def test_speech_is_clamped_to_the_range() -> None:
    heard = [TimeRange(start_ms=0, end_ms=900), TimeRange(start_ms=500, end_ms=3000)]
    assert clamp_speech(heard, PADDED, RANGE) == [TimeRange(start_ms=50_000, end_ms=52_000)]


def test_possible_voice_counts_near_speech_only() -> None:
    voiced = [TimeRange(start_ms=at, end_ms=at + 1000) for at in (0, 4_000, 9_000, 20_000)]
    assert keep_near_speech(voiced, [TimeRange(start_ms=7_000, end_ms=8_000)]) == voiced[1:3]
    assert keep_near_speech(voiced, []) == []
