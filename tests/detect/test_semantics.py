"""Semantic features, from the model's vectors or common words: relevance, coherence. Asks no server."""

from __future__ import annotations

import asyncio

import msgspec
import numpy as np
import pytest

from schemas.common import TimeRange
from schemas.documents.moments import MomentList
from schemas.options.project import ProjectOptions
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.explanations.reasons import describe_sub_score
from streams.detect.features.project_baseline import read_baseline
from streams.detect.pipeline import find_moments, list_requested_topics
from streams.detect.scoring import measure_window
from streams.detect.semantics import content_words, embed_by_words, read_meaning, texts_to_embed
from streams.detect.timeline import EmbeddedTexts, ProjectAnalysis, build_timeline
from tests.detect.material_factory import material, name_id, picture, say
from tests.support.vectors import WordSentences

MONEY = "The budget pays three million for the new bridge this year. Nobody can pay that money back. "
RIVER = "The river below the bridge is cold and deep in winter. Fish hide under stones there. "
MS = 120_000


def talk_analysis() -> ProjectAnalysis:
    words = say(RIVER * 4, 0) + say(MONEY * 3, 40_000) + say(RIVER * 3, 75_000)
    return material(words, MS, pictures=[picture(at, 0.05, 60.0) for at in range(0, MS, 1_000)])


def find_requested(options: ProjectOptions, *, model: bool = True) -> MomentList:
    known = talk_analysis()
    if model:
        found = asyncio.run(
            WordSentences().embed(texts_to_embed(build_timeline(known), list_requested_topics(options)))
        )
        embedded = EmbeddedTexts(values=found.values, model=found.model)
    else:
        embedded = EmbeddedTexts(values=np.zeros((0, 0), dtype=np.float32), model="the language is unknown")
    return find_moments(msgspec.structs.replace(known, embedded=embedded), options, name_id)


@pytest.mark.parametrize("model", [True, False])
def test_a_prompt_finds_its_subject_and_quotes_it(model: bool) -> None:
    options = ProjectOptions(prompt="who pays the money of the budget")
    found = find_requested(options, model=model)
    clips = [moment for moment in found.moments if moment.selected]
    assert clips
    for clip in clips:
        assert clip.range.overlap_ms(TimeRange(start_ms=40_000, end_ms=75_000)) > 0.5 * clip.range.length_ms
        wanted = next(signal for signal in clip.signals if signal.name == "asked")
        assert [one.text for one in wanted.evidence if one.kind == "asked_for"] == [options.prompt]
        assert any(one.kind == "nearest" and one.text in clip.text for one in wanted.evidence)


def test_an_absent_topic_gives_no_clip_and_an_explanation() -> None:
    found = find_requested(ProjectOptions(topics=["quantum chromodynamics"]))
    assert not any(moment.selected for moment in found.moments)
    assert "comes near to “quantum chromodynamics”" in (found.nothing_found_reason or "")


def test_the_result_names_the_embedding_engine() -> None:
    assert find_requested(ProjectOptions()).meaning == "words-1"
    assert find_requested(ProjectOptions(), model=False).meaning == "words in common (the language is unknown)"


def test_vectors_that_do_not_fit_the_sentences_are_not_used() -> None:
    timeline = build_timeline(talk_analysis())
    short = EmbeddedTexts(values=np.ones((3, 384), dtype=np.float32), model="m")
    meaning = read_meaning(timeline, short, [])
    assert meaning is not None
    assert not meaning.is_model
    assert read_meaning(build_timeline(material([], 10_000)), None, []) is None


def test_sentences_with_words_in_common_are_near() -> None:
    rows, wished = embed_by_words(
        [content_words(text, None) for text in ("cold deep river", "cold deep rivers", "warm shallow lake")],
        [content_words("a river", None)],
    )
    assert rows[0] @ rows[1] == pytest.approx(1, abs=1e-5)
    assert rows[0] @ rows[2] == 0
    assert wished[0] @ rows[0] > 0


def test_sentences_of_one_subject_hold_together() -> None:
    timeline = build_timeline(talk_analysis())
    meaning = read_meaning(timeline, None, [])
    assert meaning is not None
    starts = [sentence.start_ms for sentence in timeline.sentences]
    money = starts.index(40_000)
    same = meaning.similarity_to_others(0, 4).mean()
    mixed = meaning.similarity_to_others(money - 2, money + 2).mean()
    assert same > mixed


def test_skipped_ranges_are_in_no_clip() -> None:
    skip = [TimeRange(start_ms=0, end_ms=50_000)]
    for moment in find_requested(ProjectOptions(skip=skip)).moments:
        assert not any(moment.range.overlap_ms(part) for part in skip)


def test_a_genre_without_speaker_changes_does_not_weigh_them() -> None:
    found = find_requested(ProjectOptions(genre="lecture"))
    assert found.weights == "worth-1/lecture"
    assert all(signal.name != "speaker_changes" for moment in found.moments for signal in moment.signals)


def test_housekeeping_lowers_substance_with_evidence() -> None:
    words = say("Welcome back to the show. Let me introduce our guest today. See you next week, goodbye. " * 3, 0)
    words += say(RIVER * 3, 30_000)
    timeline = build_timeline(material(words, 70_000))
    found = asyncio.run(WordSentences().embed(texts_to_embed(timeline, [])))
    whole = read_baseline(timeline, EmbeddedTexts(values=found.values, model=found.model))
    windows = find_speech_windows(timeline, min_ms=10_000, max_ms=25_000)
    raws = [(window, measure_window(window, timeline, whole)["novelty"]) for window in windows]
    idle, river = raws[0][1], raws[-1][1]
    strengths = [next(one for one in raw.evidence if one.kind == "housekeeping") for raw in (idle, river)]
    assert (strengths[0].value or 0) > 0.9
    assert (strengths[1].value or 0) < (strengths[0].value or 0) - 0.2
    assert "near to greeting and housekeeping" in describe_sub_score("novelty", river.value, river.evidence)
