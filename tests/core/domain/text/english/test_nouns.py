"""Whether a word is used as a noun, judged by its neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.text.english.nouns import used_as_noun
from streams.study.topics import keyphrases
from streams.study.topics.topic_tokens import is_content_word
from tests.support.transcript_factory import spoken


def used(word: str, *sentences: str) -> bool:
    """The word by its places in these sentences."""
    words = " ".join(sentences).lower().split()
    return used_as_noun(
        words, [(at, at + 1) for at, one in enumerate(words) if one.strip(".,?") == word], is_content_word
    )


@pytest.mark.parametrize(
    ("word", "sentences"),
    [
        ("release", ["The release was late.", "We planned a release in May."]),
        ("energy", ["The kinetic energy is lost.", "It turns into energy."]),
        ("swing", ["On the first swing it broke.", "I swing it."]),
        ("training", ["They had less training with it."]),
        ("works", ["His works are read.", "All works of hers."]),
        ("gas", ["This gas burns.", "Each gas has a colour."]),
        ("series", ["This series ended."]),
    ],
)
def test_words_in_noun_positions_are_nouns(word: str, sentences: list[str]) -> None:
    assert used(word, *sentences)


@pytest.mark.parametrize(
    ("word", "sentences"),
    [
        ("called", ["They are called anodes.", "It is called a diode."]),
        ("continue", ["We continue to grow.", "I will continue."]),
        ("difficult", ["It's difficult to say.", "That was very difficult."]),
        ("kinetic", ["The kinetic energy is lost.", "A kinetic sculpture moves."]),
        ("initially", ["Initially it was small.", "The cost initially rose."]),
        ("interested", ["I'm interested in it.", "Few are more interested than you."]),
        ("twenty", ["There are twenty of them.", "About twenty came."]),
        ("twenty-two", ["For twenty-two years she came.", "In the twenty-two years before."]),
        ("reaches", ["The rocket reaches the orbit.", "The probe reaches it."]),
        ("quiet", ["Quiet.", "Quiet."]),
        ("works", ["This works.", "See how it works."]),
        ("happens", ["That happens every day.", "Each happens once."]),
    ],
)
def test_verbs_adjectives_adverbs_and_numbers_are_not_nouns(word: str, sentences: list[str]) -> None:
    assert not used(word, *sentences)


def test_topics_are_noun_phrases_and_names() -> None:
    heard = spoken(
        "We 're ahead of the plan with the remote control.",
        "They 're ahead because the remote control is called Maren.",
        "I wrote to Maren about the highly successful remote control.",
        "He wrote a highly successful book.",
    )
    texts = {phrase.text.lower() for phrase in keyphrases.find_keyphrases(heard)}
    assert {"remote control", "maren"} <= texts
    assert not texts & {"'re", "'re ahead", "ahead", "wrote", "called", "highly successful", "remote", "successful"}


def test_a_longer_phrase_is_listed_with_its_own_head() -> None:
    heard = spoken(
        *(f"The kinetic energy of {what} grows." for what in ("a ball", "a car")),
        *(f"Some energy of {what} is lost." for what in ("a lamp", "the sun", "an oven", "this house", "my engine")),
    )
    found = keyphrases.find_keyphrases(heard)
    rows = np.ones((len(found), 1), dtype=np.float32)
    chosen = [phrase.text.lower() for phrase, _ in keyphrases.select_keyphrases(found, rows, rows[0], 5)]
    assert {"energy", "kinetic energy"} <= set(chosen)


@pytest.mark.parametrize("word", ["higher", "crude", "squishy", "biggest", "easier", "happiest", "together"])
def test_purely_descriptive_words_are_not_nouns(word: str) -> None:
    assert not used(word, f"I lift it to a {word}, then down.", f"Something of the {word}.")
