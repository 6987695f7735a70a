"""Sub-scores of a window: measured, compared within the video, weighed. Fills in no missing one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.documents.moments import SubScore
from schemas.options.score_weights import SUB_SCORES, SubScoreName
from streams.detect.explanations.reasons import describe_sub_score
from streams.detect.features import audience, audio, delivery, semantic, text, visual
from streams.detect.features.base import FeatureValue, blend_features, clamp_unit, round_score
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

SCORER_NAME = "worth-5"
"""Name of this set of features and limits; a change of any is a new name. The weights have a name of their own."""
FEATURES: Mapping[SubScoreName, Mapping[str, float]] = {
    "hook": {"opening": 0.6, "opening_substance": 0.4},
    "emotion": {"feeling": 0.2, "tension": 0.25, "wit": 0.25, "call": 0.05, "voice": 0.15, "answered": 0.1},
    "coherence": {"holds_together": 1.0},
    "clarity": {"borders": 0.35, "fluency": 0.2, "length": 0.3, "sure_words": 0.08, "no_dead_air": 0.07},
    "energy": {"level": 0.6, "dynamics": 0.2, "pace": 0.2},
    "speaker_changes": {"turns": 1.0},
    "novelty": {"substance": 0.55, "density": 0.1, "distance": 0.35},
    "picture": {"faces": 0.6, "motion": 0.25, "cuts": 0.15},
    "asked": {"match": 1.0},
}
"""Features of each sub-score, with their shares."""
MAX_COMPARED_RATIO = 0.8
"""Share of the video beyond which a window is not compared with it: it is nearly all of it."""
MIN_COMPARED_WINDOWS = 8
"""Fewer windows than this are nothing to compare with: a sub-score then stays as measured."""
MIN_SPREAD = 0.4
"""Least spread between the 10th and 90th percentile of a scale.

In a video of similar windows small differences stay small.
"""
RawScores = Mapping[SubScoreName, FeatureValue]
"""Sub-scores of one window before the comparison with the others."""


def measure_window(window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> RawScores:
    """Measure every sub-score of ``window`` that can be measured."""
    covers_video = window.range.length_ms > MAX_COMPARED_RATIO * timeline.duration_ms
    features = _measure_audiovisual(window, timeline, baseline, covers_video)
    if window.sentences:
        features |= _measure_words(window, timeline, baseline, covers_video)
    sub_scores = {
        name: blend_features({part: features.get(part) for part in FEATURES[name]}, FEATURES[name])
        for name in SUB_SCORES
    }
    return {name: sub_score for name, sub_score in sub_scores.items() if sub_score is not None}


def _measure_audiovisual(
    window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline, covers_video: bool
) -> dict[str, FeatureValue | None]:
    features = {
        "no_dead_air": audio.measure_dead_air(window, timeline, baseline.sound),
        "faces": visual.measure_faces(window, timeline),
        "cuts": visual.measure_cuts(window, timeline),
    }
    if not covers_video:
        features |= {
            "level": audio.measure_energy(window, timeline, baseline.sound),
            "dynamics": audio.measure_dynamics(window, timeline, baseline.sound),
            "pace": audio.measure_pace(window, timeline, baseline.sound),
            "voice": audience.measure_raised_voice(window, timeline, baseline.sound),
            "answered": audience.measure_pause_sound(window, timeline, baseline.pause_db),
            "motion": visual.measure_motion(window, timeline, baseline.motion_levels),
        }
    return features


def _measure_words(
    window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline, covers_video: bool
) -> dict[str, FeatureValue | None]:
    facts, meaning = baseline.facts, baseline.meaning
    sentence_span = semantic.locate_sentences(baseline.sentence_index, window)

    def courtesy(sentence: Sentence) -> bool:
        return facts[sentence.first_word].courtesy

    opening = sum(sentence.start_ms < window.sentences[0].start_ms + text.HOOK_MS for sentence in window.sentences)
    features = {
        "opening": text.measure_hook(window, timeline, facts),
        "opening_substance": semantic.measure_substance(window, meaning, sentence_span.truncate(opening), courtesy),
        "feeling": text.measure_emotion(window, facts),
        "tension": text.measure_tension(window, facts),
        "wit": audience.measure_wit(window, baseline.audience_cues),
        "call": audience.measure_call(window, baseline.audience_cues),
        "holds_together": semantic.measure_coherence(window, meaning, sentence_span),
        "borders": text.measure_completeness(window),
        "fluency": delivery.measure_fluency(window, facts),
        "length": delivery.measure_length(window, baseline.preferred_ms),
        "sure_words": delivery.measure_word_certainty(window, timeline),
        "turns": semantic.measure_turns(window, timeline),
        "substance": semantic.measure_substance(window, meaning, sentence_span, courtesy),
        "match": semantic.measure_match(window, meaning, sentence_span),
    }
    if not covers_video:
        features |= {
            "density": delivery.measure_density(window, timeline, facts, baseline.density_levels),
            "distance": semantic.measure_distance(window, meaning, sentence_span),
        }
    return features


@dataclass(frozen=True, kw_only=True)
class ScoreScale:
    """Scale of one sub-score: the median and spread of a video's windows."""

    median: float
    spread: float

    def normalise(self, raw: float) -> float:
        """Map the video's median to 0.5 and the far end of the usual range to 1."""
        return round_score(0.5 + (raw - self.median) / self.spread)


