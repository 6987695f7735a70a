"""Chapters begin where the subject changes, and none is shorter than the least."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from streams.study.topics.chapters import MIN_CHAPTER_WORDS, find_chapter_starts
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
        assert min(abs(start - border) for start in found) <= 1  # sentences are compared in runs of a few


async def test_a_short_text_is_one_chapter_and_no_text_has_none() -> None:
    assert await starts(document_of([*GARDEN, *TAX])) == [0]
    assert await starts(document_of([])) == []


async def test_no_chapter_is_shorter_than_the_least() -> None:
    document = document_of([*TAX * 6, *GARDEN * 4, *ORBIT * 4, *TAX * 6, *GARDEN * 4])
    edges = [*(document.lines[start].first_word for start in await starts(document)), len(document.words)]
    assert len(edges) > 2
    assert all(end - first >= MIN_CHAPTER_WORDS for first, end in pairwise(edges))
