"""Words that people name on the command line, by number or by what is said."""

from __future__ import annotations

from cli.options.spoken_phrases import find_phrase, has_letters, parse_word_numbers

WORDS = list(enumerate(["So,", "nuclear", "energy.", "Nuclear", "“Energy”"]))


def test_a_pair_of_numbers_names_words() -> None:
    assert parse_word_numbers(" 12-15 ") == (12, 15)
    assert parse_word_numbers("twelve") is None
    assert parse_word_numbers("-12") is None


def test_each_place_is_found_regardless_of_punctuation_and_case() -> None:
    assert find_phrase("nuclear energy", WORDS) == [(1, 3), (3, 5)]
    assert find_phrase("energy, NUCLEAR", WORDS) == [(2, 4)]
    assert find_phrase("solar", WORDS) == []


def test_a_phrase_does_not_cross_a_cut() -> None:
    played = [WORDS[1], WORDS[4]]
    assert find_phrase("nuclear energy", played) == []
    assert find_phrase("energy", played) == [(4, 5)]


def test_punctuation_alone_matches_no_phrase() -> None:
    assert not has_letters("… - _")
    assert find_phrase("…", WORDS) == []
