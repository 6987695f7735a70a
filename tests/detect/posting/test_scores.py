"""The fitted score: the chance that its evidence adds up to, the same for a window alone; absent where unknown."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas.documents.moments import MomentList
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import SUB_SCORES, WeightTable, default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import ProjectBaseline, read_baseline
from streams.detect.pipeline import find_moments
from streams.detect.posting import scores as posting_scores
from streams.detect.posting.labels import LABELS, describe_effects
from streams.detect.posting.model import (
    MAX_SPREADS,
    Floats,
    find_medians,
    group_effects,
    level_lengths,
    list_slopes,
    measure_effects,
    read_posting_model,
    standardise,
)
from streams.detect.posting.posting_features import WORDS, measure_posting_features
from streams.detect.requested_clips import measure_clip
from streams.detect.scoring import SCORER_NAME, RawScores, measure_window
from streams.detect.timeline import ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, name_id, say, speech_levels

MODEL = read_posting_model()


def lecture(language: str | None = "en", weights: WeightTable | None = None) -> MomentList:
    words = lecture_words()
    known = material(words, LECTURE_MS, language=language, levels_db=speech_levels(words, LECTURE_MS))
    return find_moments(known, ProjectOptions(), name_id, weights)


def measured() -> tuple[ProjectTimeline, ProjectBaseline, list[CandidateWindow], list[RawScores]]:
    timeline = build_timeline(material(lecture_words(), LECTURE_MS))
    baseline = read_baseline(timeline)
    windows = find_speech_windows(timeline, min_ms=15_000, max_ms=60_000)
    return timeline, baseline, windows, [measure_window(window, timeline, baseline) for window in windows]


def effects_of(features: dict[str, Floats]) -> dict[str, Floats]:
    levelled = level_lengths(features, list_slopes(MODEL))
    return measure_effects(MODEL, levelled, find_medians(levelled))


def test_the_score_is_the_chance_that_the_effects_add_up_to() -> None:
    found = lecture()
    assert found.scorer == MODEL.name
    for moment in found.moments:
        effects = [signal.effect for signal in moment.signals]
        log_odds = MODEL.intercept + sum(effect for effect in effects if effect is not None)
        assert None not in effects
        assert moment.score == pytest.approx(100 / (1 + math.exp(-log_odds)), abs=0.02)


def test_each_fitted_sub_score_says_what_makes_it() -> None:
    fitted = {feature.sub_score for feature in MODEL.features}
    signals = [signal for moment in lecture().moments for signal in moment.signals]
    assert any(item.part in LABELS for signal in signals for item in signal.evidence)
    for signal in signals:
        assert 0 <= signal.value <= 1
        assert signal.told.endswith((".", "…"))
        if signal.name in fitted:
            assert sum({item.part: item.share or 0.0 for item in signal.evidence}.values()) <= 1.001
            named = [LABELS[item.part] for item in signal.evidence if item.part in LABELS]
            assert all(words in signal.told.lower() for words in named)


def test_the_card_names_the_model_that_ships() -> None:
    model_file = Path(posting_scores.__file__).with_name("model.json")
    card = Path(__file__).parents[3] / "docs" / "scoring.md"
    assert hashlib.sha256(model_file.read_bytes()).hexdigest() in card.read_text()


def test_another_language_is_weighed_by_hand() -> None:
    found = lecture(language="nl")
    assert found.scorer == SCORER_NAME
    assert {signal.effect for moment in found.moments for signal in moment.signals} == {None}


def test_a_recording_of_seconds_is_weighed_by_hand() -> None:
    words = say("Nobody believed that three men could win this war. They were wrong, and I was afraid. ", 0)
    found = find_moments(material(words, words[-1].end_ms + 500), ProjectOptions(min_clip_ms=3_000), name_id)
    assert found.moments
    assert found.scorer == SCORER_NAME


def test_a_double_weight_doubles_the_effect() -> None:
    table = default_weights()
    own = msgspec.structs.replace(
        table, genres={"none": {**table.genres["none"], "emotion": 2 * table.genres["none"]["emotion"]}}
    )
    once, twice = (
        {(moment.id, signal.name): signal.effect for moment in found.moments for signal in moment.signals}
        for found in (lecture(), lecture(weights=own))
    )
    for (moment_id, name), effect in once.items():
        assert effect is not None
        if (moment_id, name) in twice:
            factor = 2.0 if name == "emotion" else 1.0
            assert twice[moment_id, name] == pytest.approx(factor * effect, abs=0.001)


def test_a_requested_clip_has_the_score_of_the_moment_with_its_range() -> None:
    words = lecture_words()
    known = material(words, LECTURE_MS, levels_db=speech_levels(words, LECTURE_MS))
    moment = find_moments(known, ProjectOptions(), name_id).moments[0]
    clip = measure_clip(known, ProjectOptions(), moment.range, "")
    assert (clip.score, clip.scorer) == (moment.score, MODEL.name)
    assert [signal.effect for signal in clip.signals] == [signal.effect for signal in moment.signals]


def test_the_model_knows_each_measured_feature_and_names_it() -> None:
    timeline, baseline, windows, raws = measured()
    features = measure_posting_features(windows, raws, timeline, baseline)
    assert [feature.name for feature in MODEL.features] == sorted(set(features) - {WORDS})
    assert {feature.sub_score for feature in MODEL.features} <= set(SUB_SCORES)
    assert {name for name in features if not name.startswith("part_")} == {*LABELS, WORDS}
    assert all(values.shape == (len(windows),) for values in features.values())
    assert describe_effects({"questions": 0.1, "commas": -0.1}) == "questions above average; commas below average"
    assert describe_effects({"feeling_lowest": -0.5}) == "distress at its height above average"


def test_a_window_alone_measures_as_among_others() -> None:
    timeline, baseline, windows, raws = measured()
    together = measure_posting_features(windows, raws, timeline, baseline)
    for at in (0, len(windows) // 2, len(windows) - 1):
        alone = measure_posting_features([windows[at]], [raws[at]], timeline, baseline)
        for name, values in together.items():
            np.testing.assert_allclose(alone[name][0], values[at], atol=1e-9, err_msg=name)


def test_the_sums_of_runs_are_those_of_their_sentences() -> None:
    timeline, baseline, windows, raws = measured()
    features = measure_posting_features(windows, raws, timeline, baseline)
    for at, window in enumerate(windows[:20]):
        words = [baseline.facts[sentence.first_word].words for sentence in window.sentences]
        lengths = [len(sentence_words) for sentence_words in words]
        assert features["sentence_words"][at] == pytest.approx(np.mean(lengths))
        assert features["sentence_spread"][at] == pytest.approx(np.std(lengths), abs=1e-6)
        assert (features["longest_sentence"][at], features["shortest_sentence"][at]) == (max(lengths), min(lengths))
        questions = [sentence.text.endswith("?") for sentence in window.sentences]
        assert features["questions"][at] == pytest.approx(np.mean(questions))
        assert features["question_answered"][at] == any(questions[:-1])


def test_unknown_features_count_as_average() -> None:
    values = standardise(np.array([np.nan, 1.0, 1e9, -1e9]), 1.0, 2.0)
    assert values.tolist() == [0.0, 0.0, MAX_SPREADS, -MAX_SPREADS]
    timeline, baseline, windows, raws = measured()
    features = measure_posting_features(windows, raws, timeline, baseline)
    assert np.isnan(features["nearest_story"]).all()  # the sentence model was not asked
    grouped = group_effects(MODEL, effects_of(features))
    assert all(np.isfinite(effects).all() for effects in grouped.values())


def test_words_that_hold_attention_score_above_housekeeping() -> None:
    story = (
        "Nobody believed that I would ever walk again. My father looked at me and said, you will never give up. "
        "I was terrified, and I told no one. But the doctors were wrong, and three years later I won the race. "
    )
    housekeeping = (
        "So um on the next slide you can see the agenda. We have five minutes left for questions. "
        "The minutes are on the website and the committee will send the link. Okay then, next item, please. "
    )
    text = (housekeeping * 2 + story * 2) * 4
    words = say(text, 0)
    timeline = build_timeline(material(words, words[-1].end_ms + 500))
    baseline = read_baseline(timeline)
    windows = find_speech_windows(timeline, min_ms=15_000, max_ms=30_000)
    raws = [measure_window(window, timeline, baseline) for window in windows]
    features = measure_posting_features(windows, raws, timeline, baseline)
    grouped = group_effects(MODEL, effects_of(features))
    totals = sum(grouped.values())
    of_story = [total for total, window in zip(totals, windows, strict=True) if "slide" not in window.text]
    of_rest = [total for total, window in zip(totals, windows, strict=True) if "race" not in window.text]
    assert np.mean(of_story) > np.mean(of_rest) + 1.0
