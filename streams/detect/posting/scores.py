"""Scores of spoken windows: the chance that readers would post them, part by part. Pure.

``score`` is 100 times that chance. Its log-odds are the model's intercept and the ``effect`` of each sub-score: fitted
ones from the words, and small ones set by hand for what the labelled texts did not have: sound and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from schemas.common import TimeRange
from schemas.documents.moments import Evidence, SubScore
from schemas.options.score_weights import SubScoreName, default_weights
from streams.detect.features.base import FeatureValue, clamp_unit, round_score
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.lexicon import ENGLISH
from streams.detect.posting.labels import describe_effects
from streams.detect.posting.model import (
    FittedModel,
    Floats,
    find_medians,
    group_effects,
    level_lengths,
    list_slopes,
    measure_effects,
    read_posting_model,
    to_probability,
)
from streams.detect.posting.posting_features import measure_posting_features
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

HAND_LOG_ODDS = 8.0
"""Log-odds between the least and the best value of a sub-score that had all of the weights; set by hand."""
LENGTH_LOG_ODDS = 2.0
"""Log-odds that a length far from the preferred one takes away; set by hand: labelled windows had 20 to 45 s."""
MIN_COMPARED_WINDOWS = 8
"""Fewer windows are nothing to compare with: no recording of seconds was labelled."""
MIN_EFFECT_SPREAD = 0.4
"""Least log-odds between the 10th and the 90th percentile of a video: small differences stay small."""
MAX_SHOWN_FEATURES = 2
"""Most fitted features that a sub-score names: those with the largest effect."""
MIN_SHOWN_EFFECT = 0.1
"""Least log-odds of a feature that is named; a smaller one moves a score by two points at most."""
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class WindowEffects:
    """Parts of one window's log-odds, by sub-score and by feature, and the features' values."""

    sub_scores: Mapping[SubScoreName, float]
    features: Mapping[str, float]
    values: Mapping[str, float]


class PostingScorer:
    """Scores the spoken windows of one English recording."""

    def __init__(
        self,
        *,
        timeline: ProjectTimeline,
        baseline: ProjectBaseline,
        windows: Sequence[CandidateWindow],
        raw_scores: Sequence[Mapping[SubScoreName, FeatureValue]],
    ) -> None:
        """Measure ``windows``, with which each one is compared; ``raw_scores`` are their sub-scores."""
        self.model = read_posting_model()
        self._timeline, self._baseline = timeline, baseline
        self.measured = measure_posting_features(windows, raw_scores, timeline, baseline)
        """Features of ``windows``, for other models of the same."""
        features = level_lengths(self.measured, list_slopes(self.model))
        self._medians = find_medians(features)
        effects = measure_effects(self.model, features, self._medians)
        grouped = group_effects(self.model, effects)
        self._known = {window.range: _effects_at(at, features, effects, grouped) for at, window in enumerate(windows)}
        self._scales = {name: _scale_of(values) for name, values in grouped.items()}

    def effects_of(self, window: CandidateWindow, raw: Mapping[SubScoreName, FeatureValue]) -> WindowEffects:
        """Give the effects of a window, which need not be among those that were compared."""
        if window.range not in self._known:
            measured = measure_posting_features([window], [raw], self._timeline, self._baseline)
            features = level_lengths(measured, list_slopes(self.model))
            effects = measure_effects(self.model, features, self._medians)
            self._known[window.range] = _effects_at(0, features, effects, group_effects(self.model, effects))
        return self._known[window.range]

    def explain(
        self,
        sub_scores: Sequence[SubScore],
        window: CandidateWindow,
        raw: Mapping[SubScoreName, FeatureValue],
        table: Mapping[SubScoreName, float],
    ) -> list[SubScore]:
        """Give each sub-score its effect, by the weights of ``table``, and the features that make it."""
        effects = self.effects_of(window, raw)
        return [
            self._explain_fitted(sub_score, window.range, effects, table)
            if sub_score.name in effects.sub_scores
            else _explain_by_hand(sub_score, table)
            for sub_score in sub_scores
        ]

    def _explain_fitted(
        self,
        sub_score: SubScore,
        window_range: TimeRange,
        effects: WindowEffects,
        table: Mapping[SubScoreName, float],
    ) -> SubScore:
        name: SubScoreName = sub_score.name  # type: ignore[assignment]  # one of the names of SubScoreName
        effect = effects.sub_scores[name]
        own_effects = {
            feature.name: effects.features[feature.name] for feature in self.model.features if feature.sub_score == name
        }
        total = sum(map(abs, own_effects.values())) or 1.0
        evidence = [
            msgspec.structs.replace(item, share=round(abs(own_effects.get(f"part_{item.part}", 0.0)) / total, _DIGITS))
            for item in sub_score.evidence
        ]
        largest = sorted(
            (
                feature
                for feature, effect_of_feature in own_effects.items()
                if abs(effect_of_feature) >= MIN_SHOWN_EFFECT and not feature.startswith("part_")
            ),
            key=lambda feature: (-abs(own_effects[feature]), feature),
        )[:MAX_SHOWN_FEATURES]
        means = {feature.name: feature.mean for feature in self.model.features}
        differences = {feature: effects.values[feature] - means[feature] for feature in largest}
        measured = {feature: difference for feature, difference in differences.items() if not np.isnan(difference)}
        phrases = describe_effects(measured)
        evidence += [
            Evidence(
                kind=feature,
                start_ms=window_range.start_ms,
                end_ms=window_range.end_ms,
                value=round(effects.values[feature], _DIGITS),
                part=feature,
                share=round(abs(own_effects[feature]) / total, _DIGITS),
            )
            for feature in measured
        ]
        by_length = next((item.strength for item in sub_score.evidence if item.part == "length"), None)
        if by_length is not None:
            effect -= LENGTH_LOG_ODDS * (1.0 - by_length)
        middle, spread = self._scales[name]
        probability = round_score(to_probability(effect))
        return msgspec.structs.replace(
            sub_score,
            value=round_score(clamp_unit(0.5 + (effect - middle) / spread)),
            raw=probability,
            effect=round(effect * table[name] / _REFERENCE[name], _DIGITS),
            evidence=evidence,
            told=f"{phrases[:1].upper()}{phrases[1:]}. {sub_score.told}" if phrases else sub_score.told,
        )


def _explain_by_hand(sub_score: SubScore, table: Mapping[SubScoreName, float]) -> SubScore:
    name: SubScoreName = sub_score.name  # type: ignore[assignment]  # one of the names of SubScoreName
    effect = HAND_LOG_ODDS * table[name] * (sub_score.value - 0.5)
    return msgspec.structs.replace(sub_score, effect=round(effect, _DIGITS))


_REFERENCE: Mapping[SubScoreName, float] = default_weights().weights_of("none", spoken=True)
"""Weights at which a fitted sub-score counts as it was fitted."""


def build_posting_scorer(
    timeline: ProjectTimeline,
    baseline: ProjectBaseline,
    windows: Sequence[CandidateWindow],
    raw_scores: Sequence[Mapping[SubScoreName, FeatureValue]],
) -> PostingScorer | None:
    """Build the scorer of a recording; None where the model knows nothing.

    That is without words, in another language, with too few windows to compare, and for a requested subject: no label
    says how much that one counts.
    """
    is_requested = baseline.meaning is not None and len(baseline.meaning.topics) > 0
    if (
        is_requested
        or timeline.lexicon is not ENGLISH
        or len(windows) < MIN_COMPARED_WINDOWS
        or not all(window.sentences for window in windows)
    ):
        return None
    return PostingScorer(timeline=timeline, baseline=baseline, windows=windows, raw_scores=raw_scores)


def compute_posting_score(model: FittedModel, sub_scores: Sequence[SubScore]) -> float:
    """Compute 0..100: the chance in percent that readers would post the window."""
    log_odds = model.intercept + sum(sub_score.effect or 0.0 for sub_score in sub_scores)
    return round(100.0 * to_probability(log_odds), 2)


def _effects_at(
    at: int, features: Mapping[str, Floats], effects: Mapping[str, Floats], grouped: Mapping[SubScoreName, Floats]
) -> WindowEffects:
    return WindowEffects(
        sub_scores={name: float(values[at]) for name, values in grouped.items()},
        features={name: float(values[at]) for name, values in effects.items()},
        values={name: float(values[at]) for name, values in features.items()},
    )


def _scale_of(effects: Floats) -> tuple[float, float]:
    """Return the median and the spread of a sub-score's effects."""
    low, middle, high = (float(value) for value in np.percentile(effects, (10, 50, 90)))
    return middle, max(MIN_EFFECT_SPREAD, high - low)
