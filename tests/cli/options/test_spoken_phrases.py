"""Words that people name on the command line, by number or by what is said."""

from __future__ import annotations

from cli.options.spoken_phrases import find_phrase, has_letters, parse_word_numbers

WORDS = list(enumerate(["So,", "nuclear", "energy.", "Nuclear", "“Energy”"]))


def test_numbers_name_words() -> None:
    assert parse_word_numbers(" 12-15 ") == (12, 15)
    assert parse_word_numbers("twelve") is None
    assert parse_word_numbers("-12") is None


def test_every_place_is_found_whatever_its_signs_and_case() -> None:
    assert find_phrase("nuclear energy", WORDS) == [(1, 3), (3, 5)]
    assert find_phrase("energy, NUCLEAR", WORDS) == [(2, 4)]
    assert find_phrase("solar", WORDS) == []


def test_words_on_both_sides_of_a_cut_are_no_phrase() -> None:
    played = [WORDS[1], WORDS[4]]
    assert find_phrase("nuclear energy", played) == []
    assert find_phrase("energy", played) == [(4, 5)]


def test_signs_alone_are_nothing_that_is_said() -> None:
    assert not has_letters("… - _")
    assert find_phrase("…", WORDS) == []
