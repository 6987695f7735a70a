"""Names, amounts and how they stand to each other: what is found, and what is not taken for one."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from streams.study.amounts import amounts
from streams.study.entities import named, valued
from streams.study.relations import relations
from streams.study.subjects import key_of
from tests.study.said import spoken


def found(*sentences: str) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in named(spoken(*sentences))}


@pytest.mark.parametrize(
    ("sentence", "kind", "name"),
    [
        ("Today I speak with Maria Gonzalez about trees.", "person", "Maria Gonzalez"),
        ("My name is Xiulan Okonkwo and I build bridges.", "person", "Xiulan Okonkwo"),
        ("We asked Dr. Tanner, who is the director of the clinic.", "person", "Tanner"),
        ("It was built by the University of Toronto in two years.", "organisation", "University of Toronto"),
        ("The report of Harbour Research says otherwise.", "organisation", "Harbour Research"),
        ("They moved to New Zealand last year.", "place", "New Zealand"),
        ("We sold it to the FDA and to nobody else.", "organisation", "FDA"),
    ],
)
def test_a_name_is_found_by_what_stands_around_it(sentence: str, kind: str, name: str) -> None:
    assert (kind, name) in found(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I think that I know what I'm doing here.",
        "On Monday the American people vote.",
        "The CEO and the CFO agreed on EBITDA.",
        "Okay. Right. Yeah, So that is it.",
        "Remarkable things happen.",
    ],
)
def test_what_only_has_a_capital_is_no_name(sentence: str) -> None:
    assert found(sentence) == set()


def test_a_surname_alone_is_the_person_who_was_introduced() -> None:
    heard = spoken("I'm joined by Peter Lindqvist today.", "Lindqvist runs the place.", "That was Lindqvist's idea.")
    (person,) = named(heard)
    assert (person.kind, person.name, len(person.places)) == ("person", "Peter Lindqvist", 3)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("It costs $7.5 million a year.", "money", ["$7.5 million"]),
        ("It was 25 cents or 49 cents per share.", "money", ["25 cents", "49 cents"]),
        ("We paid twenty five million dollars.", "money", ["twenty five million dollars"]),
        ("It grew nearly 50% and then 3.5 percent.", "percent", ["nearly 50%", "3.5 percent"]),
        ("In the second quarter of 2020 it rained.", "date", ["the second quarter of 2020"]),
        ("On June 30, 2020, we closed.", "date", ["June 30, 2020"]),
        ("It may march on in May.", "date", ["May"]),
        ("It began two years ago, yesterday.", "date", ["two years ago", "yesterday"]),
        ("He owns 1,000 cars.", "number", ["1,000"]),
    ],
)
def test_amounts(text: str, kind: str, expected: list[str]) -> None:
    assert [text[begin:end] for begin, end, of in sorted(amounts(text)) if of == kind] == expected


def test_no_two_amounts_share_a_letter() -> None:
    text = "In the third quarter of 2019 we earned $3.4 billion, about 25 percent more than in Q2 2018, at 5 p.m."
    spans = sorted((begin, end) for begin, end, _ in amounts(text))
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_amounts_are_listed_once_with_all_their_places() -> None:
    (one,) = [one for one in valued(spoken("It cost $5.", "And $5 again.")) if one.kind == "money"]
    assert (one.name, len(one.places)) == ("$5", 2)


def test_relations_quote_the_sentence_that_says_them() -> None:
    heard = spoken(
        "Anna Petrova, our chief financial officer, opened the meeting.",
        "The next question comes from Louise Chen with Harbour Research.",
        "Harbour Research is based in Toronto, Canada.",
    )
    told = {(one.kind, one.subject, one.object) for one in relations(heard, named(heard))}
    assert told >= {
        ("holds_role", "Anna Petrova", "chief financial officer"),
        ("works_for", "Louise Chen", "Harbour Research"),
        ("located_in", "Harbour Research", "Toronto"),
    }


def test_places_in_a_list_do_not_lie_in_each_other() -> None:
    heard = spoken("They sell to Australia, India, Japan and Canada now.", "He lives in Boston, Massachusetts today.")
    told = [(one.subject, one.object) for one in relations(heard, named(heard)) if one.kind == "located_in"]
    assert told == [("Boston", "Massachusetts")]


def test_a_country_is_not_the_organisation_that_begins_with_its_name() -> None:
    assert found("The Canada Revenue Agency told us.", "We live in Canada here.", "Canada is cold.") == {
        ("organisation", "Canada Revenue Agency"), ("place", "Canada"),
    }  # fmt: skip


def test_forms_of_one_name_have_one_key() -> None:
    assert key_of("Café Royals") == key_of("cafe royal")
    assert key_of("…") == "…"


def test_a_hostile_sentence_takes_no_time() -> None:
    began = time.process_time()
    for part in ("a a a ", "the the ", "one hundred ", "chief senior vice ", "1,", "May ", "uh, ", "and of the "):
        named(heard := spoken(part * 2000 + "X"))
        valued(heard)
    assert time.process_time() - began < 20
