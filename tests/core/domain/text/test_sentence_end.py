"""Which words end a sentence; every stage uses the same rule."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.text.sentence_end import ends_sentence, is_punctuated, is_sentence_pause
from schemas.common import Word


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
def test_other_words_do_not_end_a_sentence(word: str) -> None:
    assert not ends_sentence(word)


def words_with_pause(pause_ms: int, following: str) -> list[Word]:
    return [
        Word(text="well", start_ms=0, end_ms=400, probability=1.0),
        Word(text=following, start_ms=400 + pause_ms, end_ms=900 + pause_ms, probability=1.0),
    ]


def test_only_a_long_pause_ends_a_sentence_that_goes_on() -> None:
    assert is_sentence_pause(*words_with_pause(1_500, "Next"), punctuated=True)
    assert not is_sentence_pause(*words_with_pause(1_499, "Next"), punctuated=True)
    assert not is_sentence_pause(*words_with_pause(3_999, " next"), punctuated=True)
    assert is_sentence_pause(*words_with_pause(4_000, "next"), punctuated=True)
    assert is_sentence_pause(*words_with_pause(1_500, "next"), punctuated=False), "no text without full stops goes on"


def test_a_text_with_a_full_stop_in_forty_words_is_punctuated() -> None:
    words = words_with_pause(0, "next") * 20
    stop = msgspec.structs.replace(words[0], text="end.")
    assert is_punctuated([stop, *words[1:]])
    assert not is_punctuated([stop, *words])
