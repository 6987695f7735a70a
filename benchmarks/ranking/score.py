"""Whether detect's score finds what readers would post, and how its clips begin and end.

Never fits a weight.

``python -m benchmarks.ranking.score``: labels of ``benchmarks/labels``, texts of ``benchmarks/ranking/score_texts.py``.
Each figure stands next to random, the longest sentence and (where there is sound) the loudest window, with intervals of
a block bootstrap. Texts whose labels were read while the scorer was written are marked, and pooled apart from the
others.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.ranking.score_borders import shares
from benchmarks.ranking.score_measures import ROUNDS, Apart, Floats, auc, blocks, interval, kappa, precision
from benchmarks.ranking.score_noise import stability
from benchmarks.ranking.score_rig import (
    DEVELOPED_ON,
    Labelled,
    embedded,
    labelled,
    longest_sentence,
    loudest,
    window_of,
)
from schemas.documents.moments import SubScore
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import read_baseline
from streams.detect.scoring import SCORER_NAME, build_scales, measure_window, weigh_sub_scores
from streams.detect.timeline import build_timeline

SEED = 20_261_121
OURS, LONGEST, LOUDEST, RANDOM = "clipstream", "longest sentence", "loudest", "random"


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A text's windows as each way of scoring sees them; ``signals`` are ours, to leave some out."""

    text: Labelled
    ways: dict[str, list[float]]
    signals: list[list[SubScore]]


def score(signals: Sequence[SubScore], without: str = "", only: str = "") -> float:
    """The weighted mean, less one sub-score, or of one alone; 0 where nothing of it was measured."""
    used = [signal for signal in signals if signal.name != without and only in ("", signal.name)]
    total = sum(signal.weight for signal in used)
    return sum(signal.value * signal.weight for signal in used) / total if total else 0.0


