"""All signals of a window: the table of weights, score and confidence. Pure; never fills in a missing signal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from schemas.documents import SubScore
from streams.detect import signals_pictures, signals_sound, signals_text
from streams.detect.measured import Measured
from streams.detect.signals_sound import SoundFacts
from streams.detect.signals_text import SentenceFacts
from streams.detect.timeline import Timeline
from streams.detect.windows import Window

SCORER = "evidence-2"
"""Name of this set of signals, weights and gates; a change of any is a new name."""
WEIGHTS: Mapping[str, float] = {
    "hook": 0.20,
    "completeness": 0.20,
    "density": 0.06,
    "emotion": 0.10,
    "quotability": 0.10,
    "payoff": 0.08,
    "energy": 0.08,
    "dynamics": 0.03,
    "pace": 0.03,
    "dead_air": 0.04,
    "faces": 0.05,
    "cuts": 0.01,
    "motion": 0.02,
}
QUIET_WEIGHTS: Mapping[str, float] = {"energy": 0.40, "dynamics": 0.10, "faces": 0.10, "cuts": 0.05, "motion": 0.35}
"""For windows without sentences. Their confidence is still the share of ``WEIGHTS``: little was there to judge by."""
RELATIVE = frozenset({"density", "energy", "dynamics", "pace", "motion"})
"""Signals that compare a window with its video: they say nothing of a window that is nearly the video."""
NEARLY_ALL = 0.8


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What is computed once per video, for all windows."""

    facts: Mapping[int, SentenceFacts]
    density_levels: Sequence[float]
    sound: SoundFacts | None
    motion_levels: Sequence[float]


def read_whole(timeline: Timeline) -> Whole:
    """Facts of the whole video."""
    facts = signals_text.read_sentences(timeline)
    return Whole(
        facts=facts,
        density_levels=sorted(signals_text.density_levels(timeline, facts)),
        sound=signals_sound.listen_whole(timeline),
        motion_levels=sorted(picture.difference for picture in timeline.pictures),
    )


def measure(window: Window, timeline: Timeline, whole: Whole) -> list[SubScore]:
    """Every signal that can be measured in ``window``, with weights that sum to 1 over those."""
    ways: Mapping[str, Callable[[], Measured | None]] = {
        "hook": lambda: signals_text.hook(window, timeline, whole.facts),
        "completeness": lambda: signals_text.completeness(window),
        "density": lambda: signals_text.density(window, timeline, whole.facts, whole.density_levels),
        "emotion": lambda: signals_text.emotion(window, whole.facts),
        "quotability": lambda: signals_text.quotability(window, timeline, whole.facts),
        "payoff": lambda: signals_text.payoff(window, timeline, whole.facts),
        "energy": lambda: signals_sound.energy(window, timeline, whole.sound),
        "dynamics": lambda: signals_sound.dynamics(window, timeline, whole.sound),
        "pace": lambda: signals_sound.pace(window, timeline, whole.sound),
        "dead_air": lambda: signals_sound.dead_air(window, timeline, whole.sound),
        "faces": lambda: signals_pictures.faces(window, timeline),
        "cuts": lambda: signals_pictures.cuts(window, timeline),
        "motion": lambda: signals_pictures.motion(window, timeline, whole.motion_levels),
    }
    is_all = window.range.length_ms > NEARLY_ALL * timeline.duration_ms
    found = {name: way() for name, way in ways.items() if not (is_all and name in RELATIVE)}
    table = table_for(window)
    return weighted({name: way for name, way in found.items() if way is not None and name in table}, table)


def table_for(window: Window) -> Mapping[str, float]:
    """The weights that count for a window, by whether anything is said in it."""
    return WEIGHTS if window.sentences else QUIET_WEIGHTS


def weighted(found: Mapping[str, Measured], table: Mapping[str, float] = WEIGHTS) -> list[SubScore]:
    """Sub-scores in the order of the table, weights renormalised over what was measured."""
    total = sum(table[name] for name in found)
    return [
        SubScore(
            name=name,
            value=found[name].value,
            weight=round(table[name] / total, 4),
            evidence=list(found[name].evidence),
        )
        for name in table
        if name in found
    ]


def score_of(signals: Sequence[SubScore]) -> float:
    """0..100: the weighted mean of the sub-scores.

    Raises ValueError without any signal: then there is no score, and nobody may make one up.
    """
    total = sum(signal.weight for signal in signals)
    if total <= 0:
        raise ValueError("no signal was measured, so there is no score")
    return round(100 * sum(signal.value * signal.weight for signal in signals) / total, 2)


def confidence_of(window: Window, timeline: Timeline, signals: Sequence[SubScore]) -> float:
    """0..1: the share of the table that was measured, times how sure the words are, times the share not given up."""
    measured = sum(WEIGHTS[signal.name] for signal in signals) / sum(WEIGHTS.values())
    words = []
    if window.sentences:
        words = [w.probability for w in timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]]
    sure = statistics.fmean(words) if words else 1.0
    lost_ms = sum(window.range.overlap_ms(part) for part in timeline.missing)
    return round(measured * sure * (1 - min(1.0, lost_ms / window.range.length_ms)), 4)
