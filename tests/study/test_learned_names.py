"""Names of a configured model: what it finds counts first, rules name the rest, and its silence is a note."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import NameKind, NamesFound, NameSpan
from schemas.documents.intelligence import Intelligence
from streams.study.assemble import LearnedNames, build_intelligence
from streams.study.entities.recognizer import build_entities, find_entities, find_values
from streams.study.learned_names import LINES_PER_REQUEST_COUNT, RULES_ALONE_NOTE, learn_names
from streams.study.transcript_text import read_transcript
from tests.support.transcript_factory import ORBIT, material, spoken, transcript
from tests.support.vectors import BracketNames


def span(text: str, name: str, kind: NameKind, probability: float = 0.9) -> NameSpan:
    begin = text.index(name)
    return NameSpan(begin=begin, end=begin + len(name), kind=kind, probability=probability)


def names_of(sentences: Sequence[str], *learned: Sequence[NameSpan]) -> set[tuple[str, str, int]]:
    found = find_entities(spoken(*sentences), learned)
    return {(one.kind, one.name, len(one.places)) for one in found}


def test_model_and_rules_complete_each_other() -> None:
    sentence = "Then quillon met Maria Gonzalez in Toronto."
    assert names_of([sentence]) == {("person", "Maria Gonzalez", 1), ("place", "Toronto", 1)}
    assert names_of([sentence], [span(sentence, "quillon", "organisation")]) == {
        ("organisation", "quillon", 1), ("person", "Maria Gonzalez", 1), ("place", "Toronto", 1),
    }  # fmt: skip


def test_the_models_kind_counts_for_all_mentions_of_a_name() -> None:
    sentences = ["We live in Toronto.", "Our office is in Toronto.", "The novel is by Toronto."]
    assert names_of(sentences) == {("place", "Toronto", 3)}
    assert names_of(sentences, [], [], [span(sentences[2], "Toronto", "person")]) == {("person", "Toronto", 3)}


def test_the_models_span_replaces_the_rules_own_and_is_whole_words() -> None:
    sentence = "We asked Dr. Tanner Bell, who agreed."
    assert names_of([sentence], [span(sentence, "Tanner Bel", "person")]) == {("person", "Tanner Bell", 1)}


def test_the_likelier_of_two_spans_counts_and_an_unlikely_one_never() -> None:
    sentence = "Then quillon harbour opened."
    spans = [span(sentence, "quillon harbour", "place", 0.6), span(sentence, "quillon", "organisation", 0.7)]
    assert names_of([sentence], spans) == {("organisation", "quillon", 1)}
    assert names_of([sentence], [span(sentence, "quillon", "organisation", 0.49)]) == set()


def test_an_amount_inside_a_learned_name_is_part_of_the_name() -> None:
    sentence = "They sold it to Studio 54 in spring."
    learned = [[span(sentence, "Studio 54", "organisation")]]
    text = spoken(sentence)
    assert ("number", "54") in {(one.kind, one.name) for one in find_values(text)}
    listed = build_entities(text, find_entities(text, learned), learned)
    assert [(one.kind, one.name) for one in listed] == [("organisation", "Studio 54"), ("date", "spring")]


def test_no_answer_gives_the_bytes_of_rules_alone() -> None:
    text = spoken(*ORBIT)
    assert find_entities(text, [[] for _ in text.lines]) == find_entities(text)


async def made(names: object, *sentences: str, language: str | None = "en") -> tuple[Intelligence, LearnedNames]:
    text = read_transcript(transcript(sentences, language=language))
    learned = await learn_names(names, text, lambda _: None, patience_s=0.2)  # type: ignore[arg-type]
    return build_intelligence(replace(await material(text), names=learned)), learned


async def test_a_document_names_the_model_and_quotes_its_names() -> None:
    document, learned = await made(BracketNames(), *ORBIT, "They joined ⟨harbour lines⟩ then.")
    (entity,) = [one for one in document.entities if one.name == "⟨harbour lines⟩"]
    assert [quote.text for quote in entity.mentions] == ["⟨harbour lines⟩"]
    assert (document.engine.model, document.notes) == ("words-1, brackets-1", [])
    assert learned.compute_ms == 2 * (len(ORBIT) + 1)


async def test_without_a_model_the_document_has_no_note() -> None:
    document, learned = await made(None, *ORBIT)
    assert learned == LearnedNames()
    assert (document.engine.model, document.notes) == ("words-1", [])


class Failing:
    """Answers some requests, then fails; without an error it hangs."""

    def __init__(self, error: Exception | None, answered: int = 0) -> None:
        self._error, self._answered = error, answered

    async def find_names(self, texts: Sequence[str]) -> NamesFound:
        if self._answered:
            self._answered -= 1
            return await BracketNames().find_names(texts)
        if self._error is None:
            await asyncio.Event().wait()
        raise self._error or AssertionError


@pytest.mark.parametrize("error", [Unavailable("triton", "away"), InferenceFailed("NAMES"), None])
@pytest.mark.parametrize("answered", [0, 1])
async def test_a_model_that_does_not_answer_leaves_rules_alone_and_a_note(
    error: Exception | None, answered: int
) -> None:
    sentences = [*ORBIT, *(f"They joined ⟨harbour⟩ {number}." for number in range(LINES_PER_REQUEST_COUNT))]
    document, learned = await made(Failing(error, answered), *sentences)
    alone, _ = await made(None, *sentences)
    assert (learned.spans_by_line, learned.note) == ((), RULES_ALONE_NOTE)
    assert document.entities == alone.entities
    assert (document.engine.model, document.notes) == ("words-1", [RULES_ALONE_NOTE])


async def test_only_english_lines_are_sent() -> None:
    _, learned = await made(BracketNames(), "Voici ⟨harbour⟩.", language="fr")
    assert learned == LearnedNames()
