"""Keyphrases: a word that is mostly part of a longer phrase gives way to it."""

from __future__ import annotations

import numpy as np

from streams.study.topics import keyphrases
from tests.support.transcript_factory import GARDEN, spoken
from tests.support.vectors import WordSentences


async def test_a_phrase_stands_for_the_word_in_it() -> None:
    heard = spoken(
        *(f"Our potential energy grows in test {name}." for name in ("one", "two", "three", "four")), "Energy."
    )
    found = keyphrases.find_keyphrases(heard)
    rows = (await WordSentences().embed([phrase.text for phrase in found])).values
    chosen = [phrase.text for phrase, _ in keyphrases.select_keyphrases(found, rows, rows.mean(axis=0), 5)]
    assert any("potential energy" in text for text in chosen)
    assert "energy" not in [text.lower() for text in chosen]


def test_single_mentions_and_stop_words_are_not_phrases() -> None:
    texts = {phrase.text.lower() for phrase in keyphrases.find_keyphrases(spoken(*GARDEN))}
    assert "garden" in texts
    assert not texts & {"sour", "the", "every morning"}


def test_no_phrase_crosses_punctuation() -> None:
    heard = spoken("We like apples, pears and plums.", "They like apples, pears and plums.")
    assert not any("apples" in one.key and len(one.key) > 1 for one in keyphrases.find_keyphrases(heard))
    assert np.isfinite([one.weight for one in keyphrases.find_keyphrases(heard)]).all()
