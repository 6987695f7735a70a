"""How well the product's score finds what readers would post, on labelled texts of eight kinds.

``python -m benchmarks.posting.posting_score`` on the texts that the model was fitted on (a check of the path, no figure
to quote); ``--held-out`` on the third that was not. Each figure stands next to the longest sentence and chance, with
95 % intervals that draw texts, and runs of neighbouring windows in them.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.posting.posting_labels import LabelledWindow, labelled_windows
from benchmarks.posting.posting_matrix import embed
from benchmarks.posting.posting_texts import read_texts
from benchmarks.ranking.score import (
    LONGEST,
    OURS,
    RANDOM,
    Figures,
    by_chance,
    compare_figures,
    figures,
    format_row,
    pooled,
)
from benchmarks.ranking.score_measures import auc
from benchmarks.ranking.score_rig import Labelled, longest_sentence, material, window_of
from schemas.common import TimeRange
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import read_baseline
from streams.detect.pipeline import WindowScorer
from streams.detect.posting.scores import build_posting_scorer
from streams.detect.scoring import build_scales, measure_window
from streams.detect.selection import choose_score_limits
from streams.detect.timeline import build_timeline

CALIBRATION_STEP = 20
"""Points of the score that are one row of the table of calibration."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A text's labelled windows as the product scores them, and the best score of all its windows."""

    kind: str
    text: Labelled
    scores: list[float]
    longest: list[float]
    best_score: float
    is_ranked: bool


def labelled_text(windows: Sequence[LabelledWindow], media: Path) -> Labelled:
    """One text's labelled windows with the vectors of its sentences."""
    text = windows[0].text
    return Labelled(
        name=text.name,
        material=embed([material(text.name, text.sentences, media)])[0],
        ranges=[
            TimeRange(start_ms=text.sentences[window.first].start_ms, end_ms=text.sentences[window.last].end_ms)
            for window in windows
        ],
        first=[window.labels[0] for window in windows],
        second=[window.labels[1] for window in windows],
    )


def measure(kind: str, text: Labelled) -> Measured:
    """Score a text as the product does: compared with all windows that it would weigh."""
    options, weights = ProjectOptions(), default_weights()
    timeline = build_timeline(text.material)
    baseline = read_baseline(timeline, text.material.embedded)
    every = find_speech_windows(timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    raws = [measure_window(window, timeline, baseline) for window in every]
    scorer = WindowScorer(
        timeline=timeline,
        baseline=baseline,
        scale=build_scales(raws),
        table=weights,
        options=options,
        posting=build_posting_scorer(timeline, baseline, every, raws),
    )
    candidates = [
        scored for window, raw in zip(every, raws, strict=True) if (scored := scorer.score_window(window, raw))
    ]
    windows = [window_of(timeline, part) for part in text.ranges]
    scored_windows = [scorer.score_window(window, measure_window(window, timeline, baseline)) for window in windows]
    limits = choose_score_limits(candidates, options, is_fitted=scorer.posting is not None, is_spoken=True)
    return Measured(
        kind=kind,
        text=text,
        scores=[scored.score if scored else 0.0 for scored in scored_windows],
        longest=[longest_sentence(window) for window in windows],
        best_score=max(scored.score for scored in candidates),
        is_ranked=limits.is_confident,
    )


def with_both(results: Sequence[Measured]) -> list[Measured]:
    """Those with windows that are worth posting and windows that are not: an AUC needs both."""
    return [result for result in results if any(result.text.worth) and not all(result.text.worth)]


def ways(results: Sequence[Measured]) -> dict[str, Figures]:
    """The pooled figures of each way of scoring."""
    return {
        OURS: pooled([figures(result.scores, result.text) for result in results]),
        LONGEST: pooled([figures(result.longest, result.text) for result in results]),
        RANDOM: pooled([by_chance(result.text) for result in results]),
    }


def report(results: Sequence[Measured]) -> Iterator[str]:
    """All lines."""
    for result in results:
        worth = sum(result.text.worth)
        order = "by score" if result.is_ranked else "in order of time"
        count = f"{worth} of {len(result.scores)} worth posting"
        yield f"{result.kind} {result.text.name}: {count}, best {result.best_score:.0f}, {order}"
    groups = [("all kinds", list(results))]
    groups += [(kind, list(group)) for kind, group in itertools.groupby(results, key=lambda result: result.kind)]
    for name, group in groups:
        usable = with_both(group)
        if not usable:
            yield f"{name}: no text with windows of both sides"
            continue
        measured = ways(usable)
        yield f"{name}: mean over {len(usable)} texts"
        yield from (format_row(way, row) for way, row in measured.items())
        if name == "all kinds":
            yield from (compare_figures(measured[OURS], measured[way], way) for way in (LONGEST, RANDOM))
    yield "calibration: score, windows, share of them worth posting"
    scores = np.array([score for result in results for score in result.scores])
    worth_posting = np.array([worth for result in results for worth in result.text.worth])
    yield f"  all windows together: AUC {auc(scores, worth_posting):.2f}"
    for low in range(0, 100, CALIBRATION_STEP):
        inside = (scores >= low) & (scores < low + CALIBRATION_STEP)
        if inside.any():
            yield f"  {low} to {low + CALIBRATION_STEP}: {inside.sum()}, {worth_posting[inside].mean():.0%}"
    unranked = [result for result in results if not result.is_ranked]
    yield (
        f"in order of time: {len(unranked)} of {len(results)} texts, "
        f"{sum(sum(result.text.worth) for result in unranked)} of "
        f"{sum(len(result.scores) for result in unranked)} windows worth posting"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--held-out", action="store_true", help="of the texts that are held out")
    options = parser.parse_args()
    windows = labelled_windows(read_texts(options.media), held_out=options.held_out)
    groups = [list(group) for _, group in itertools.groupby(windows, key=lambda window: window.text.name)]
    results = [measure(group[0].text.kind, labelled_text(group, options.media)) for group in groups]
    print("\n".join(report(results)))


if __name__ == "__main__":
    main()
