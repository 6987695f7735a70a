"""Which words end a sentence; every stage uses the same rule."""

from __future__ import annotations

import pytest

from core.domain.text.sentence_end import ends_sentence


@pytest.mark.parametrize(
    "word",
    [
        "end.",
        'end."',
        "end.”",
        "end.)",
        "what?!",
        "well...",
        "終わり。",
        "「終わり。」",
        "क्या।",
        "ہے۔",
        "so do I.",
        "m.",
    ],
)
def test_a_mark_ends_a_sentence(word: str) -> None:
    assert ends_sentence(word.rsplit(maxsplit=1)[-1])


@pytest.mark.parametrize("word", ["Mr.", '"Mr.', "(e.g.", "Inc.", "no.", "J.", "É.", "3.5", "so,", "end", "", "。a"])
def test_other_words_end_none(word: str) -> None:
    assert not ends_sentence(word)
