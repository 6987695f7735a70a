"""Fitted models of a window, as log-odds: what readers would post, where listeners react. Pure.

Linear models of each feature's value and of its distance to the video's median window, both in units of their spread
over the windows it was fitted on; ``docs/scoring.md`` has their cards, ``python -m benchmarks.posting.train`` and
``python -m benchmarks.reactions.reaction_model`` make them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.options.score_weights import SubScoreName
from streams.detect.posting.posting_features import WORDS

Floats = NDArray[np.float64]
MAX_SPREADS = 3.0
"""A feature farther than this from its mean counts no more: the model saw no such window."""


TYPICAL_WORDS = 100.0
"""Words of a window of the length that was labelled (20 to 45 s)."""


class ModelFeature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's two coefficients, in log-odds a spread."""

    name: str
    sub_score: SubScoreName
    length_slope: float
    """Its growth with the logarithm of a window's words: of twice as many sentences one is likelier to be extreme."""
    mean: float
    spread: float
    weight: float
    relative_spread: float
    """Spread of the distance to the video's median window."""
    relative_weight: float


class FittedModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of ``model.json`` or ``reactions.json``."""

    name: str
    intercept: float
    """Log-odds of an average window."""
    features: Sequence[ModelFeature]


@functools.cache
def read_posting_model() -> FittedModel:
    """Read the model of what readers would post."""
    return _read_model("model.json")


@functools.cache
def read_reaction_model() -> FittedModel:
    """Read the model of where listeners react."""
    return _read_model("reactions.json")


def _read_model(file_name: str) -> FittedModel:
    return msgspec.json.decode((files("streams.detect.posting") / file_name).read_bytes(), type=FittedModel)


def level_lengths(features: Mapping[str, Floats], slopes: Mapping[str, float]) -> dict[str, Floats]:
    """Give features as windows of the labelled length would have them; ``slopes`` are by feature."""
    longer = np.log(features[WORDS] / TYPICAL_WORDS)
    return {name: features[name] - slope * longer for name, slope in slopes.items()}


def find_medians(features: Mapping[str, Floats]) -> dict[str, float]:
    """Find each feature's value in the median window of a video; NaN where no window has it."""
    measured = {name: values[~np.isnan(values)] for name, values in features.items()}
    return {name: float(np.median(values)) if values.size else float("nan") for name, values in measured.items()}


def standardise(values: Floats, mean: float, spread: float) -> Floats:
    """Express values in spreads from ``mean``, within ``MAX_SPREADS``; an unknown one is average."""
    scaled = np.clip((values - mean) / spread, -MAX_SPREADS, MAX_SPREADS)
    return np.asarray(np.nan_to_num(scaled, nan=0.0), dtype=np.float64)


def list_slopes(model: FittedModel) -> dict[str, float]:
    """Map each feature to its growth with length."""
    return {feature.name: feature.length_slope for feature in model.features}


def measure_effects(
    model: FittedModel, features: Mapping[str, Floats], medians: Mapping[str, float]
) -> dict[str, Floats]:
    """Measure each feature's part of the windows' log-odds, by its name; ``features`` are of one length."""
    return {
        feature.name: feature.weight * standardise(features[feature.name], feature.mean, feature.spread)
        + feature.relative_weight * standardise(features[feature.name], medians[feature.name], feature.relative_spread)
        for feature in model.features
    }


def group_effects(model: FittedModel, effects: Mapping[str, Floats]) -> dict[SubScoreName, Floats]:
    """Sum the parts of the log-odds by sub-score."""
    grouped: dict[SubScoreName, Floats] = {}
    for feature in model.features:
        grouped[feature.sub_score] = grouped.get(feature.sub_score, 0.0) + effects[feature.name]
    return grouped


def to_probability(log_odds: float) -> float:
    """Turn log-odds into a probability, 0..1."""
    return 1.0 / (1.0 + math.exp(-log_odds))
