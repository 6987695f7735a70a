"""Sentences: every word once, full stops, pauses, abbreviations, long runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.common import Word
from streams.detect.sentences import MAX_SENTENCE_MS, split_sentences
from tests.detect.material_factory import LECTURE_MS, lecture_words, say


def test_full_stops_end_sentences_and_pauses_are_measured() -> None:
    words = say("One two three. Four five!", 1_000)
    first, second = split_sentences(words, 10_000)
    assert (first.text, second.text) == ("One two three.", "Four five!")
    assert (first.pause_before_ms, first.pause_after_ms, second.pause_before_ms) == (1_000, 50, 50)
    assert second.pause_after_ms == 10_000 - second.end_ms


def test_a_pause_before_a_lower_case_word_does_not_end_one() -> None:
    pause = say("You just let it hit", 0) + say("and it breaks a building.", 4_500)
    assert len(split_sentences(pause, 10_000)) == 1
    unpunctuated = say("you just let it hit " * 10, 0) + say("and it breaks a building " * 10, 20_000)
    assert [sentence.ending for sentence in split_sentences(unpunctuated, 60_000)] == ["pause", "pause"]


def test_a_run_without_full_stops_is_split_at_its_widest_gap() -> None:
    words = say(" ".join(["word"] * 60), 0) + say(" ".join(["word"] * 60), 21_500)
    sentences = split_sentences(words, 60_000)
    assert all(sentence.length_ms <= MAX_SENTENCE_MS for sentence in sentences)
    assert sentences[0].ending == "split"
    assert sentences[0].end_word == 60


@given(st.lists(st.tuples(st.sampled_from(["a", "b.", "C", "d?", "e,"]), st.integers(0, 3_000), st.integers(0, 900))))
def test_every_word_is_in_exactly_one_sentence(parts: list[tuple[str, int, int]]) -> None:
    words, at = [], 0
    for text, gap, length in parts:
        words.append(Word(text=text, start_ms=at + gap, end_ms=at + gap + length, probability=0.9))
        at += gap + length
    sentences = split_sentences(words, at + 1)
    edges = [edge for sentence in sentences for edge in (sentence.first_word, sentence.end_word)]
    assert edges == sorted(edges)
    assert [i for s in sentences for i in range(s.first_word, s.end_word)] == list(range(len(words)))


def test_the_lecture_reads_as_sentences() -> None:
    sentences = split_sentences(lecture_words(), LECTURE_MS)
    assert len(sentences) == 28
    assert sentences[-1].text == "Physics works and I'm still alive."
    assert all(sentence.ending == "stop" for sentence in sentences)
