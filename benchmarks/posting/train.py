"""Fits the model of what readers would post, and measures each design on texts it was not fitted on.

``python -m benchmarks.posting.train`` prints the figures of cross-validation: whole texts are left out, and the third
that is held out is never read. ``--write`` fits on all other texts and writes streams/detect/posting/model.json. The
same labels and sentence vectors give the same bytes.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.measure import judge
from benchmarks.posting.posting_labels import LabelledWindow, Reader, labelled_windows
from benchmarks.posting.posting_matrix import Floats, MeasuredText, measure_labelled
from benchmarks.posting.posting_pairs import place_of, read_choices, sample_pairs
from benchmarks.posting.posting_texts import read_texts
from benchmarks.ranking.score_measures import Bools, auc
from schemas.options.score_weights import SubScoreName
from streams.detect.posting.model import FittedModel, ModelFeature, find_medians, level_lengths, standardise
from streams.detect.posting.posting_features import WORDS

MODEL_FILE = Path(__file__).parents[2] / "streams" / "detect" / "posting" / "model.json"
NAME = "posting-1"
FOLDS_COUNT = 8
SEED = 20_261_124
RIDGE_WINDOWS = 400.0
"""Penalty of squared coefficients, in windows; the best of 100, 200, 400, 800 in cross-validation, by little."""
CURVE_COUNTS = (4, 8, 12, 16, 20, 24, 28)
CURVE_TEXTS_COUNT = 5
CURVE_ROUNDS = 12
PAIRS_SHARES = (0.2, 0.6, 1.0)
VECTOR_PREFIXES = ("nearest_", "mean_", "near_", "step", "first_to_", "last_to_")
"""How the names of features begin that rest on sentence vectors alone."""
MIN_SPREAD = 1e-6
FIRST_COUNT = 5
DIGITS = 5
"""Digits of a number in the model's file."""
SUB_SCORE_BY_PREFIX: dict[str, SubScoreName] = {
    "opening": "hook", "part_opening": "hook", "nearest_hook": "hook", "mean_hook": "hook", "start_quality": "hook",
    "feeling": "emotion", "part_feeling": "emotion", "part_tension": "emotion", "part_wit": "emotion",
    "part_call": "emotion", "share_self": "emotion", "share_address": "emotion", "share_others": "emotion",
    "share_past": "emotion", "share_speech_verbs": "emotion", "share_feelings": "emotion", "share_denying": "emotion",
    "share_strong": "emotion", "share_people": "emotion", "share_weakness": "emotion", "share_values": "emotion",
    "share_together": "emotion", "share_ours": "emotion", "share_superlatives": "emotion",
    "nearest_story": "emotion", "mean_story": "emotion", "nearest_confession": "emotion", "mean_confession": "emotion",
    "nearest_conflict": "emotion", "mean_conflict": "emotion", "nearest_joke": "emotion", "mean_joke": "emotion",
    "nearest_surprise": "emotion", "mean_surprise": "emotion",
    "part_holds_together": "coherence", "step": "coherence", "first_to": "coherence", "last_to": "coherence",
    "near_before": "coherence", "near_after": "coherence",
    "closing": "clarity", "end_quality": "clarity", "share_hesitations": "clarity", "share_hedges": "clarity",
    "share_referring": "clarity", "sentence": "clarity", "longest_sentence": "clarity", "shortest_sentence": "clarity",
    "tiny_sentences": "clarity", "same_openings": "clarity", "part_fluency": "clarity", "commas": "clarity",
    "question": "hook", "speaker": "speaker_changes", "main_speaker": "speaker_changes",
}  # fmt: skip
"""Sub-score of the features whose names begin so; the longest prefix counts. All others are `novelty`."""


def sub_score_of(feature: str) -> SubScoreName:
    """The sub-score that a feature belongs to."""
    prefixes = [prefix for prefix in SUB_SCORE_BY_PREFIX if feature.startswith(prefix)]
    return SUB_SCORE_BY_PREFIX[max(prefixes, key=len)] if prefixes else "novelty"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Windows of several texts as one matrix; a row a window."""

    names: list[str]
    slopes: dict[str, float]
    """Growth of each feature with the logarithm of a window's words."""
    values: Floats
    """Features at one length, NaN where unis_known; (windows, features)."""
    distances: Floats
    """Their distance to the median window of their text."""
    texts: NDArray[np.str_]
    kinds: NDArray[np.str_]
    labels: Floats
    """Mean of both readers, 0 to 3."""
    worth: Bools


