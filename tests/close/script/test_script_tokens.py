"""Splitting any script into words, finding those to match, at a bounded cost."""

from __future__ import annotations

import time

import pytest

from streams.close.script.script_tokens import MAX_WORD_CHARACTERS, is_other_text, match_words, split_script_words


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Hello — world !", "en", ["Hello—", "world!"]),
        ("— He said « yes » 🎉🎉", "fr", ["—He", "said", "«yes»🎉🎉"]),
        ("[Applause] So, [he laughs] we go on", "en", ["So,", "we", "go", "on"]),
        ("שלום עולם, مرحبا", "he", ["שלום", "עולם,", "مرحبا"]),
        ("今日は、iPhone 15を買う。", "ja", ["今", "日", "は、", "iPhone", "15", "を", "買", "う。"]),
        ("สวัสดี ครับ", "th", ["ส", "วั", "ส", "ดี", "ค", "รั", "บ"]),
        ("🎉 — …", "en", []),
        ("", None, []),
        ("[[[[", "en", []),
    ],
)
def test_a_script_is_split_into_words(text: str, language: str | None, words: list[str]) -> None:
    assert split_script_words(text, language) == words


def test_no_word_is_longer_than_people_can_say() -> None:
    assert split_script_words("a" * 60_000, "en") == ["a" * MAX_WORD_CHARACTERS]
    (word,) = split_script_words("hello" + " 🎉" * 10_000, "en")
    assert len(word) == MAX_WORD_CHARACTERS


def test_frequent_words_are_matched_next_to_others() -> None:
    """A word repeated fifteen thousand times is fast, and an ordinary script matches as before."""
    heard = ["the", *(f"w{at}" for at in range(9)), "the"] * 60
    begun_s = time.process_time()
    codes = match_words(heard, ["the"] * 15_000)
    assert time.process_time() - begun_s < 5
    assert sum(i2 - i1 for kind, i1, i2, _, _ in codes if kind == "equal") <= 120
    assert [kind for kind, *_ in match_words(heard, heard)] == ["equal"]


HEARD = "we are going to speak of the weather and then of the rain in the hills"
OTHER = "shares were sold to customers by brokers who had no idea what their bonds would bring next year"
MISHEARD = "we are growing to speak off the whether and ten of the rein in the heels"


@pytest.mark.parametrize(
    ("script", "other"),
    [
        (HEARD, False),
        (MISHEARD, False),
        (f"{OTHER} {OTHER} {HEARD} {OTHER} {OTHER}", False),
        (OTHER, True),
        (" ".join(f"{word} x y" for word in HEARD.split()), True),
        ("", True),
        ("of this", False),
    ],
)
def test_single_words_agree_by_chance_and_few_words_prove_nothing(script: str, *, other: bool) -> None:
    heard, wanted = HEARD.split(), script.split()
    assert is_other_text(len(heard), len(wanted), match_words(heard, wanted), "en") is other
