"""Fits the model of where listeners react, and measures each design on texts that were left out.

``python -m benchmarks.reactions.reaction_model`` prints the figures of cross-validation: whole texts are left out, and
the third that is held out is never read. ``--write`` fits on all other texts and writes
streams/detect/posting/reactions.json. The same texts and sentence vectors give the same bytes.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.posting.train import (
    DIGITS,
    MIN_SPREAD,
    Sample,
    fit_logistic,
    fold_of,
    scale_of,
    slope_of,
    to_chances,
)
from benchmarks.ranking.score_measures import Bools, Floats, auc
from benchmarks.reactions.reaction_matrix import MeasuredReactions, measure_reactions
from benchmarks.reactions.reaction_texts import read_texts
from streams.detect.posting.model import FittedModel, ModelFeature, find_medians, level_lengths
from streams.detect.posting.posting_features import WORDS

MODEL_FILE = Path(__file__).parents[2] / "streams" / "detect" / "posting" / "reactions.json"
NAME = "reactions-1"
PENALTY_PER_WINDOW = 1.0
"""Penalty of squared coefficients, a window; 0.1, 0.3 and 3 do as well in cross-validation."""
TRANSCRIBED = ("commas", "end_quality", "start_quality")
"""Features that see a transcriber's commas and paragraphs: left out."""
BORDER_PREFIXES = (
    "sentence", "longest_sentence", "shortest_sentence", "tiny_sentences", "same_openings", "question", "opening",
    "closing", "courtesies", "part_opening", "part_fluency", "part_wit",
)  # fmt: skip
"""How the names of features begin that see where sentences end."""
VECTOR_PREFIXES = ("nearest_", "mean_", "near_", "step", "first_to_", "last_to_")
"""How the names of features begin that rest on sentence vectors alone."""
PRESIDENTS = ("speech", "debate")
CURVE_COUNTS = (4, 8, 16, 32)
CURVE_TEXTS_COUNT = 16
CURVE_ROUNDS = 8
SHOWN_WEIGHTS_COUNT = 16
CALIBRATION_EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


class Reactions(msgspec.Struct, frozen=True, kw_only=True):
    """Ranges of several texts; ``is_before`` says of which of the two samples each is."""

    sample: Sample
    is_before: Bools


def reactions_of(measured: Sequence[MeasuredReactions]) -> Reactions:
    """All ranges of ``measured`` texts as one matrix, a row a range."""
    texts = [text.measured for text in measured]
    names = sorted(set(texts[0].features) - {WORDS, *TRANSCRIBED})
    slopes = {name: slope_of(name, texts) for name in names}
    values, distances = [], []
    for text in texts:
        levelled, medians = level_lengths(text.features, slopes), find_medians(level_lengths(text.candidates, slopes))
        values.append(np.stack([levelled[name] for name in names], axis=1))
        distances.append(values[-1] - np.array([medians[name] for name in names]))
    reacted = np.concatenate([np.array([*text.before.reacted, *text.inside.reacted]) for text in measured])
    counts = [len(text.before.ranges) + len(text.inside.ranges) for text in measured]
    return Reactions(
        sample=Sample(
            names=names,
            slopes=slopes,
            values=np.concatenate(values),
            distances=np.concatenate(distances),
            texts=np.repeat([text.text.name for text in measured], counts),
            kinds=np.repeat([text.text.kind for text in measured], counts),
            labels=reacted.astype(np.float64),
            worth=reacted,
        ),
        is_before=np.concatenate(
            [np.arange(count) < len(text.before.ranges) for text, count in zip(measured, counts, strict=True)]
        ),
    )


def centre(values: Floats, groups: NDArray[np.str_]) -> Floats:
    """Less the mean of each group: how often a text is marked at all is its transcriber's habit."""
    _, at = np.unique(groups, return_inverse=True)
    counts = np.bincount(at).astype(np.float64)
    columns = values if values.ndim > 1 else values[:, None]
    sums = np.zeros((counts.size, columns.shape[1]))
    np.add.at(sums, at, columns)
    return np.asarray((columns - (sums / counts[:, None])[at]).reshape(values.shape))