def slope_of(name: str, measured: Sequence[MeasuredText]) -> float:
    """Growth of a feature with the logarithm of a window's words, over windows that detect would weigh."""
    products, squares = 0.0, 0.0
    for text in measured:
        is_known = ~np.isnan(text.candidates[name])
        if is_known.sum() > 1:
            longer, values = np.log(text.candidates[WORDS][is_known]), text.candidates[name][is_known]
            longer = longer - longer.mean()
            products, squares = products + float(longer @ (values - values.mean())), squares + float(longer @ longer)
    return products / squares if squares else 0.0


def sample_of(windows: Sequence[LabelledWindow], measured: Sequence[MeasuredText]) -> Sample:
    """The labelled windows of ``measured`` texts, in the same order."""
    names = sorted(set(measured[0].features) - {WORDS})
    slopes = {name: slope_of(name, measured) for name in names}
    levelled = [level_lengths(text.features, slopes) for text in measured]
    medians = [find_medians(level_lengths(text.candidates, slopes)) for text in measured]
    values = np.concatenate([np.stack([features[name] for name in names], axis=1) for features in levelled])
    middles = np.concatenate(
        [
            np.repeat([[middle[name] for name in names]], features[names[0]].size, axis=0)
            for features, middle in zip(levelled, medians, strict=True)
        ]
    )
    return Sample(
        names=names,
        slopes=slopes,
        values=values,
        distances=values - middles,
        texts=np.array([window.text.name for window in windows]),
        kinds=np.array([window.text.kind for window in windows]),
        labels=np.array([sum(window.labels) / 2 for window in windows]),
        worth=np.array([window.is_worth_posting for window in windows]),
    )


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """What features are measured in."""

    means: Floats
    spreads: Floats
    relative_spreads: Floats

    def rows(self, sample: Sample) -> Floats:
        """Standardised features, then standardised distances; (windows, 2 × features)."""
        columns = [
            standardise(sample.values[:, at], float(self.means[at]), float(self.spreads[at]))
            for at in range(len(sample.names))
        ] + [
            standardise(sample.distances[:, at], 0.0, float(self.relative_spreads[at]))
            for at in range(len(sample.names))
        ]
        return np.stack(columns, axis=1)


def scale_of(sample: Sample, used: Bools) -> Scale:
    """The scale of the ``used`` windows."""
    return Scale(
        means=np.nan_to_num(np.nanmean(sample.values[used], axis=0)),
        spreads=np.maximum(MIN_SPREAD, np.nan_to_num(np.nanstd(sample.values[used], axis=0), nan=1.0)),
        relative_spreads=np.maximum(MIN_SPREAD, np.nan_to_num(np.nanstd(sample.distances[used], axis=0), nan=1.0)),
    )


def fit_ridge(rows: Floats, targets: Floats, penalty: float) -> Floats:
    """Coefficients of a ridge regression on centred targets; rows are standardised."""
    return np.linalg.solve(rows.T @ rows + penalty * np.eye(rows.shape[1]), rows.T @ (targets - targets.mean()))


def fit_logistic(scores: Floats, worth: Bools) -> tuple[float, float]:
    """Slope and intercept of the log-odds of a score (Platt), by Newton's method."""
    slope, intercept = 1.0, 0.0
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    for _ in range(50):
        fitted = to_chances(slope * scores + intercept)
        gradient = design.T @ (worth - fitted)
        hessian = (design * (fitted * (1 - fitted))[:, None]).T @ design + 1e-9 * np.eye(2)
        slope, intercept = np.array([slope, intercept]) + np.linalg.solve(hessian, gradient)
    return float(slope), float(intercept)


