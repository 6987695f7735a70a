"""Quotes: sentences, clauses and noun phrases of a clip, and which of them stand alone."""

from __future__ import annotations

import pytest

from core.domain.text.quotes import quotes
from core.domain.text.quotes.quote_features import list_measured
from core.domain.text.quotes.quote_score import read_model, score_quote
from core.domain.text.quotes.quotes import SpokenQuote
from core.domain.text.quotes.stumbles import drop_openers, drop_stumbles, write_words
from core.infra.english_parser import parse_english
from schemas.common import TimeRange
from streams.detect.explanations.clip_quotes import list_spoken, read_clip_context
from streams.detect.features.project_baseline import read_baseline
from streams.detect.sentences import Sentence
from streams.detect.timeline import build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import material, say


def sentence(text: str, language: str = "en") -> Sentence:
    """As one that a full stop ends."""
    return Sentence(
        first_word=0, end_word=len(text.split()), start_ms=0, end_ms=9_000, text=text, ending="stop",
        pause_before_ms=0, pause_after_ms=0, language=language,
    )  # fmt: skip


def list_quotes(sentences: list[Sentence]) -> list[SpokenQuote]:
    return quotes.list_quotes(list_spoken(sentences), parse_english)


def clauses(text: str) -> set[str]:
    """The quotes of a text that are no noun phrase, without their full stop."""
    return {quote.text.rstrip(".") for quote in list_quotes([sentence(text)]) if quote.kind != "phrase"}


def phrases(text: str) -> set[str]:
    return {quote.text for quote in list_quotes([sentence(text)]) if quote.kind == "phrase"}


def scored(said: str) -> dict[str, float]:
    """The quotes of a whole recording with their log-odds."""
    words = say(said, 0)
    timeline = build_timeline(material(words, words[-1].end_ms + 1_000))
    window = CandidateWindow(
        range=TimeRange(start_ms=0, end_ms=timeline.duration_ms), sentences=timeline.sentences, start_quality=1.0,
        end_quality=1.0,
    )  # fmt: skip
    context = read_clip_context(window, timeline, read_baseline(timeline))
    return {
        quote.text.rstrip("."): score_quote(quote, measured)
        for quote, measured in list_measured(list_spoken(window.sentences), context, parse_english)
    }


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        ("But, you know, I think people want a simple platform.", "People want a simple platform"),
        ("The bottom line is that the President must be in command.", "The President must be in command"),
        ("My nominee, the head of a large agency, was denied a vote for nine months.",
         "My nominee was denied a vote for nine months"),
        ("I trust the people; the President trusts the government.", "The President trusts the government"),
        ("Unlike most countries, we do not define citizenship by race.", "We do not define citizenship by race"),
        ("We, we really liked the, the property.", "We really liked the property"),
        ("That's why elections matter.", "Why elections matter"),
    ],
)  # fmt: skip
def test_a_clause_is_found_inside_of_a_sentence(said: str, quote: str) -> None:
    assert quote in clauses(said)


@pytest.mark.parametrize(
    ("said", "untrue"),
    [
        ("If the bubble pops, the market will suffer.", "The market will suffer"),
        ("If the bank fails, the market will suffer and the people will pay.", "The people will pay"),
        ("It cannot mean that one side gives up.", "One side gives up"),
        ("I do not believe that patients are worried about signs.", "Patients are worried about signs"),
        ("The critics say that I made my decisions by polls.", "I made my decisions by polls"),
        ("Schools not only have the duty to improve, they have the freedom to improve.",
         "Schools not only have the duty to improve"),
        ("Either we cut the budget or we raise the taxes.", "We raise the taxes"),
        ("Let me tell you, if we didn’t win, the market would have crashed.", "The market would have crashed"),
        ("The Pope, the Queen, and Mandela, which is a high bar, spoke.", "The Pope, which is a high bar, spoke"),
        ("Why is the government paying money?", "Is the government paying money?"),
        ("We had the worst crisis in ninety years.", "We had the worst crisis"),
    ],
)  # fmt: skip
def test_no_condition_denial_speaker_or_half_of_a_pair_is_lost(said: str, untrue: str) -> None:
    assert untrue not in clauses(said)


def test_a_noun_keeps_its_clause() -> None:
    found = phrases("I have seen it in the soldiers who came home after losing a limb.")
    assert "The soldiers who came home after losing a limb" in found
    assert "The soldiers" not in found


def test_words_of_a_quote_keep_their_order() -> None:
    said = "Well, the thing is, our engineers -- and I mean all of them -- built the whole platform in a single week."
    spoken = [word.strip(".,") for word in said.lower().split()]
    listed = list_quotes([sentence(said)])
    assert listed
    for quote in listed:
        said_words = iter(spoken)
        for word in filter(str.isalpha, quote.text.lower().rstrip(".").split()):
            assert any(word == other for other in said_words), quote.text


def test_coarse_words_are_not_quoted() -> None:
    assert not clauses("Holy shit, the server burned.")


def test_a_cut_off_sentence_is_marked() -> None:
    assert all(quote.is_broken for quote in list_quotes([sentence("and the engineers built the platform.")]))
    assert not any(quote.is_broken for quote in list_quotes([sentence("The engineers built the platform.")]))


def test_a_question_keeps_its_mark_where_it_is_cut() -> None:
    assert "Do you believe in deterrence?" in clauses("Do you believe in deterrence, in keeping the peace?")


def test_hesitations_and_repeated_words_are_left_out() -> None:
    assert " ".join(drop_stumbles("How, um, might the, the people of -- of this town vote?")) == (
        "How might the people of this town vote?"
    )
    assert " ".join(drop_stumbles("It is very very hard.")) == "It is very very hard."


def test_openings_and_lone_marks_are_left_out() -> None:
    said = ["And", "so,", "of", "course,", "the", "team", "said", 'yes"']
    assert write_words(drop_openers(said)) == "The team said yes"


def test_a_sentence_of_another_language_has_no_quotes() -> None:
    assert list_quotes([sentence("Das ist ein Satz über die Energie.", "de")]) == []


def test_the_whole_sentence_is_one_of_its_quotes() -> None:
    whole = [quote for quote in list_quotes([sentence("Our economy is recovering.")]) if quote.kind == "sentence"]
    assert [quote.text for quote in whole] == ["Our economy is recovering."]
    assert isinstance(whole[0], SpokenQuote)


def test_a_pronoun_without_its_noun_scores_below_zero() -> None:
    alone = scored("We cut the tax rates for the working people of America.")
    assert alone["We cut the tax rates for the working people of America"] > 0
    for said in ("That's not how it works.", "They left me.", "He did it again.", "This is a high fidelity comp."):
        assert all(log_odds < 0 for log_odds in scored(said).values()), said


def test_every_weight_is_that_of_a_measured_feature() -> None:
    words = say("The engineers built the platform.", 0)
    timeline = build_timeline(material(words, words[-1].end_ms + 1_000))
    window = CandidateWindow(
        range=TimeRange(start_ms=0, end_ms=timeline.duration_ms), sentences=timeline.sentences, start_quality=1.0,
        end_quality=1.0,
    )  # fmt: skip
    context = read_clip_context(window, timeline, read_baseline(timeline))
    model = read_model()
    for _, measured in list_measured(list_spoken(window.sentences), context, parse_english):
        assert {*model.clause_weights, *model.phrase_weights} <= set(measured)
        assert all(0 <= value <= 3 for value in measured.values())