def build_scales(measurements: Sequence[RawScores]) -> Mapping[SubScoreName, ScoreScale]:
    """Build the scale of each sub-score that enough windows have."""
    scales_by_name: dict[SubScoreName, ScoreScale] = {}
    for name in SUB_SCORES:
        values = [raw[name].value for raw in measurements if name in raw]
        if len(values) >= MIN_COMPARED_WINDOWS:
            low, median, high = (float(value) for value in np.percentile(values, (10, 50, 90)))
            scales_by_name[name] = ScoreScale(median=median, spread=max(MIN_SPREAD, high - low))
    return scales_by_name


def weigh_sub_scores(
    raw: RawScores,
    scale: Mapping[SubScoreName, ScoreScale],
    table: Mapping[SubScoreName, float],
    word_certainty: float = 1.0,
) -> list[SubScore]:
    """Weigh the sub-scores, in the order of their names; weights sum to 1 over what was measured."""
    names = [name for name in SUB_SCORES if name in raw and table.get(name, 0) > 0]
    total = sum(table[name] for name in names)
    return [
        SubScore(
            name=name,
            value=scale[name].normalise(raw[name].value) if name in scale else raw[name].value,
            weight=round(table[name] / total, 4),
            evidence=list(raw[name].evidence),
            raw=raw[name].value,
            confidence=round(raw[name].measured * (word_certainty if name in WORD_SUB_SCORES else 1.0), 4),
            told=describe_sub_score(name, raw[name].value, raw[name].evidence),
        )
        for name in names
    ]


WORD_SUB_SCORES: frozenset[str] = frozenset(
    {"hook", "emotion", "coherence", "clarity", "novelty", "speaker_changes", "asked"}
)
"""Sub-scores that rest on words: their confidence is the words'."""


def compute_score(signals: Sequence[SubScore]) -> float:
    """Return 0..100: the weighted mean of the sub-scores.

    Raises ValueError without any: then there is no score.
    """
    total = sum(signal.weight for signal in signals)
    if total <= 0:
        raise ValueError("no signal was measured, so there is no score")
    return round(100 * sum(signal.value * signal.weight for signal in signals) / total, 2)


def measure_word_certainty(window: CandidateWindow, timeline: ProjectTimeline) -> float:
    """Return the mean probability of a window's words; 1 without words."""
    if not window.sentences:
        return 1.0
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    return statistics.fmean(word.probability for word in words) if words else 1.0


def compute_confidence(
    window: CandidateWindow, timeline: ProjectTimeline, signals: Sequence[SubScore], table: Mapping[SubScoreName, float]
) -> float:
    """Return 0..1: the share of the whole ``table`` that was measured, times its confidence and coverage.

    ``table`` is the one for spoken windows, for silent ones too: little was there to judge those by. Ranges that
    the transcript doubts count half.
    """
    weights: Mapping[str, float] = {name: weight for name, weight in table.items() if name != "asked"}
    measured_weight = sum(weights.get(signal.name, 0.0) * (signal.confidence or 0.0) for signal in signals)
    lost_ms = sum(window.range.overlap_ms(part) for part in timeline.missing)
    lost_ms += sum(window.range.overlap_ms(part) for part in timeline.doubtful) // 2
    return round(
        clamp_unit(measured_weight / sum(weights.values())) * (1 - min(1.0, lost_ms / window.range.length_ms)), 4
    )
