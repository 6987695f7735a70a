"""Words without the signs around them."""

from __future__ import annotations

import pytest

from core.domain.text.bare_word import bare_word, strip_punctuation


@pytest.mark.parametrize(
    ("word", "bare"),
    [("“Hello,”", "Hello"), (" —O’Neill’s… ", "O’Neill’s"), ("कि।", "कि"), ("50%", "50"), ("?!", ""), ("", "")],
)
def test_bare_word_is_letters_and_digits(word: str, bare: str) -> None:
    assert bare_word(word) == bare


def test_bare_word_keeps_the_listed_signs() -> None:
    assert bare_word("($5%)", keep_before="$", keep_after="%") == "$5%"


@pytest.mark.parametrize(("word", "plain"), [("“C++,”", "C++"), ("rock-.", "rock-"), ("'ll", "'ll"), ("(U.S.)", "U.S")])
def test_signs_of_the_word_stay(word: str, plain: str) -> None:
    assert strip_punctuation(word) == plain


def test_strip_punctuation_takes_more_signs() -> None:
    assert strip_punctuation("—‘rock’.", "—‘’") == "rock"
