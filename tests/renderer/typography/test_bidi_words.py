"""Captions with a run of the other direction across words are ordered as Unicode defines."""

from __future__ import annotations

import pytest

from schemas.common import Word
from streams.renderer.captions.burn_in import displayed_texts, fits_look
from streams.renderer.captions.layout import lay_out_cue
from streams.renderer.captions.look import build_look
from streams.renderer.typography.bidi import base_level, resolve_levels, visual_order
from streams.renderer.typography.bidi_words import MAX_GROUP_LETTERS, group_bidi_words


def spoken_words(text: str, gap_ms: int = 50) -> list[Word]:
    return [
        Word(text=one, start_ms=at * (300 + gap_ms), end_ms=at * (300 + gap_ms) + 300, probability=0.9)
        for at, one in enumerate(text.split())
    ]


def drawn(words: list[Word], language: str | None) -> str:
    """All signs of a line from the left to the right, by where words are put and how each is drawn."""
    look = build_look(1920, 1080, language=language)
    placed = lay_out_cue(displayed_texts([word.text for word in words], look), look, look.measure)
    assert len({word.baseline_px for word in placed.words}) == 1
    parts = []
    for word in sorted(placed.words, key=lambda word: word.x_px):
        order = visual_order(word.levels) if word.levels else range(len(word.text))
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
    whole = text.upper() if build_look(1920, 1080).template.letters.case == "upper" else text
    order = visual_order(resolve_levels(whole, base_level(whole, language)))
    assert drawn(group_bidi_words(spoken_words(text), language), language) == "".join(whole[at] for at in order)
    assert drawn(spoken_words(text), language) != "".join(whole[at] for at in order), "each word for itself cannot"


@pytest.mark.parametrize(
    "text", ["הiPhone חדש", "אני אומר hello world", "just plain words", "שלום עולם", "ב2024 ו2025"]
)
def test_independent_words_stay_separate(text: str) -> None:
    assert group_bidi_words(spoken_words(text), "he") == spoken_words(text)


def test_grouped_words_light_up_as_one_and_are_bounded() -> None:
    first, second = group_bidi_words(spoken_words("קניתי הiPhone Plus"), "he")
    assert (first.text, second.text, second.start_ms, second.end_ms) == ("קניתי", "הiPhone Plus", 350, 1_000)
    assert len(group_bidi_words(spoken_words("הiPhone Plus", gap_ms=500), "he")) == 2, "no cue holds both"
    many = group_bidi_words(spoken_words("בNew York City Hall Park Row Plaza Station"), "he")
    assert len(many) > 1
    assert all(len(word.text) <= MAX_GROUP_LETTERS for word in many)
    assert fits_look(build_look(1080, 1920, language="he"))([second.text])
