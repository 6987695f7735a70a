"""The sub-scores of a window, made of features, compared inside the video and weighed. Never fills in a missing one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.documents.moments import SubScore
from schemas.options.score_weights import SUB_SCORES, SubScoreName
from streams.detect.explanations.reasons import told
from streams.detect.features import audience, audio, delivery, semantic, text, visual
from streams.detect.features.base import Measured, blend, clamp, rounded
from streams.detect.features.project_baseline import Whole
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window

SCORER = "worth-5"
"""Name of this set of features and gates; a change of any is a new name. The weights have a name of their own."""
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
"""What each sub-score is made of, and in which shares."""
NEARLY_ALL = 0.8
"""What compares a window with its video says nothing of a window that is nearly the video."""
FEWEST_COMPARED = 8
"""Fewer windows than this are nothing to compare with: a sub-score then stays as it was measured."""
LEAST_SPREAD = 0.4
"""Windows of a video whose 10th and 90th percentile lie nearer than this are alike; small differences stay small."""
Raw = Mapping[SubScoreName, Measured]
"""Sub-scores of one window before they are compared with those of the others."""


def measure(window: Window, timeline: Timeline, whole: Whole) -> Raw:
    """Every sub-score that can be measured in ``window``."""
    is_all = window.range.length_ms > NEARLY_ALL * timeline.duration_ms
    features = _pictures_and_sound(window, timeline, whole, is_all)
    if window.sentences:
        features |= _words(window, timeline, whole, is_all)
    found = {name: blend({part: features.get(part) for part in FEATURES[name]}, FEATURES[name]) for name in SUB_SCORES}
    return {name: one for name, one in found.items() if one is not None}


def _pictures_and_sound(window: Window, timeline: Timeline, whole: Whole, is_all: bool) -> dict[str, Measured | None]:
    found = {
        "no_dead_air": audio.dead_air(window, timeline, whole.sound),
        "faces": visual.faces(window, timeline),
        "cuts": visual.cuts(window, timeline),
    }
    if not is_all:
        found |= {
            "level": audio.energy(window, timeline, whole.sound),
            "dynamics": audio.dynamics(window, timeline, whole.sound),
            "pace": audio.pace(window, timeline, whole.sound),
            "voice": audience.voice(window, timeline, whole.sound),
            "answered": audience.answered(window, timeline, whole.pause_db),
            "motion": visual.motion(window, timeline, whole.motion_levels),
        }
    return found


def _words(window: Window, timeline: Timeline, whole: Whole, is_all: bool) -> dict[str, Measured | None]:
    facts, meaning = whole.facts, whole.meaning
    at = semantic.pieces(whole.placed, window)

    def courtesy(sentence: Sentence) -> bool:
        return facts[sentence.first_word].courtesy

    opening = sum(s.start_ms < window.sentences[0].start_ms + text.HOOK_MS for s in window.sentences)
    found = {
        "opening": text.hook(window, timeline, facts),
        "opening_substance": semantic.substance(window, meaning, at.only(opening), courtesy),
        "feeling": text.emotion(window, facts),
        "tension": text.tension(window, facts),
        "wit": audience.wit(window, whole.lines),
        "call": audience.call(window, whole.lines),
        "holds_together": semantic.holds_together(window, meaning, at),
        "borders": text.completeness(window),
        "fluency": delivery.fluency(window, facts),
        "length": delivery.length(window, whole.wanted_ms),
        "sure_words": delivery.sure(window, timeline),
        "turns": semantic.turns(window, timeline),
        "substance": semantic.substance(window, meaning, at, courtesy),
        "match": semantic.match(window, meaning, at),
    }
    if not is_all:
        found |= {
            "density": delivery.density(window, timeline, facts, whole.density_levels),
            "distance": semantic.distance(window, meaning, at),
        }
    return found


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where the windows of a video lie in one sub-score."""

    median: float
    spread: float

    def place(self, raw: float) -> float:
        """A window of the middle is 0.5, one at the far end of what is usual 1."""
        return rounded(0.5 + (raw - self.median) / self.spread)


def scales(every: Sequence[Raw]) -> Mapping[SubScoreName, Scale]:
    """The scale of each sub-score that enough windows have."""
    found: dict[SubScoreName, Scale] = {}
    for name in SUB_SCORES:
        values = [raw[name].value for raw in every if name in raw]
        if len(values) >= FEWEST_COMPARED:
            low, median, high = (float(value) for value in np.percentile(values, (10, 50, 90)))
            found[name] = Scale(median=median, spread=max(LEAST_SPREAD, high - low))
    return found


def weighted(
    raw: Raw, scale: Mapping[SubScoreName, Scale], table: Mapping[SubScoreName, float], sure: float = 1.0
) -> list[SubScore]:
    """Sub-scores in the order of the names, weights renormalised over what was measured; 0 weighs nothing."""
    counted = [name for name in SUB_SCORES if name in raw and table.get(name, 0) > 0]
    total = sum(table[name] for name in counted)
    return [
        SubScore(
            name=name,
            value=scale[name].place(raw[name].value) if name in scale else raw[name].value,
            weight=round(table[name] / total, 4),
            evidence=list(raw[name].evidence),
            raw=raw[name].value,
            confidence=round(raw[name].measured * (sure if name in OF_WORDS else 1.0), 4),
            told=told(name, raw[name].value, raw[name].evidence),
        )
        for name in counted
    ]


OF_WORDS: frozenset[str] = frozenset({"hook", "emotion", "coherence", "clarity", "novelty", "speaker_changes", "asked"})


def score_of(signals: Sequence[SubScore]) -> float:
    """0..100: the weighted mean of the sub-scores.

    Raises ValueError without any: then there is no score, and nobody may make one up.
    """
    total = sum(signal.weight for signal in signals)
    if total <= 0:
        raise ValueError("no signal was measured, so there is no score")
    return round(100 * sum(signal.value * signal.weight for signal in signals) / total, 2)


def certainty(window: Window, timeline: Timeline) -> float:
    """How sure the words of a window are, 0..1; 1 where nothing is said."""
    if not window.sentences:
        return 1.0
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    return statistics.fmean(word.probability for word in words) if words else 1.0


def confidence_of(
    window: Window, timeline: Timeline, signals: Sequence[SubScore], table: Mapping[SubScoreName, float]
) -> float:
    """0..1: the share of the whole ``table`` that was measured, as surely as it was, times the share not given up.

    ``table`` is that of spoken windows also for silent ones: little was there to judge those by. What is doubtful in
    the transcript counts half.
    """
    counted: Mapping[str, float] = {name: weight for name, weight in table.items() if name != "asked"}
    known = sum(counted.get(signal.name, 0.0) * (signal.confidence or 0.0) for signal in signals)
    lost_ms = sum(window.range.overlap_ms(part) for part in timeline.missing)
    lost_ms += sum(window.range.overlap_ms(part) for part in timeline.doubtful) // 2
    return round(clamp(known / sum(counted.values())) * (1 - min(1.0, lost_ms / window.range.length_ms)), 4)
