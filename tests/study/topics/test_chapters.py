"""Chapters begin where the subject changes, and none is shorter than the least."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from streams.study.topics.chapters import (
    CHAPTER_PENALTY,
    COUNT_PENALTY,
    MIN_CHAPTER_WORDS,
    find_best_cuts,
    find_chapter_starts,
    measure_gains,
    penalise_counts,
)
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
    found = await starts(document)
    for border in (len(TAX) * 8, len(TAX) * 8 + len(GARDEN) * 5):
        assert min(abs(start - border) for start in found) <= 1


async def test_a_short_text_is_one_chapter_and_no_text_has_none() -> None:
    assert await starts(document_of([*GARDEN, *TAX])) == [0]
    assert await starts(document_of([])) == []


async def test_no_chapter_is_shorter_than_the_least() -> None:
    document = document_of([*TAX * 6, *GARDEN * 4, *ORBIT * 4, *TAX * 6, *GARDEN * 4])
    edges = [*(document.lines[start].first_word for start in await starts(document)), len(document.words)]
    assert len(edges) > 2
    assert all(end - first >= MIN_CHAPTER_WORDS for first, end in pairwise(edges))


async def test_a_text_about_more_subjects_has_more_chapters() -> None:
    mixed = [str(line) for number in range(30) for line in np.random.default_rng(number).permutation(TAX)]
    changing = [*TAX * 8, *GARDEN * 5, *ORBIT[1:] * 6, *TAX * 8, *GARDEN * 5, *ORBIT[1:] * 6]
    alike, different = document_of(mixed), document_of(changing[: len(mixed)])
    assert len(await starts(alike)) <= 2 < len(await starts(different))


async def test_chapters_are_found_in_other_languages_and_again_the_same() -> None:
    sentences = [*TAX * 8, *GARDEN * 5, *ORBIT[1:] * 6]
    found = await starts(document_of(sentences, language="de"))
    assert len(found) == 3
    assert found == await starts(document_of(sentences, language="de"))


def test_sentences_without_a_meaning_have_no_more_chapters_than_usual() -> None:
    document = document_of([*TAX * 8, *GARDEN * 5])
    assert len(find_chapter_starts(document, np.zeros((len(document.lines), 4), dtype=np.float32))) <= 2


def test_of_all_cuts_the_best_is_found() -> None:
    rng = np.random.default_rng(1)
    size = 9
    places = np.cumsum(rng.integers(20, 90, size))
    gains, ratings = np.triu(rng.random((size, size)), 1), rng.random(size - 2)
    scores, cuts = find_best_cuts(gains, places, ratings)
    for count, (score, cut) in enumerate(zip(scores, cuts, strict=True), 1):
        assert len(cut) == count - 1
        by_cut = {}
        for inner in combinations(range(1, size - 1), count - 1):
            edges = [0, *inner, size - 1]
            if all(places[end] - places[first] >= MIN_CHAPTER_WORDS for first, end in pairwise(edges)):
                by_cut[inner] = sum(gains[pair] for pair in pairwise(edges)) + sum(ratings[at - 1] for at in inner)
        assert abs(score - max(by_cut.values())) < 1e-9
        assert tuple(cut) == max(by_cut, key=lambda inner: by_cut[inner])


def test_unrelated_sentences_gain_one_and_a_common_subject_more() -> None:
    document = document_of(TAX * 40)
    edges = np.array([0, 80, 160])
    rng = np.random.default_rng(2)
    unrelated = rng.normal(size=(160, 384)).astype(np.float32)
    assert abs(measure_gains(document.lines, unrelated, edges)[0, 1] - 0.5) < 0.2  # half is the text's own mean
    related = unrelated + np.repeat(rng.normal(size=(2, 384)), 80, axis=0).astype(np.float32)
    assert measure_gains(document.lines, related, edges)[0, 1] > 10


def test_a_longer_text_has_more_chapters_for_the_same_cost() -> None:
    cheapest = [int(penalise_counts(20, minutes * 150, 0.0, COUNT_PENALTY).argmin()) + 1 for minutes in (10, 60, 300)]
    assert cheapest == [3, 6, 10]
    assert np.diff(penalise_counts(20, 150, CHAPTER_PENALTY, COUNT_PENALTY)).min() > 0