def fit(rows: Floats, labels: Floats, texts: NDArray[np.str_], penalty: float = PENALTY_PER_WINDOW) -> Floats:
    """Coefficients of a ridge regression on what differs within each text."""
    rows, labels = centre(rows, texts), centre(labels, texts)
    return np.linalg.solve(rows.T @ rows + penalty * len(rows) * np.eye(rows.shape[1]), rows.T @ labels)


def cross_validate(
    reactions: Reactions, fitted: Bools, *, penalty: float = PENALTY_PER_WINDOW, columns: Bools | None = None
) -> Floats:
    """Each range's score by a model of the ``fitted`` ranges of other texts."""
    sample, folds = reactions.sample, fold_of(reactions.sample)
    column_choice = slice(None) if columns is None else np.concatenate([columns, columns])
    scores = np.zeros(len(folds))
    for fold in np.unique(folds):
        used = fitted & (folds != fold)
        rows = scale_of(sample, used).rows(sample)[:, column_choice]
        coefficients = fit(rows[used], sample.labels[used], sample.texts[used], penalty)
        scores[folds == fold] = rows[folds == fold] @ coefficients
    return scores


def areas_of(reactions: Reactions, scores: Floats, chosen: Bools) -> dict[str, float]:
    """AUC within each text, of its ``chosen`` ranges."""
    sample = reactions.sample
    rows_by_text = {text: (sample.texts == text) & chosen for text in np.unique(sample.texts)}
    return {str(text): auc(scores[rows], sample.worth[rows]) for text, rows in rows_by_text.items()}


def mean_of(areas: Iterable[float]) -> float:
    """Mean of those that are known; NaN where none is."""
    known_areas = [area for area in areas if not np.isnan(area)]
    return float(np.mean(known_areas)) if known_areas else float("nan")


def figures_of(name: str, reactions: Reactions, scores: Floats) -> str:
    """A line: mean AUC over texts before reactions, and in and before them; of presidents, of podcasts."""
    sample = reactions.sample
    kinds = {text: str(kind) for text, kind in zip(sample.texts.tolist(), sample.kinds.tolist(), strict=True)}
    parts = []
    for label, chosen in (("before", reactions.is_before), ("windows", ~reactions.is_before)):
        areas = areas_of(reactions, scores, chosen)
        of_presidents = [area for text, area in areas.items() if kinds[text] in PRESIDENTS]
        of_podcasts = [area for text, area in areas.items() if kinds[text] not in PRESIDENTS]
        by_kind = " ".join(
            f"{kind} {mean_of(area for text, area in areas.items() if kinds[text] == kind):.2f}"
            for kind in sorted(set(kinds.values()))
        )
        parts.append(
            f"{label} {mean_of(areas.values()):.3f} (presidents {mean_of(of_presidents):.3f}, "
            f"podcasts {mean_of(of_podcasts):.3f}; {by_kind})"
        )
    return f"{name:<30} {'; '.join(parts)}"


def curve_lines(reactions: Reactions) -> Iterator[str]:
    """The learning curve: mean AUC of left-out texts, by the number of texts that were fitted on."""
    sample, chosen = reactions.sample, ~reactions.is_before
    texts = np.unique(sample.texts)
    yield f"learning curve: texts fitted on, mean AUC of {CURVE_TEXTS_COUNT} left-out texts over {CURVE_ROUNDS} draws"
    for count in (*(count for count in CURVE_COUNTS if count < texts.size - CURVE_TEXTS_COUNT), texts.size):
        areas: list[float] = []
        for draw in range(CURVE_ROUNDS):
            shuffled = np.random.default_rng(draw).permutation(texts)
            inside = shuffled[: min(count, texts.size - CURVE_TEXTS_COUNT)]
            used = np.isin(sample.texts, inside) & chosen
            rows = scale_of(sample, used).rows(sample)
            scores = rows @ fit(rows[used], sample.labels[used], sample.texts[used])
            left_out = [(sample.texts == text) & chosen for text in shuffled[-CURVE_TEXTS_COUNT:]]
            areas += [auc(scores[part], sample.worth[part]) for part in left_out]
        yield f"  {min(count, texts.size - CURVE_TEXTS_COUNT)}: {mean_of(areas):.3f}"


