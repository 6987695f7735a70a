"""Statements: parts of a sentence that stand alone, in its own words."""

from __future__ import annotations

import pytest

from streams.detect.explanations.statements import MAX_FLAW, Statement, drop_stumbles, list_statements
from streams.detect.sentences import Sentence


def sentence(text: str) -> Sentence:
    """As one that a full stop ends."""
    return Sentence(
        first_word=0, end_word=len(text.split()), start_ms=0, end_ms=9_000, text=text, ending="stop",
        pause_before_ms=0, pause_after_ms=0, language="en",
    )  # fmt: skip


def standing(text: str) -> set[str]:
    """The statements of a text that stand alone, without their full stop."""
    return {part.text.rstrip(".") for part in list_statements([sentence(text)]) if part.flaw <= MAX_FLAW}


@pytest.mark.parametrize(
    ("said", "statement"),
    [
        ("But, you know, I think people want a simple platform.", "People want a simple platform"),
        ("The bottom line of national strength is that the President must be in command.",
         "The President must be in command"),
        ("My nominee, the head of a large agency, was denied a vote for nine months.",
         "My nominee was denied a vote for nine months"),
        ("I trust the people; the President trusts the government.", "The President trusts the government"),
        ("Web media is a major employer, both directly and indirectly, of web developers.",
         "Web media is a major employer of web developers"),
        ("It was in Mentor, where a father told the story of his eight-year-old daughter.",
         "A father told the story of his eight-year-old daughter"),
        ("Unlike most countries, we do not define citizenship by race.", "We do not define citizenship by race"),
        ("We, we really liked the, the property.", "We really liked the property"),
    ],
)  # fmt: skip
def test_a_statement_is_found_inside_of_a_sentence(said: str, statement: str) -> None:
    assert statement in standing(said)


@pytest.mark.parametrize(
    "said",
    [
        "He did it again.", "That's not how it works.", "Absolutely not.", "They left me.", "The brand names",
        "Thank you for coming today.", "Because we are willing to bear its burden", "This is a high fidelity comp.",
        "Solar, wind, biodiesel, geothermal.", "The ones that have the open source community.",
        "Here's the point that I made.",
    ],
)  # fmt: skip
def test_what_points_elsewhere_or_says_nothing_stands_not_alone(said: str) -> None:
    assert not standing(said)


@pytest.mark.parametrize(
    ("said", "untrue"),
    [
        ("If the bubble pops, the market will suffer.", "The market will suffer"),
        ("It cannot mean that one side gives up, and then we have an agreement.", "We have an agreement"),
        ("Schools not only have the duty to improve, they have the freedom to improve.",
         "Schools not only have the duty to improve"),
        ("If the critics are right that I made my decisions by polls, then I read them badly.",
         "The critics are right that I made my decisions by polls"),
        ("After all we've been through, I do not believe in another tax cut.",
         "We've been through, I do not believe in another tax cut"),
        ("You don't call them an enemy — unless you live in the past century.", "You don't call them an enemy"),
        ("The fact that the earth is round surprises nobody in this audience.", "The fact"),
    ],
)  # fmt: skip
def test_no_condition_denial_or_half_of_a_pair_is_lost(said: str, untrue: str) -> None:
    assert untrue not in standing(said)


def test_words_of_a_statement_keep_their_order() -> None:
    said = "Well, the thing is, our engineers -- and I mean all of them -- built the whole platform in a single week."
    spoken = [word.strip(".,") for word in said.lower().split()]
    for statement in list_statements([sentence(said)]):
        said_words = iter(spoken)
        for word in filter(str.isalpha, statement.text.lower().rstrip(".").split()):
            assert any(word == other for other in said_words), statement.text


def test_hesitations_and_repeated_words_are_left_out() -> None:
    assert " ".join(drop_stumbles("How, um, might the, the people of -- of this town vote?")) == (
        "How might the people of this town vote?"
    )
    assert " ".join(drop_stumbles("It is very very hard.")) == "It is very very hard."


def test_a_sentence_of_another_language_has_no_statements() -> None:
    text = sentence("Das ist ein Satz über die Energie.").__class__(
        first_word=0, end_word=7, start_ms=0, end_ms=9_000, text="Das ist ein Satz über die Energie.", ending="stop",
        pause_before_ms=0, pause_after_ms=0, language="de",
    )  # fmt: skip
    assert list_statements([text]) == []


def test_the_whole_sentence_is_one_of_its_statements() -> None:
    whole = [part for part in list_statements([sentence("Our economy is recovering.")]) if part.is_whole]
    assert [part.text for part in whole] == ["Our economy is recovering."]
    assert isinstance(whole[0], Statement)
    assert whole[0].flaw <= MAX_FLAW
