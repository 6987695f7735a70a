"""Shows how far small errors move the ranking: each feature up to 5 % off. Judges no taste.

Twice: of the labelled windows (the first five that share no time, window by window), and of the clips that detect
itself chooses of all its windows, where a moment is kept if more than half of its time is still among the first five.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.ranking.score_measures import FIRST_COUNT, Floats, picks
from benchmarks.ranking.score_rig import Labelled, window_of
from schemas.common import TimeRange
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import SubScoreName, default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import read_baseline
from streams.detect.pipeline import WindowScorer
from streams.detect.scoring import FEATURES, RawScores, ScoreScale, build_scales, measure_window
from streams.detect.selection import ScoredWindow, compute_clip_limit, select_clips
from streams.detect.timeline import build_timeline

NOISE_FACTOR = 0.05
ROUNDS = 2_000
CHOSEN_ROUNDS = 50
"""Fewer: choosing among thousands of windows takes a second."""
SEED = 20_261_121
Rng = np.random.Generator


class Shaken:
    """The features of some windows, to be scored again and again with errors. Scores as detect's own do."""

    def __init__(
        self, raws: Sequence[RawScores], scale: Mapping[SubScoreName, ScoreScale], table: Mapping[SubScoreName, float]
    ) -> None:
        self._scale, self._table, self._count = scale, table, len(raws)
        self._strengths = {name: _strengths(raws, name) for name, weight in table.items() if weight > 0}

    def scores(self, rng: Rng | None = None) -> Floats:
        """0..100 each; with ``rng`` every feature is multiplied by 0.95 to 1.05."""
        totals, weights = np.zeros(self._count), np.zeros(self._count)
        for name, table in self._strengths.items():
            off = np.ones(table.shape) if rng is None else rng.uniform(1 - NOISE_FACTOR, 1 + NOISE_FACTOR, table.shape)
            shares = np.array(list(FEATURES[name].values())) * ~np.isnan(table)
            measured_share = shares.sum(axis=1)
            value = np.nansum(shares * np.minimum(1.0, table * off), axis=1) / np.where(
                measured_share > 0, measured_share, 1.0
            )
            if name in self._scale:
                value = np.clip(0.5 + (value - self._scale[name].median) / self._scale[name].spread, 0.0, 1.0)
            totals += np.where(measured_share > 0, self._table[name] * value, 0.0)
            weights += np.where(measured_share > 0, self._table[name], 0.0)
        return np.asarray(100.0 * totals / np.where(weights > 0, weights, 1.0), dtype=np.float64)


def _strengths(raws: Sequence[RawScores], name: SubScoreName) -> NDArray[np.float64]:
    """The strength of each feature of a sub-score in each window; NaN where it was not measured."""
    parts = list(FEATURES[name])
    strengths = np.full((len(raws), len(parts)), np.nan)
    for row, raw in enumerate(raws):
        for evidence in raw[name].evidence if name in raw else ():
            strengths[row, parts.index(evidence.part)] = evidence.strength or 0.0
    return strengths


def changes(text: Labelled) -> tuple[list[int], list[int]]:
    """The number of the first five that are others, in each round.

    First of the labelled windows, then of detect's own clips.
    """
    timeline, options, weights = build_timeline(text.material), ProjectOptions(), default_weights()
    baseline, table = read_baseline(timeline, text.material.embedded), weights.weights_of("none", spoken=True)
    every = find_speech_windows(timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    raws = [measure_window(window, timeline, baseline) for window in every]
    scale = build_scales(raws)
    judge = WindowScorer(
        timeline=timeline, baseline=baseline, scale=scale, table=weights, options=options, posting=None
    )
    scored_windows = [
        scored_window
        for window, raw in zip(every, raws, strict=True)
        if (scored_window := judge.score_window(window, raw))
    ]
    all_of_them = Shaken(raws, scale, table)
    marked = Shaken(
        [measure_window(window_of(timeline, part), timeline, baseline) for part in text.ranges], scale, table
    )
    limit = compute_clip_limit(spoken_ms=timeline.spoken_ms(), quiet_ms=timeline.duration_ms, options=options)

    def firsts(rng: Rng | None) -> set[int]:
        return set(picks(marked.scores(rng), text.are_disjoint))

    def clips(rng: Rng | None) -> list[TimeRange]:
        return _chosen(scored_windows, all_of_them.scores(rng), limit)

    rng = np.random.default_rng(SEED)
    unshaken, moments = firsts(None), clips(None)
    windows = [len(unshaken - firsts(rng)) for _ in range(ROUNDS)]
    return windows, [_lost(moments, clips(rng)) for _ in range(CHOSEN_ROUNDS)]


def _chosen(windows: Sequence[ScoredWindow], scores: Floats, limit: int) -> list[TimeRange]:
    again = [replace(window, score=round(float(score), 2)) for window, score in zip(windows, scores, strict=True)]
    return [window.range for window in select_clips(again, limit)[:FIRST_COUNT]]


def _lost(before: Sequence[TimeRange], now: Sequence[TimeRange]) -> int:
    """The number of moments that are no longer there: less than half of their time is."""
    return sum(not any(2 * part.overlap_ms(moment) > part.length_ms for moment in now) for part in before)


def stability(texts: Sequence[Labelled]) -> Iterator[str]:
    """The table."""
    yield (
        f"{100 * NOISE_FACTOR:.0f} % noise on every feature: how many of the first {FIRST_COUNT} change, of the "
        f"labelled windows ({ROUNDS} rounds) and of the moments that detect chooses ({CHOSEN_ROUNDS})"
    )
    for text in texts:
        windows, moments = (np.array(counts) for counts in changes(text))
        yield f"  {text.name:<22} windows {_format_changes(windows)};  moments {_format_changes(moments)}"


def _format_changes(counts: NDArray[np.int64]) -> str:
    return f"mean {counts.mean():.2f}, at most 1 in {100 * (counts <= 1).mean():.0f} %, most {counts.max()}"
