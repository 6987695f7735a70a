"""Chapters begin where subject and speakers change, at a turn, and their number follows from the text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.study.topics.chapter_borders import (
    FEATURES,
    MAX_TURN_WORDS,
    BorderModel,
    list_candidates,
    measure_borders,
    read_border_model,
)
from streams.study.topics.chapters import MIN_CHAPTER_WORDS, MODEL_WORDS, find_best_cuts, find_chapter_starts
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.support.transcript_factory import GARDEN, ORBIT, transcript
from tests.support.vectors import WordSentences

TAX = (
    "The city raised its property tax by four percent this spring.",
    "Every owner of a house pays the tax before the end of June.",
    "The tax pays for schools, roads and the library of the city.",
    "Owners who pay the property tax late are charged interest.",
)


async def starts(document: TranscriptText) -> list[int]:
    vectors = (await WordSentences().embed([line.text for line in document.lines])).values
    return find_chapter_starts(document, vectors)


def document_of(sentences: Sequence[str], speakers: Sequence[str | None] = (), language: str = "en") -> TranscriptText:
    return read_transcript(transcript(sentences, speakers=speakers, language=language))


async def test_chapters_begin_where_the_subject_changes() -> None:
    parts = (TAX * 8, GARDEN * 5, ORBIT[1:] * 6)
    document = document_of([sentence for part in parts for sentence in part])
    assert {len(TAX) * 8, len(TAX) * 8 + len(GARDEN) * 5} <= set(await starts(document))


async def test_a_short_text_is_one_chapter_and_no_text_has_none() -> None:
    assert await starts(document_of([*GARDEN, *TAX])) == [0]
    assert await starts(document_of([])) == []


async def test_no_chapter_is_shorter_than_the_least() -> None:
    document = document_of([*TAX * 6, *GARDEN * 4, *ORBIT * 4, *TAX * 6, *GARDEN * 4])
    edges = [*(document.lines[start].first_word for start in await starts(document)), len(document.words)]
    assert len(edges) > 2
    assert all(end - first >= MIN_CHAPTER_WORDS for first, end in pairwise(edges))


def test_a_chapter_begins_with_a_turn_or_far_into_a_long_one() -> None:
    document = document_of(GARDEN * 4, speakers=["a", "a", "b"])
    turns = [at for at in range(1, len(document.lines)) if at % 3 != 1]
    assert list(list_candidates(document.lines)) == turns
    long_turn = document_of([*TAX, *GARDEN * 8], speakers=[*["a"] * len(TAX), *["b"] * 200])
    first = int(list_candidates(long_turn.lines)[1])
    words = [line.words for line in long_turn.lines]
    assert sum(words[len(TAX) : first]) >= MAX_TURN_WORDS > sum(words[len(TAX) : first - 1])
    assert list(list_candidates(document_of(GARDEN).lines)) == [1, 2, 3, 4, 5, 6]


def test_closings_and_openings_are_cues_in_english_only() -> None:
    sentences = [*GARDEN, "Are there any other questions about the garden?", "Our next point is the tax.", *TAX]
    for language, cues in (("en", [1.0, 1.0]), ("fr", [0.0, 0.0])):
        document = document_of(sentences, language=language)
        rows = measure_borders(document, np.eye(len(document.lines), dtype=np.float32), list_candidates(document.lines))
        assert rows.shape == (len(document.lines) - 1, len(FEATURES))
        assert list(rows[len(GARDEN), -2:]) == cues
        assert list(rows[1, -2:]) == [0.0, 0.0]


def test_the_weights_are_of_the_features() -> None:
    assert list(read_border_model().weights) == list(FEATURES)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(60, 400), st.floats(-4, 4)), min_size=1, max_size=7), st.floats(0, 3))
def test_the_cut_is_the_best_of_all(lines: list[tuple[int, float]], border_cost: float) -> None:
    model = BorderModel(
        weights={}, border_cost=border_cost, length_weight=1.0, chapters=6, length_exponent=0.3, trained_on=[]
    )
    places = np.concatenate([[0], np.cumsum([words for words, _ in lines])])
    candidates = np.arange(1, len(lines))
    ratings = np.array([rating for _, rating in lines])[1:]
    total = int(places[-1])
    usual = total / max(1.0, model.chapters * (total / MODEL_WORDS) ** model.length_exponent)

    def value(cuts: Sequence[int]) -> float:
        lengths = np.diff([0, *places[list(cuts)], total])
        if cuts and lengths.min() < MIN_CHAPTER_WORDS:
            return -np.inf
        gains = sum(ratings[cut - 1] - border_cost for cut in cuts)
        return float(gains - 0.5 * (np.log(lengths / usual) ** 2).sum())

    best = max(value(cuts) for size in range(len(lines)) for cuts in combinations(range(1, len(lines)), size))
    assert np.isclose(value(find_best_cuts(candidates, ratings, places, model)), best)