def to_chances(log_odds: Floats) -> Floats:
    """Log-odds as probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)


Design = Callable[[Sample, Bools], Floats]
"""Scores of all windows by a model of the used ones."""


def ridge(sample: Sample, used: Bools, *, penalty: float = RIDGE_WINDOWS, columns: Bools | None = None) -> Floats:
    """Ridge regression on the mean label."""
    rows = scale_of(sample, used).rows(sample)
    if columns is not None:
        rows = rows[:, columns]
    return np.asarray(rows @ fit_ridge(rows[used], sample.labels[used], penalty))


def without_distances(sample: Sample, used: Bools) -> Floats:
    """The same without distances to the median window."""
    columns = np.arange(2 * len(sample.names)) < len(sample.names)
    return ridge(sample, used, penalty=RIDGE_WINDOWS / 2, columns=columns)


class JudgedPairs(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of rows of a sample, and which of the two both readers would post."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    choices: Floats
    """1 for the first, -1 for the second, 0 where the readers differ."""


def judged_pairs(windows: Sequence[LabelledWindow], media: Path) -> JudgedPairs:
    """The pairs of the windows of a sample, in its order."""
    texts = read_texts(media)
    every = [window for held_out in (False, True) for window in labelled_windows(texts, held_out=held_out)]
    pairs = [pair for pair in sample_pairs(every) if not pair.is_held_out]
    rows = {place_of(window): row for row, window in enumerate(windows)}
    places = [(place_of(pair.first), place_of(pair.second)) for pair in pairs]
    readers = [read_choices(reader) for reader in get_args(Reader)]
    return JudgedPairs(
        first=np.array([rows[first] for first, _ in places]),
        second=np.array([rows[second] for _, second in places]),
        choices=np.array(
            [
                np.mean([1.0 if reader[frozenset(places_of_pair)] == places_of_pair[0] else -1.0 for reader in readers])
                for places_of_pair in places
            ]
        ),
    )


def ridge_with_pairs(pairs: JudgedPairs, share: float) -> Design:
    """Ridge regression on labels and on choices in pairs; ``share`` of the loss is the pairs'."""

    def design(sample: Sample, used: Bools) -> Floats:
        rows = scale_of(sample, used).rows(sample)
        inside = used[pairs.first] & used[pairs.second]
        differences = rows[pairs.first[inside]] - rows[pairs.second[inside]]
        labels = sample.labels[used] - sample.labels[used].mean()
        matrix = (1 - share) * rows[used].T @ rows[used] + share * differences.T @ differences
        target = (1 - share) * rows[used].T @ labels + share * differences.T @ pairs.choices[inside]
        return np.asarray(rows @ np.linalg.solve(matrix + RIDGE_WINDOWS * np.eye(rows.shape[1]), target))

    return design


def pairs_line(sample: Sample, pairs: JudgedPairs, scores: Floats) -> str:
    """How often scores choose as both readers did, in pairs of one text and of two."""
    decided = pairs.choices != 0
    right = np.sign(scores[pairs.first] - scores[pairs.second]) == np.sign(pairs.choices)
    same = sample.texts[pairs.first] == sample.texts[pairs.second]
    in_one, in_two = (right[decided & chosen].mean() for chosen in (same, ~same))
    return f"  chooses as both readers: {in_one:.1%} in one text, {in_two:.1%} in two"


def curve_lines(sample: Sample) -> Iterator[str]:
    """The learning curve: mean AUC of left-out texts, by the number of texts that were fitted on."""
    texts = np.unique(sample.texts)
    yield f"learning curve: texts fitted on, mean AUC of {CURVE_TEXTS_COUNT} left-out texts over {CURVE_ROUNDS} draws"
    for count in CURVE_COUNTS:
        areas: list[float] = []
        for draw in range(CURVE_ROUNDS):
            shuffled = np.random.default_rng(draw).permutation(texts)
            used = np.isin(sample.texts, shuffled[:count])
            scores = ridge(sample, used, penalty=RIDGE_WINDOWS * count / (texts.size - CURVE_TEXTS_COUNT))
            left_out = [sample.texts == text for text in shuffled[-CURVE_TEXTS_COUNT:]]
            areas += [auc(scores[rows], sample.worth[rows]) for rows in left_out]
        yield f"  {count}: {np.nanmean(areas):.3f}"


def fold_of(sample: Sample) -> NDArray[np.int64]:
    """The fold of each window: whole texts, drawn by the seed."""
    texts = np.unique(sample.texts)
    shuffled = np.random.default_rng(SEED).permutation(texts)
    folds = {text: at % FOLDS_COUNT for at, text in enumerate(shuffled)}
    return np.array([folds[text] for text in sample.texts])


def cross_validate(sample: Sample, design: Design) -> Floats:
    """Each window's score by a model that saw no window of its text."""
    folds, scores = fold_of(sample), np.zeros(len(sample.texts))
    for fold in range(FOLDS_COUNT):
        left_out = folds == fold
        scores[left_out] = design(sample, ~left_out)[left_out]
    return scores