def scored(text: Labelled) -> Scored:
    """Our scores of a text's windows and those of the baselines."""
    timeline = build_timeline(text.material)
    baseline = read_baseline(timeline, text.material.embedded)
    options = ProjectOptions()
    every = find_speech_windows(timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    scale = build_scales([measure_window(window, timeline, baseline) for window in every])
    windows = [window_of(timeline, part) for part in text.ranges]
    table = default_weights().weights_of("none", spoken=True)
    signals = [weigh_sub_scores(measure_window(window, timeline, baseline), scale, table) for window in windows]
    ways = {
        OURS: [score(sub_scores) for sub_scores in signals],
        LONGEST: [longest_sentence(window) for window in windows],
    }
    if timeline.sound is not None:
        ways[LOUDEST] = [loudest(timeline, window) for window in windows]
    return Scored(text=text, ways=ways, signals=signals)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A way's AUC and precision@5, and what each round of the bootstrap gave."""

    auc: float
    precision: float
    auc_rounds: Floats
    precision_rounds: Floats


def figures(values: Sequence[float], text: Labelled) -> Figures:
    """Figures of one way on one text; every way meets the same draws."""
    scores, worth = np.array(values, dtype=np.float64), np.array(text.worth)
    rng = np.random.default_rng(SEED)
    areas, firsts = np.zeros(ROUNDS), np.zeros(ROUNDS)
    for at in range(ROUNDS):
        drawn = blocks(scores.size, rng)
        areas[at] = auc(scores[drawn], worth[drawn])
        firsts[at] = precision(scores[drawn], worth[drawn], _twins(text, drawn.tolist()))
    return Figures(
        auc=auc(scores, worth),
        precision=precision(scores, worth, text.are_disjoint),
        auc_rounds=areas,
        precision_rounds=firsts,
    )


def _twins(text: Labelled, drawn: list[int]) -> Apart:
    """A window that was drawn twice counts twice; windows that share time still exclude each other."""
    return lambda first, second: drawn[first] == drawn[second] or text.are_disjoint(drawn[first], drawn[second])


def by_chance(text: Labelled) -> Figures:
    """Figures of picking at random, over many draws."""
    rng = np.random.default_rng(SEED)
    worth = np.array(text.worth)
    firsts = np.array([precision(rng.random(worth.size), worth, text.are_disjoint) for _ in range(ROUNDS)])
    half = np.full(ROUNDS, 0.5)
    return Figures(
        auc=0.5, precision=float(firsts.mean()), auc_rounds=half, precision_rounds=np.full(ROUNDS, firsts.mean())
    )


def pooled(rows: Sequence[Figures]) -> Figures:
    """The mean over texts; a round draws texts, too: with so few, that is where most of the doubt lies."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(rows), size=(ROUNDS, len(rows)))
    areas, firsts = (np.array([getattr(row, name) for row in rows]) for name in ("auc_rounds", "precision_rounds"))
    columns = np.arange(ROUNDS)[:, None]
    return Figures(
        auc=float(np.mean([row.auc for row in rows])),
        precision=float(np.mean([row.precision for row in rows])),
        auc_rounds=np.nanmean(areas[drawn, columns], axis=1),
        precision_rounds=firsts[drawn, columns].mean(axis=1),
    )


def format_row(name: str, measured: Figures) -> str:
    """One line of the table."""
    (low, high), (least, most) = interval(measured.auc_rounds), interval(measured.precision_rounds)
    return (
        f"  {name:<18} AUC {measured.auc:.2f} [{low:.2f}, {high:.2f}]   "
        f"precision@5 {measured.precision:.2f} [{least:.2f}, {most:.2f}]"
    )


def compare_figures(ours: Figures, baseline: Figures, name: str) -> str:
    """Whether the difference is beyond chance, in a sentence."""
    low, high = interval(ours.auc_rounds - baseline.auc_rounds)
    least, most = interval(ours.precision_rounds - baseline.precision_rounds)
    sure = "better" if low > 0 else "worse" if high < 0 else "NOT distinguished"
    first = "better" if least > 0 else "worse" if most < 0 else "NOT distinguished"
    return (
        f"  against {name:<18} AUC {ours.auc - baseline.auc:+.2f} [{low:+.2f}, {high:+.2f}] {sure};  "
        f"precision@5 {ours.precision - baseline.precision:+.2f} [{least:+.2f}, {most:+.2f}] {first}"
    )


def agreement(texts: Sequence[Labelled]) -> Iterator[str]:
    """The table of how far the two readers agree."""
    yield "agreement of the two readers (kappa with quadratic weights; same label; both sides of 1.5 alike)"
    for name, group in [*((text.name, [text]) for text in texts), ("all", texts)]:
        first_labels, second_labels = (
            [label for text in group for label in getattr(text, side)] for side in ("first", "second")
        )
        same = np.mean([left == right for left, right in zip(first_labels, second_labels, strict=True)])
        same_side = np.mean(
            [(left >= 2) == (right >= 2) for left, right in zip(first_labels, second_labels, strict=True)]
        )
        good, agreed = sum(sum(text.worth) for text in group), kappa(first_labels, second_labels)
        yield f"  {name:<22} {agreed:.2f}  {same:.2f}  {same_side:.2f}  ({good} of {len(first_labels)} worth posting)"


def ablations(held_back: Sequence[Scored]) -> Iterator[str]:
    """The table of mean AUC over the texts without each sub-score, and with it alone."""
    full = np.mean([auc_of(result, "", "") for result in held_back])
    yield f"ablations on the held-back texts (AUC {full:.3f} with all)"
    for name in sorted({signal.name for result in held_back for signals in result.signals for signal in signals}):
        without = float(np.mean([auc_of(result, name, "") for result in held_back]))
        alone = float(np.mean([auc_of(result, "", name) for result in held_back]))
        yield f"  {name:<18} without it {without:.3f} ({without - full:+.3f})   alone {alone:.3f}"


def auc_of(result: Scored, without: str, only: str) -> float:
    """AUC of our score with a part of it."""
    values = np.array([score(signals, without, only) for signals in result.signals])
    return auc(values, np.array(result.text.worth))


def report(texts: Sequence[Labelled]) -> Iterator[str]:
    """All tables, line by line."""
    model = next((text.material.embedded.model for text in texts if text.material.embedded), "words in common")
    yield f"scorer {SCORER_NAME}, meaning by {model}; {ROUNDS} rounds, blocks of neighbours; 95 % intervals"
    yield from agreement(texts)
    results = [scored(text) for text in texts]
    by_text: dict[str, dict[str, Figures]] = {}
    for result in results:
        by_text[result.text.name] = {name: figures(values, result.text) for name, values in result.ways.items()}
        by_text[result.text.name][RANDOM] = by_chance(result.text)
        yield result.text.name + (" (developed on)" if result.text.name in DEVELOPED_ON else "")
        yield from (format_row(name, measured) for name, measured in by_text[result.text.name].items())
    for title, inside in (("held back", False), ("developed on", True)):
        group = [ways for name, ways in by_text.items() if (name in DEVELOPED_ON) is inside]
        every = {way: pooled([ways[way] for ways in group]) for way in (OURS, LONGEST, RANDOM)}
        yield f"pooled, {title}: mean over {len(group)} texts"
        yield from (format_row(way, measured) for way, measured in every.items())
        yield from (compare_figures(every[OURS], every[way], way) for way in (LONGEST, RANDOM))
    yield from ablations([result for result in results if result.text.name not in DEVELOPED_ON])
    yield from shares(texts)
    yield from stability(texts)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--by-words", action="store_true", help="as where the sentence model is away (TF-IDF)")
    options = parser.parse_args()
    texts = labelled(options.media)
    for line in report(texts if options.by_words else embedded(texts)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
