"""Titles of chapters: a statement or a noun phrase that is said, never a list of phrases."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from core.domain.text.english.parses import Parse
from core.domain.text.english.word_classes import fold_word
from core.infra.english_parser import parse_english
from streams.study import chapter_titles
from streams.study.assemble import build_intelligence
from streams.study.chapter_titles import MAX_PARSED_LINES, survey_text, write_title
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.support.transcript_factory import GARDEN, ORBIT, material, spoken, transcript

LEANING = ("It was then that they did it for him.", "That is what he said about it.", "He did that with them again.")


def is_said(title: str, document: TranscriptText) -> bool:
    """Whether all words are said in one sentence, in their order."""

    def follows(words: Iterator[str]) -> bool:
        return all(fold_word(word) in words for word in title.removesuffix("…").split())

    return any(follows(map(fold_word, line.text.split())) for line in document.lines)


def title_of(document: TranscriptText, phrases: tuple[str, ...] = (), nearest: int = 0) -> str:
    """As of a chapter of all lines, one of which is nearest to its middle."""
    similarity = np.full(len(document.lines), 0.2, dtype=np.float32)
    similarity[nearest] = 0.9
    return write_title(document, (0, len(document.lines)), similarity, phrases, survey_text(document, 1))


async def test_a_title_is_a_statement_of_its_chapter() -> None:
    document = spoken(*GARDEN, *GARDEN, *ORBIT, *ORBIT)
    made = build_intelligence(await material(document))
    assert len(made.chapters) == 2
    for chapter in made.chapters:
        assert is_said(chapter.title, document)
        assert len(chapter.title.split()) > 3
        assert ", ".join(chapter.phrases[:2]).lower() != chapter.title.lower()


def test_the_sentence_nearest_to_the_middle_entitles() -> None:
    document = spoken(*GARDEN[:4], *LEANING)
    assert title_of(document, nearest=3) == GARDEN[3].rstrip(".")


def test_a_sentence_that_leans_entitles_nothing() -> None:
    document = spoken(*LEANING, GARDEN[3], *LEANING)
    assert title_of(document, nearest=4) == GARDEN[3].rstrip(".")


def test_where_no_sentence_stands_alone_one_phrase_entitles() -> None:
    assert title_of(spoken(*LEANING), ("garden soil", "compost")) == "Garden soil"


def test_a_doubtful_sentence_entitles_nothing() -> None:
    text = transcript([GARDEN[0], GARDEN[3]])
    segments = [msgspec.structs.replace(text.segments[0], trust="doubtful"), text.segments[1]]
    document = read_transcript(msgspec.structs.replace(text, segments=segments))
    assert title_of(document, nearest=0) == GARDEN[3].rstrip(".")


def test_another_language_has_one_phrase_or_a_beginning() -> None:
    said = "Der Garten braucht jeden Morgen Wasser, bevor die Sonne hoch am Himmel steht."
    document = spoken(said, language="de")
    assert title_of(document) == "Der Garten braucht jeden Morgen Wasser, bevor die…"
    assert title_of(document, ("Garten", "Wasser")) == "Garten"


def test_a_long_chapter_parses_its_nearest_sentences_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def count(text: str) -> Parse:
        parsed.append(text)
        return parse_english(text)

    monkeypatch.setattr(chapter_titles, "parse_english", count)
    nouns = ("soil", "tomato", "root", "leaf", "gate", "apple", "pear", "plum", "bean", "onion")
    document = spoken(
        *[f"The {noun} of our garden needs water on day number {day}." for noun in nouns for day in range(9)]
    )
    assert title_of(document)
    assert len(parsed) == MAX_PARSED_LINES