def calibration_lines(chances: Floats, reacted: Bools) -> Iterator[str]:
    """By steps of the chance: how many windows, and in how many listeners react."""
    for low, high in itertools.pairwise(CALIBRATION_EDGES):
        inside = (chances >= low) & (chances < high)
        if inside.any():
            share = reacted[inside].mean()
            yield f"  {low:.0%} to {high:.0%}: {inside.sum()} windows, listeners react in {share:.1%}"


def fit_model(reactions: Reactions) -> FittedModel:
    """The model of all windows, with log-odds calibrated on scores of cross-validation."""
    sample, windows = reactions.sample, ~reactions.is_before
    scale = scale_of(sample, windows)
    coefficients = fit(scale.rows(sample)[windows], sample.labels[windows], sample.texts[windows])
    slope, intercept = fit_logistic(cross_validate(reactions, windows)[windows], sample.worth[windows])
    count = len(sample.names)
    return FittedModel(
        name=NAME,
        intercept=round(intercept, DIGITS),
        features=[
            ModelFeature(
                name=name,
                sub_score="emotion",
                length_slope=round(sample.slopes[name], DIGITS),
                mean=round(float(scale.means[at]), DIGITS),
                spread=max(MIN_SPREAD, round(float(scale.spreads[at]), DIGITS)),
                weight=round(float(slope * coefficients[at]), DIGITS),
                relative_spread=max(MIN_SPREAD, round(float(scale.relative_spreads[at]), DIGITS)),
                relative_weight=round(float(slope * coefficients[count + at]), DIGITS),
            )
            for at, name in enumerate(sample.names)
        ],
    )


def report(reactions: Reactions) -> Iterator[str]:
    """All lines of cross-validation."""
    sample, windows = reactions.sample, ~reactions.is_before
    scores = cross_validate(reactions, windows)
    for label, chosen in (("before", reactions.is_before), ("windows", windows)):
        yield (
            f"{label}: {chosen.sum()} ranges of {len(np.unique(sample.texts))} texts, "
            f"{sample.worth[chosen].sum()} with a reaction"
        )
    yield figures_of("ridge", reactions, scores)
    for penalty in (0.1, 0.3, 3.0):
        yield figures_of(f"penalty {penalty}", reactions, cross_validate(reactions, windows, penalty=penalty))
    every = np.ones_like(windows)
    yield figures_of("fitted on both samples", reactions, cross_validate(reactions, every))
    for label, kinds in (("presidents", PRESIDENTS), ("podcasts", ("interview", "panel", "friends"))):
        of_kinds = windows & np.isin(sample.kinds, kinds)
        yield figures_of(f"fitted on {label} alone", reactions, cross_validate(reactions, of_kinds))
    for label, left_out in (
        ("without where sentences end", BORDER_PREFIXES),
        ("without sentence vectors", VECTOR_PREFIXES),
        ("without speakers", ("speaker", "main_speaker")),
        ("without kinds of words", ("share_",)),
    ):
        columns = np.array([not name.startswith(left_out) for name in sample.names])
        yield figures_of(label, reactions, cross_validate(reactions, windows, columns=columns))
    yield "calibration, in cross-validation"
    slope, intercept = fit_logistic(scores[windows], sample.worth[windows])
    yield from calibration_lines(to_chances(slope * scores + intercept)[windows], sample.worth[windows])
    yield from curve_lines(reactions)
    yield "largest coefficients, in log-odds a spread"
    model = fit_model(reactions)
    weights = {feature.name: feature.weight + feature.relative_weight for feature in model.features}
    for name in sorted(weights, key=lambda name: -abs(weights[name]))[:SHOWN_WEIGHTS_COUNT]:
        yield f"  {name} {weights[name]:+.3f}"


def main() -> None:
    """Print the figures, or write the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--write", action="store_true", help=f"write {MODEL_FILE.name}")
    options = parser.parse_args()
    texts = [text for text in read_texts(options.media) if not text.held_out]
    reactions = reactions_of(list(measure_reactions(texts)))
    if options.write:
        MODEL_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(fit_model(reactions)), indent=1) + b"\n")
        print(MODEL_FILE)
        return
    print("\n".join(report(reactions)))


if __name__ == "__main__":
    main()
