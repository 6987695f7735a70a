"""Borders of chapters are rated by who speaks and by phrases that open and close a topic."""

from __future__ import annotations

import numpy as np

from streams.study.topics.chapter_borders import (
    BORDER_WEIGHTS,
    MAX_CANDIDATES,
    list_candidates,
    measure_borders,
    rate_borders,
    thin_out,
)
from streams.study.transcript_text import TranscriptLine, read_transcript
from tests.support.transcript_factory import transcript

TALK = "The garden needs water twice a week in the dry summer."


def lines_of(sentences: list[str], speakers: list[str | None], language: str = "en") -> list[TranscriptLine]:
    return [*read_transcript(transcript(sentences, speakers=speakers, language=language)).lines]


def test_a_chapter_may_begin_with_each_turn_and_inside_of_a_long_one() -> None:
    sentences = [TALK] * 40
    lines = lines_of(sentences, ["a"] * 3 + ["b"] * 37)
    found = list_candidates(lines)
    assert found[0] == 3
    assert lines[found[1]].first_word - lines[3].first_word >= 150
    assert [*found[1:]] == [*range(found[1], 40)]
    assert [*list_candidates(lines_of(sentences, [None] * 40))] == [*range(1, 40)]


def test_a_border_between_announced_topics_is_rated_best() -> None:
    sentences = [TALK] * 30
    sentences[14] = "Thank you, any other questions?"
    sentences[15] = "Let's move on to the next item on the agenda."
    speakers: list[str | None] = ["a", "b"] * 7 + ["a", "c"] * 8
    lines = lines_of(sentences, speakers)
    candidates = list_candidates(lines)
    assert candidates[rate_borders(lines, candidates).argmax()] == 15


def test_phrases_count_in_english_and_speakers_anywhere() -> None:
    sentences = [TALK] * 14 + ["Thank you, let's move on to the next item."] + [TALK] * 15
    lines = lines_of(sentences, ["a", "b"] * 8 + ["c", "d"] * 7, language="de")
    rows = measure_borders(lines, list_candidates(lines))
    columns = [*BORDER_WEIGHTS]
    assert not rows[:, columns.index("opening") :].any()
    assert rows[:, columns.index("speakers_150")].argmax() == 15


def test_one_speaker_without_phrases_is_rated_the_same_throughout() -> None:
    lines = lines_of([TALK] * 20, [None] * 20)
    assert not rate_borders(lines, list_candidates(lines)).any()


def test_of_very_many_lines_the_best_rated_one_of_each_run_is_kept() -> None:
    count = 4 * MAX_CANDIDATES
    candidates = np.arange(1, count)
    places = np.arange(count + 1) * 10
    ratings = np.zeros(count - 1)
    ratings[[6, 4000]] = 1.0
    kept, kept_ratings = thin_out(candidates, ratings, places)
    assert len(kept) <= MAX_CANDIDATES
    assert {7, 4001} <= {*kept}
    assert kept_ratings.sum() == 2.0
    assert np.diff(kept).min() > 0
    assert np.diff(kept).max() <= 8
