"""The training of the posting model: what it fits, what it leaves out, and how it says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.posting import train
from benchmarks.posting.posting_labels import LabelledWindow
from benchmarks.posting.posting_matrix import MeasuredText
from benchmarks.posting.posting_texts import PostingText
from benchmarks.posting.train import JudgedPairs, Sample
from streams.detect.posting.model import FittedModel, measure_effects, read_posting_model
from streams.detect.posting.posting_features import WORDS

TEXTS_COUNT = 16
WINDOWS_COUNT = 30


def sample() -> Sample:
    """Sixteen texts in which `share_denying` makes a window worth posting, and `commas` says nothing."""
    rng = np.random.default_rng(7)
    windows: list[LabelledWindow] = []
    measured: list[MeasuredText] = []
    for number in range(TEXTS_COUNT):
        text = PostingText(name=f"text-{number}", kind="panel", sentences=[], held_out=False)
        values = rng.normal(size=(2, WINDOWS_COUNT))
        features = {"share_denying": values[0], "commas": values[1], WORDS: np.full(WINDOWS_COUNT, 90.0)}
        measured.append(MeasuredText(name=text.name, features=features, candidates=features))
        labels = np.clip(np.round(values[0] + 1), 0, 3).astype(int)
        windows += [
            LabelledWindow(text=text, first=at, last=at, labels=(int(label), int(label)))
            for at, label in enumerate(labels)
        ]
    return train.sample_of(windows, measured)


def test_the_fitted_model_finds_the_feature_that_counts() -> None:
    model = train.fit_model(sample())
    weights = {feature.name: feature.weight + feature.relative_weight for feature in model.features}
    assert set(weights) == {"share_denying", "commas"}
    assert weights["share_denying"] > 10 * abs(weights["commas"])
    assert {feature.name: feature.sub_score for feature in model.features}["share_denying"] == "emotion"
    assert train.fit_model(sample()) == model


def test_a_score_of_cross_validation_knows_nothing_of_its_text() -> None:
    windows = sample()
    used_texts: list[set[str]] = []

    def remember(part: Sample, used: train.Bools) -> train.Floats:
        used_texts.append(set(part.texts[used]))
        return np.zeros(len(part.texts))

    train.cross_validate(windows, remember)
    assert len(used_texts) == train.FOLDS_COUNT
    assert all(len(texts) == TEXTS_COUNT - TEXTS_COUNT // train.FOLDS_COUNT for texts in used_texts)
    assert "AUC 1.000" in train.figures_of("ridge", windows, train.cross_validate(windows, train.ridge))


def test_calibrated_scores_are_the_shares_of_what_is_worth_posting() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=5_000)
    worth = rng.random(5_000) < train.to_chances(1.5 * scores - 1.0)
    slope, intercept = train.fit_logistic(scores, worth)
    assert (slope, intercept) == pytest.approx((1.5, -1.0), abs=0.15)


def test_pairs_alone_order_windows() -> None:
    windows = sample()
    first = np.arange(0, 440)
    second = first + np.where(first % 2, 1, WINDOWS_COUNT)
    denials = windows.values[:, windows.names.index("share_denying")]
    choices = np.sign(denials[first] - denials[second])
    pairs = JudgedPairs(first=first, second=second, choices=choices)
    scores = train.cross_validate(windows, train.ridge_with_pairs(pairs, 1.0))
    agreeing = np.sign(scores[first] - scores[second]) == choices
    assert agreeing.mean() > 0.9
    assert "in one text" in train.pairs_line(windows, pairs, scores)


def test_growth_with_length_is_taken_out() -> None:
    words = np.array([50.0, 100.0, 200.0, 400.0])
    features = {"nearest_story": 0.2 * np.log(words) + 1.0, WORDS: words}
    text = MeasuredText(name="text", features=features, candidates=features)
    assert train.slope_of("nearest_story", [text]) == pytest.approx(0.2)
    model: FittedModel = read_posting_model()
    assert {feature.name for feature in model.features} >= {"nearest_story"}
    assert set(
        measure_effects(
            model,
            dict.fromkeys((f.name for f in model.features), words),
            dict.fromkeys((f.name for f in model.features), 0.0),
        )
    ) == {feature.name for feature in model.features}


@pytest.mark.parametrize(
    ("feature", "sub_score"),
    [("opening_question", "hook"), ("part_opening_substance", "hook"), ("mean_joke", "emotion"),
     ("first_to_last", "coherence"), ("end_quality", "clarity"), ("speakers", "speaker_changes"),
     ("nearest_claim", "novelty")],
)  # fmt: skip
def test_each_feature_belongs_to_one_sub_score(feature: str, sub_score: str) -> None:
    assert train.sub_score_of(feature) == sub_score


def test_the_model_is_where_the_product_reads_it() -> None:
    assert Path(train.__file__).parents[2] / "streams" / "detect" / "posting" / "model.json" == train.MODEL_FILE
    assert train.MODEL_FILE.is_file()