def figures_of(name: str, sample: Sample, scores: Floats) -> str:
    """A line: mean AUC over texts, of all together and by kind, and precision of the first five."""
    by_text = {text: sample.texts == text for text in np.unique(sample.texts)}
    areas = {text: auc(scores[rows], sample.worth[rows]) for text, rows in by_text.items()}
    firsts = [
        sample.worth[rows][np.argsort(-scores[rows], kind="stable")[:FIRST_COUNT]].mean() for rows in by_text.values()
    ]
    chances = [sample.worth[rows].mean() for rows in by_text.values()]
    kinds = [
        f"{kind} {np.nanmean(of_kind):.2f}"
        for kind in np.unique(sample.kinds)
        if not np.all(np.isnan(of_kind := [areas[text] for text in np.unique(sample.texts[sample.kinds == kind])]))
    ]
    return (
        f"{name:<28} AUC {np.nanmean(list(areas.values())):.3f}, all together {auc(scores, sample.worth):.3f}, "
        f"precision@5 {np.mean(firsts):.3f} ({np.mean(firsts) / np.mean(chances):.2f} × chance); {', '.join(kinds)}"
    )


def fit_model(sample: Sample) -> FittedModel:
    """The model of all windows, with log-odds calibrated on scores of cross-validation."""
    used = np.ones(len(sample.texts), dtype=bool)
    scale = scale_of(sample, used)
    coefficients = fit_ridge(scale.rows(sample), sample.labels, RIDGE_WINDOWS)
    slope, intercept = fit_logistic(cross_validate(sample, ridge), sample.worth)
    count = len(sample.names)
    return FittedModel(
        name=NAME,
        intercept=round(intercept, DIGITS),
        features=[
            ModelFeature(
                name=name,
                sub_score=sub_score_of(name),
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


def calibration_lines(scores: Floats, sample: Sample) -> Iterator[str]:
    """By steps of the score: how many windows, how many of them were worth posting."""
    slope, intercept = fit_logistic(scores, sample.worth)
    chances = to_chances(slope * scores + intercept)
    for low in np.arange(0.0, 1.0, 0.1):
        inside = (chances >= low) & (chances < low + 0.1)
        if inside.any():
            share = sample.worth[inside].mean()
            yield f"  {100 * low:.0f} to {100 * low + 10:.0f}: {inside.sum()} windows, {share:.0%} worth posting"


def report(sample: Sample, pairs: JudgedPairs) -> Iterator[str]:
    """All lines of cross-validation."""
    scores = cross_validate(sample, ridge)
    yield f"{len(sample.texts)} windows of {len(np.unique(sample.texts))} texts, {sample.worth.sum()} worth posting"
    yield figures_of("ridge", sample, scores)
    yield pairs_line(sample, pairs, scores)
    for share in PAIRS_SHARES:
        with_pairs = cross_validate(sample, ridge_with_pairs(pairs, share))
        yield figures_of(f"{share:.0%} of the loss by pairs", sample, with_pairs)
        yield pairs_line(sample, pairs, with_pairs)
    yield figures_of("without distances", sample, cross_validate(sample, without_distances))
    for sub_score in sorted({sub_score_of(name) for name in sample.names}):
        is_kept = np.array([sub_score_of(name) != sub_score for name in sample.names])
        columns = np.concatenate([is_kept, is_kept])
        yield figures_of(
            f"without {sub_score}",
            sample,
            cross_validate(sample, lambda part, used, columns=columns: ridge(part, used, columns=columns)),
        )
    is_vector = np.array([name.startswith(VECTOR_PREFIXES) for name in sample.names])
    columns = np.concatenate([~is_vector, ~is_vector])
    by_words = cross_validate(sample, lambda part, used: ridge(part, used, columns=columns))
    yield figures_of("without sentence vectors", sample, by_words)
    trees = judge("trees", trees_request(sample))
    for name, values in trees.items():
        yield figures_of(name, sample, np.array(values))
    yield "calibration of the ridge, in cross-validation"
    yield from calibration_lines(scores, sample)
    yield from curve_lines(sample)


def trees_request(sample: Sample) -> dict[str, object]:
    """What the judge of trees needs: rows, labels and folds."""
    rows = scale_of(sample, np.ones(len(sample.texts), dtype=bool)).rows(sample)
    return {"rows": rows.round(4).tolist(), "labels": sample.labels.tolist(), "folds": fold_of(sample).tolist()}


def main() -> None:
    """Print the figures, or write the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--write", action="store_true", help=f"write {MODEL_FILE.name}")
    options = parser.parse_args()
    windows = labelled_windows(read_texts(options.media), held_out=False)
    sample = sample_of(windows, measure_labelled(windows, options.media))
    if options.write:
        MODEL_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(fit_model(sample)), indent=1) + b"\n")
        print(MODEL_FILE)
        return
    print("\n".join(report(sample, judged_pairs(windows, options.media))))


if __name__ == "__main__":
    main()
