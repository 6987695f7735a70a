"""Evidence of a window: how likely listeners laugh or clap in it or right behind it. Pure.

The fitted chance says nothing about the score: speeches and podcasts in which listeners react taught it, and what they
laugh and clap at is not what editors post. ``docs/scoring.md`` has its card.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from schemas.documents.moments import SubScore
from schemas.options.score_weights import SubScoreName
from streams.detect.features.base import FeatureValue, number_evidence
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.lexicon import ENGLISH
from streams.detect.posting.labels import LABELS, describe_effects
from streams.detect.posting.model import (
    Floats,
    find_medians,
    level_lengths,
    list_slopes,
    measure_effects,
    read_reaction_model,
    to_probability,
)
from streams.detect.posting.posting_features import measure_posting_features
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

SUB_SCORE = "emotion"
"""The sub-score whose evidence it is."""
PART = "reactions"
"""Name of this evidence among the features of its sub-score; it has no share of it."""
UNIT = "% of such passages"
MIN_COMPARED_WINDOWS = 8
"""Fewer windows have no usual chance to compare with."""
MAX_SHOWN_FEATURES = 2
"""Most features that are named: those that move the chance most."""
MIN_SHOWN_EFFECT = 0.1
"""Least log-odds of a feature that is named."""


@dataclass(frozen=True, kw_only=True)
class ReactionChance:
    """One window's chance of a reaction, 0..1, compared with the recording's median window."""

    chance: float
    rises: Mapping[str, float]
    """Log-odds that each feature adds to the median window's."""
    differences: Mapping[str, float]
    """Value of each feature less the median window's; NaN where it is unknown."""


class ReactionScorer:
    """Measures the chance of a reaction to the spoken windows of one English recording."""

    def __init__(
        self,
        *,
        timeline: ProjectTimeline,
        baseline: ProjectBaseline,
        windows: Sequence[CandidateWindow],
        features: Mapping[str, Floats],
    ) -> None:
        """``features`` are those of ``windows``, with which each window is compared."""
        self.model = read_reaction_model()
        self._timeline, self._baseline = timeline, baseline
        levelled = level_lengths(features, list_slopes(self.model))
        self._medians = find_medians(levelled)
        self._names = [feature.name for feature in self.model.features]
        median_window = {name: np.array([value]) for name, value in self._medians.items()}
        self._median_effects = self._measure_effects(median_window)[0]
        self._rows = {window.range: at for at, window in enumerate(windows)}
        self._values, self._effects = self._list_values(levelled), self._measure_effects(levelled)
        chances = [self._chance_of(effects) for effects in self._effects]
        self.usual_chance = statistics.median(chances)

    def _list_values(self, levelled: Mapping[str, Floats]) -> Floats:
        """List the features of the model; shape (windows, features)."""
        return np.stack([levelled[name] for name in self._names], axis=1)

    def _measure_effects(self, levelled: Mapping[str, Floats]) -> Floats:
        """Measure each feature's part of the log-odds; shape (windows, features)."""
        effects = measure_effects(self.model, levelled, self._medians)
        return np.stack([effects[name] for name in self._names], axis=1)

    def _chance_of(self, effects: Floats) -> float:
        return to_probability(self.model.intercept + float(effects.sum()))

    def measure_chance(self, window: CandidateWindow, raw: Mapping[SubScoreName, FeatureValue]) -> ReactionChance:
        """Measure a window's chance; the window need not be among those that were compared."""
        at = self._rows.get(window.range)
        if at is not None:
            values, effects = self._values[at], self._effects[at]
        else:
            features = measure_posting_features([window], [raw], self._timeline, self._baseline)
            levelled = level_lengths(features, list_slopes(self.model))
            values, effects = self._list_values(levelled)[0], self._measure_effects(levelled)[0]
        medians = [self._medians[name] for name in self._names]
        return ReactionChance(
            chance=self._chance_of(effects),
            rises=dict(zip(self._names, (effects - self._median_effects).tolist(), strict=True)),
            differences=dict(zip(self._names, (values - medians).tolist(), strict=True)),
        )

    def add_evidence(
        self, sub_scores: Sequence[SubScore], window: CandidateWindow, raw: Mapping[SubScoreName, FeatureValue]
    ) -> list[SubScore]:
        """Add the chance to the evidence of `emotion`, and a sentence about it."""
        measured = self.measure_chance(window, raw)
        percent, usual_percent = 100 * measured.chance, 100 * self.usual_chance
        usual = f"usual here: {usual_percent:.0f} %"
        sentence = f"Listeners laughed or clapped at {percent:.0f} % of such passages ({usual})"
        if phrases := describe_effects(_list_causes(measured, is_likely=measured.chance >= self.usual_chance)):
            sentence += f": {phrases}"
        evidence = [
            msgspec.structs.replace(number_evidence(kind, window.range, value, UNIT), part=PART, share=0.0)
            for kind, value in (("chance", percent), ("video_median", usual_percent))
        ]
        return [
            msgspec.structs.replace(
                sub_score, evidence=[*sub_score.evidence, *evidence], told=f"{sub_score.told} {sentence}."
            )
            if sub_score.name == SUB_SCORE
            else sub_score
            for sub_score in sub_scores
        ]


def _list_causes(measured: ReactionChance, *, is_likely: bool) -> dict[str, float]:
    """List the features that lift a likely chance most, or lower an unlikely one, with their differences."""
    direction = 1.0 if is_likely else -1.0
    shown_names = [
        name
        for name, rise in measured.rises.items()
        if direction * rise >= MIN_SHOWN_EFFECT and name in LABELS and not math.isnan(measured.differences[name])
    ]
    largest = sorted(shown_names, key=lambda name: (-direction * measured.rises[name], name))[:MAX_SHOWN_FEATURES]
    return {name: measured.differences[name] for name in largest}


def build_reaction_scorer(
    timeline: ProjectTimeline,
    baseline: ProjectBaseline,
    windows: Sequence[CandidateWindow],
    raw_scores: Sequence[Mapping[SubScoreName, FeatureValue]],
    features: Mapping[str, Floats] | None,
) -> ReactionScorer | None:
    """Build the scorer of a recording; None where nothing is known.

    That is in another language, without words, and with too few windows to compare. ``features`` of the windows are
    measured where they are None.
    """
    if timeline.lexicon is not ENGLISH or len(windows) < MIN_COMPARED_WINDOWS:
        return None
    if not all(window.sentences for window in windows):
        return None
    measured = measure_posting_features(windows, raw_scores, timeline, baseline) if features is None else features
    return ReactionScorer(timeline=timeline, baseline=baseline, windows=windows, features=measured)
