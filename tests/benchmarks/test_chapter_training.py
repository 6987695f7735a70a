"""The training of chapter borders: a weight for each feature, the same each time, from meetings without figures."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ranking.chapter_training import build_lesson, compute_pk, fit_model, fit_weights
from benchmarks.ranking.intelligence import SEEN
from benchmarks.ranking.spoken_texts import Meeting, transcript_of
from streams.study.topics.chapter_borders import FEATURES, read_border_model
from streams.study.topics.topic_tokens import compute_tfidf
from streams.study.transcript_text import read_transcript
from tests.support.transcript_factory import GARDEN, ORBIT


def meeting(name: str, parts: int) -> Meeting:
    sentences = [sentence for part in range(parts) for sentence in (GARDEN, ORBIT)[part % 2] * 2]
    transcript = transcript_of([("ab"[at % 2], sentence.split()) for at, sentence in enumerate(sentences)])
    firsts = [segment.first_word for segment in transcript.segments]
    borders = [2 * len(GARDEN) * part for part in range(1, parts)]
    return Meeting(name=name, transcript=transcript, turns=firsts, borders=borders, summary="")


def test_borders_are_learned_and_found_again() -> None:
    lessons = []
    for name, parts in (("Bone", 3), ("ESone", 4), ("covid_one", 5)):
        one = meeting(name, parts)
        document = read_transcript(one.transcript)
        lessons.append(build_lesson(one, document, compute_tfidf([line.text for line in document.lines])))
    weights = dict(zip(FEATURES, fit_weights(lessons), strict=True))
    assert weights["subject_change_100"] > 0
    model = fit_model(lessons)
    assert fit_model(lessons) == model
    assert model.trained_on == ["Bone", "ESone", "covid_one"]


def test_the_shipped_weights_are_of_meetings_that_no_figure_is_of() -> None:
    assert set(read_border_model().trained_on) <= SEEN


@pytest.mark.parametrize(("cuts", "expected"), [([5], 0.0), ([], 2 / 8), ([4], 2 / 8), ([5, 7], 2 / 8)])
def test_pk_counts_pairs_that_one_side_parts(cuts: list[int], expected: float) -> None:
    assert np.isclose(compute_pk(10, [5], cuts), expected)
