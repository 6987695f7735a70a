"""Whether the chance of a reaction tells what readers would post, alone and in `emotion`.

Fits nothing.

``python -m benchmarks.reactions.reaction_weight``: labelled texts that are not held out. The weighted mean takes the
chance as a share of `emotion`, by its rank among the windows of the video; only the shares differ.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.posting.posting_labels import LabelledWindow, labelled_windows
from benchmarks.posting.posting_matrix import MeasuredText
from benchmarks.posting.posting_score import labelled_text
from benchmarks.posting.posting_texts import read_texts
from benchmarks.ranking.score_measures import auc
from benchmarks.ranking.score_rig import window_of
from benchmarks.reactions.reaction_model import mean_of
from benchmarks.reactions.reaction_score import log_odds_of
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.base import FeatureValue
from streams.detect.features.project_baseline import read_baseline
from streams.detect.posting.model import read_reaction_model
from streams.detect.posting.posting_features import measure_posting_features
from streams.detect.scoring import RawScores, build_scales, compute_score, measure_window, weigh_sub_scores
from streams.detect.timeline import build_timeline

SHARES = (0.0, 0.15, 0.3, 0.5)
CANDIDATES_STEP = 4
"""Every fourth window of a video is compared with: a quarter of them has the same median."""


def mix(raw: RawScores, rank: float, share: float) -> RawScores:
    """Sub-scores of which `emotion` has a share from the chance's ``rank`` 0..1 in its video."""
    if "emotion" not in raw:
        return raw
    emotion = raw["emotion"]
    value = (1 - share) * emotion.value + share * rank
    return {**raw, "emotion": FeatureValue(value=value, evidence=[], measured=emotion.measured)}


def measure_text(windows: Sequence[LabelledWindow], media: Path) -> list[float]:
    """AUC within one text: of the chance alone, then of the weighted mean by ``SHARES``."""
    text, options = labelled_text(windows, media), ProjectOptions()
    table = default_weights().weights_of("none", spoken=True)
    timeline = build_timeline(text.material)
    baseline = read_baseline(timeline, text.material.embedded)
    every = find_speech_windows(timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    chosen = [*every[::CANDIDATES_STEP], *(window_of(timeline, part) for part in text.ranges)]
    raws = [measure_window(window, timeline, baseline) for window in chosen]
    features, count = measure_posting_features(chosen, raws, timeline, baseline), len(chosen) - len(text.ranges)
    candidates = {name: values[:count] for name, values in features.items()}
    chances = log_odds_of(read_reaction_model(), MeasuredText(name=text.name, features=features, candidates=candidates))
    ranks = [float((chances[:count] < log_odds).mean()) for log_odds in chances]
    worth = np.array(text.worth)
    areas = [auc(chances[count:], worth)]
    for share in SHARES:
        mixed = [mix(raw, rank, share) for raw, rank in zip(raws, ranks, strict=True)]
        scale = build_scales(mixed[:count])
        scores = [compute_score(weigh_sub_scores(raw, scale, table)) for raw in mixed[count:]]
        areas.append(auc(np.array(scores), worth))
    return areas


def main() -> None:
    """Print the means over texts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    options = parser.parse_args()
    windows = labelled_windows(read_texts(options.media), held_out=False)
    groups = [list(group) for _, group in itertools.groupby(windows, key=lambda window: window.text.name)]
    alone, *weighted = zip(*(measure_text(group, options.media) for group in groups), strict=True)
    print(f"the chance alone: AUC {mean_of(alone):.3f}")
    for share, areas in zip(SHARES, weighted, strict=True):
        print(f"weighted mean, {share:.0%} of `emotion`: AUC {mean_of(areas):.3f}")


if __name__ == "__main__":
    main()
