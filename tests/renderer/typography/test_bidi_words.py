"""Captions in which a run of the other direction goes from one word into the next stand as Unicode has them."""

from __future__ import annotations

import pytest

from schemas.common import Word
from streams.renderer.captions.burn_in import fitting, shown_texts
from streams.renderer.captions.layout import place
from streams.renderer.captions.look import look_for
from streams.renderer.typography.bidi import base_level, levels, visual
from streams.renderer.typography.bidi_words import MOST_SIGNS, kept_together


def said(text: str, gap_ms: int = 50) -> list[Word]:
    return [
        Word(text=one, start_ms=at * (300 + gap_ms), end_ms=at * (300 + gap_ms) + 300, probability=0.9)
        for at, one in enumerate(text.split())
    ]


def drawn(words: list[Word], language: str | None) -> str:
    """All signs of a line from the left to the right, by where words are put and how each is drawn."""
    look = look_for(1920, 1080, language=language)
    placed = place(shown_texts([word.text for word in words], look), look, look.measure)
    assert len({word.baseline_px for word in placed.words}) == 1
    parts = []
    for word in sorted(placed.words, key=lambda word: word.x_px):
        order = visual(word.levels) if word.levels else range(len(word.text))
        parts.append("".join(word.text[at] for at in order))
    return " ".join(parts)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("קניתי הiPhone Plus חדש", "he"),
        ("גרתי בNew York", "he"),
        ("הנה ל-Google Maps, כן", "he"),
        ("اشتريت الiPhone Plus جديد", "ar"),
        ("we say theשלום עולם here", "en"),
        ("רק New Yorkי", "he"),
    ],
)
def test_a_line_reads_as_unicode_orders_it(text: str, language: str) -> None:
    whole = text.upper() if look_for(1920, 1080).template.letters.case == "upper" else text
    order = visual(levels(whole, base_level(whole, language)))
    assert drawn(kept_together(said(text), language), language) == "".join(whole[at] for at in order)
    assert drawn(said(text), language) != "".join(whole[at] for at in order), "each word for itself cannot"


@pytest.mark.parametrize(
    "text", ["הiPhone חדש", "אני אומר hello world", "just plain words", "שלום עולם", "ב2024 ו2025"]
)
def test_words_that_can_stand_for_themselves_do(text: str) -> None:
    assert kept_together(said(text), "he") == said(text)


def test_what_is_put_together_is_lit_as_one_and_bounded() -> None:
    first, second = kept_together(said("קניתי הiPhone Plus"), "he")
    assert (first.text, second.text, second.start_ms, second.end_ms) == ("קניתי", "הiPhone Plus", 350, 1_000)
    assert len(kept_together(said("הiPhone Plus", gap_ms=500), "he")) == 2, "no cue holds both"
    many = kept_together(said("בNew York City Hall Park Row Plaza Station"), "he")
    assert len(many) > 1
    assert all(len(word.text) <= MOST_SIGNS for word in many)
    assert fitting(look_for(1080, 1920, language="he"))([second.text])
