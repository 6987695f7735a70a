"""The constants of chapters are fitted on labelled texts, and Pk is as its authors say."""

from __future__ import annotations

import numpy as np

from benchmarks.ranking.chapter_training import (
    CHAPTER_PENALTIES,
    COUNT_PENALTIES,
    RATING_WEIGHTS,
    build_versions,
    choose_setting,
    compute_pk,
    fit_weights,
    judge_cuts,
)
from benchmarks.ranking.spoken_texts import Meeting
from streams.study.topics.chapter_borders import BORDER_WEIGHTS
from streams.study.topics.chapters import CHAPTER_PENALTY, COUNT_PENALTY, RATING_WEIGHT
from streams.study.transcript_text import read_transcript
from tests.support.transcript_factory import GARDEN, ORBIT, transcript
from tests.support.vectors import WordSentences


def test_pk_counts_pairs_that_one_side_alone_parts() -> None:
    assert compute_pk(20, [10], [10]) == 0.0
    assert compute_pk(20, [10], []) == 5 / 15
    assert compute_pk(20, [10], [12]) == 4 / 15


async def test_announced_borders_are_learned_and_found() -> None:
    sentences = [*GARDEN * 5, "Thank you, let's move on to the next item.", *ORBIT[1:] * 6]
    speakers: list[str | None] = ["a", "b"] * (len(sentences) // 2 + 1)
    spoken = transcript(sentences, speakers=speakers[: len(sentences)])
    document = read_transcript(spoken)
    firsts = [line.first_word for line in document.lines]
    border = len(GARDEN) * 5
    meeting = Meeting(name="B", transcript=spoken, turns=firsts, borders=[border], summary="", numbers=[], topics=[])
    vectors = (await WordSentences().embed([line.text for line in document.lines])).values
    versions = build_versions(meeting, document, vectors)
    weights = dict(zip(BORDER_WEIGHTS, fit_weights(versions[:1]), strict=True))
    assert weights["opening"] > 0
    assert weights["closing"] > 0
    judged = judge_cuts(meeting, versions, np.array([*weights.values()]))
    setting = choose_setting([meeting], [judged])
    assert judged[setting].whole[0] == 1
    assert judged[setting].gain > 0


def test_the_products_constants_are_of_the_grid() -> None:
    assert RATING_WEIGHT in RATING_WEIGHTS
    assert CHAPTER_PENALTY in CHAPTER_PENALTIES
    assert COUNT_PENALTY in COUNT_PENALTIES
