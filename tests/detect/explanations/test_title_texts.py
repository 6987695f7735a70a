"""Titles: a sentence is cut only where it may be cut."""

from __future__ import annotations

import pytest

from streams.detect.explanations.reasons import MAX_TITLE_CHARS, title_from_sentence
from streams.detect.sentences import Sentence


def title(text: str) -> str:
    """As of a sentence that a full stop ends."""
    sentence = Sentence(
        first_word=0, end_word=len(text.split()), start_ms=0, end_ms=9_000, text=text, ending="stop",
        pause_before_ms=0, pause_after_ms=0, language="en",
    )  # fmt: skip
    return title_from_sentence(sentence)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("So this is short.", "This is short"),
        ("Yeah, these are very nice.", "These are very nice"),
        (
            "Today, after two years of negotiations, the six nations have found something that they can all sign.",
            "Today, after two years of negotiations, the six nations…",
        ),
        (
            "The office is a cultural exception, an exceptional case of how people meet.",
            "The office is a cultural exception",
        ),
        (
            "We built the whole thing in a week because nobody told us not to do it.",
            "We built the whole thing in a week",
        ),
        (
            "After early nightfall, the yellow lamps would light up here and there, the squalid quarter of town.",
            "After early nightfall, the yellow lamps would light up…",
        ),
        (
            "We sat in the cold station for two and a half hours until somebody told us about the bus.",
            "We sat in the cold station for two and a half hours until…",
        ),
    ],
)
def test_a_long_sentence_ends_with_a_clause(said: str, shown: str) -> None:
    assert title(said) == shown


def test_a_title_is_not_a_condition_alone() -> None:
    shown = title("When the large clock reaches forty, I will say the only word that matters here.")
    assert shown.startswith("When the large clock reaches forty, I will say")
    assert shown.endswith("…")
    assert len(shown) <= MAX_TITLE_CHARS
