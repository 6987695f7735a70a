"""Sentences: by punctuation, pauses and a cap, without losing a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.common import Word
from streams.close.transcript.segments import MAX_SEGMENT_MS, MAX_SEGMENT_WORDS, split_segments
from streams.speech.words import tidy_words
from tests.support.spoken_words import sentence, word


def test_full_stops_and_pauses_end_segments() -> None:
    words = [*sentence("Dr. Who came. He left", 0), *sentence("and that was it!", 9000)]
    assert [one.text for one in split_segments(words, "en")] == ["Dr. Who came.", "He left", "and that was it!"]


def test_a_pause_for_thought_does_not_end_a_sentence() -> None:
    words = [*sentence("I have here a", 0), *sentence("pendulum. It swings.", 3000)]
    assert [one.text for one in split_segments(words, "en")] == ["I have here a pendulum.", "It swings."]
    bare = [*sentence("i have here a", 0), *sentence("pendulum it swings", 3000)]
    assert len(split_segments(bare, "en")) == 2


def test_a_language_without_spaces_is_written_without() -> None:
    (found,) = split_segments([word("今日", 0), word("は。", 400)], "ja")
    assert found.text == "今日は。"


def test_a_long_run_is_split_at_a_comma() -> None:
    words = sentence(" ".join(["word"] * 24 + ["here,"] + ["word"] * 24), 0)
    first, second = split_segments(words, "en")
    assert first.text.endswith("here,")
    assert first.end_word == second.first_word == 25


@given(st.lists(st.tuples(st.sampled_from(["a", "b.", "c,", "d?"]), st.integers(0, 2000)), max_size=150))
def test_each_word_is_in_one_segment_of_bounded_length(raw: list[tuple[str, int]]) -> None:
    at, words = 0, list[Word]()
    for text, gap_ms in raw:
        at += gap_ms + 200
        words.append(word(text, at, at + 200))
    words = tidy_words(words)
    found = split_segments(words, "en")
    assert [index for one in found for index in range(one.first_word, one.end_word)] == list(range(len(words)))
    for one in found:
        length = one.end_word - one.first_word
        assert length <= MAX_SEGMENT_WORDS
        assert length == 1 or one.end_ms - one.start_ms <= MAX_SEGMENT_MS


def test_a_segment_has_one_language_and_its_spelling() -> None:
    words = [*sentence("we go on", 0), word("今日", 1200), word("は", 1600)]
    found = split_segments(words, "en", ["en"] * 3 + ["ja"] * 2)
    assert [(one.text, one.language) for one in found] == [("we go on", "en"), ("今日は", "ja")]
