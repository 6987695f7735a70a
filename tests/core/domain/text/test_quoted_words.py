"""The place of a quote among words: with and without spaces, widened to whole words."""

from __future__ import annotations

import pytest

from core.domain.text.quoted_words import find_quoted_words, place_words
from core.domain.text.word_joining import join_words

WORDS = {"en": ["I", "was", "not", "there.", "I", "was", "at", "home."], "ja": ["今日", "は", "晴れ", "です。"]}


@pytest.mark.parametrize(
    ("language", "quote", "place"),
    [
        ("en", "I was", (0, 2)),
        ("en", "I was at", (4, 7)),
        ("en", "ot the", (2, 4)),
        ("en", " there.\n I ", (3, 5)),
        ("en", "i was", None),
        ("en", "", None),
        ("en", " ", None),
        ("en", "home. I", None),
        ("ja", "は晴れ", (1, 3)),
        ("ja", "日は", (0, 2)),
        ("ja", "は 晴れ", None),
    ],
)
def test_a_quote_is_found_word_for_word(language: str, quote: str, place: tuple[int, int] | None) -> None:
    words = WORDS[language]
    assert find_quoted_words(join_words(words, language), place_words(words, language), quote, language) == place
