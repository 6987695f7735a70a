"""A summary can be read alone: few sentences, in their order, none of which leans on another."""

from __future__ import annotations

import pytest

from streams.study.assemble import build_intelligence
from streams.study.discourse_patterns import BACK_REFERENCES, DEPENDENT_OPENERS
from streams.study.summary import MAX_SUMMARY_LINES, find_clear_word
from tests.support.transcript_factory import GARDEN, ORBIT, material, spoken

NOUNS = ("soil", "tomato", "root", "leaf", "gate", "apple", "pear", "plum", "bean", "onion", "carrot", "tulip")
LEANING = (
    "It was the garden soil with compost around the tomatoes that made the roots grow.",
    "And so they water the tomatoes of the garden every morning before the sun is high.",
    "As I said, the tomatoes of the garden need compost and water every warm morning.",
)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("The garden needs water every morning before noon.", "The garden needs water every morning before noon."),
        ("Okay, um, so the garden needs water every single morning.", "the garden needs water every single morning."),
        ("And it needs water every morning before the sun is high.", None),
        ("So that’s why the garden needs water every morning.", None),
        ("The garden, like I just said, needs water every morning.", None),
        ("They’ll water the garden every morning before noon.", None),
        ("Well, so, the garden is now green.", None),
        ("Otherwise the garden needs water every single morning.", None),
    ],
)
def test_a_clear_sentence_needs_no_other(text: str, clear: str | None) -> None:
    document = spoken(text)
    line = document.lines[0]
    first_word = find_clear_word(document, line)
    assert (None if first_word is None else document.quote(first_word, line.end_word).text) == clear


async def test_no_sentence_of_a_summary_leans_on_another() -> None:
    document = spoken(
        *LEANING, *GARDEN, *LEANING, "Okay, so compost makes the soil of a garden moist and warm.", *ORBIT
    )
    made = build_intelligence(await material(document))
    quotes = [point.quote for point in made.summary]
    assert 0 < len(quotes) <= MAX_SUMMARY_LINES
    assert [quote.start_ms for quote in quotes] == sorted({quote.start_ms for quote in quotes})
    assert not [quote.text for quote in quotes if quote.text.split()[0].lower() in DEPENDENT_OPENERS | {"okay,"}]
    assert not [quote.text for quote in quotes if BACK_REFERENCES.search(quote.text)]
    assert all(document.contains_quote(quote) for quote in quotes)
    assert made.thrown_away == 0


async def test_a_long_text_has_five_sentences_and_the_same_each_time() -> None:
    document = spoken(*[f"The {noun} of our garden needs water, compost and sun every day." for noun in NOUNS * 4])
    first, second = [build_intelligence(await material(document)).summary for _ in range(2)]
    assert len(first) == MAX_SUMMARY_LINES
    assert first == second
