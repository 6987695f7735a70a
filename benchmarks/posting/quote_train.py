"""Fits what tells whether a quote stands alone: the weights by which detect words a clip.

The labels are benchmarks/labels/quotes.tsv: quotes of moments in view, judged by the points of title and hook line of
benchmarks/labels/wording.md; no text that is held out is among them.

``python -m benchmarks.posting.quote_train`` prints cross-validation by text; ``--write`` writes the weights. The same
labels give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.posting.posting_labels import LABELS, labelled_windows
from benchmarks.posting.posting_texts import read_texts
from benchmarks.ranking import score_rig
from core.domain.text.quotes import quote_score
from core.domain.text.quotes.quote_features import list_measured
from core.domain.text.quotes.quote_score import QuoteModel
from core.infra.english_parser import parse_english
from schemas.common import TimeRange
from streams.detect.explanations.clip_quotes import list_spoken, read_clip_context
from streams.detect.features.project_baseline import read_baseline
from streams.detect.timeline import build_timeline

LABELS_FILE = LABELS / "quotes.tsv"
MODEL_FILE = Path(quote_score.__file__).with_name("quote_weights.json")
PENALTY = 6.0
"""Ridge penalty: 3 to 12 are alike in cross-validation."""
FOLDS_COUNT = 10
STEPS_COUNT = 60
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, kw_only=True)
class JudgedQuote:
    """A quote's features and whether it stands alone."""

    text: str
    is_phrase: bool
    features: Mapping[str, float]
    stands: bool


def read_judged(media: Path) -> list[JudgedQuote]:
    """Read the labels and measure their quotes; those that detect no longer makes are left out."""
    judged: dict[tuple[str, int], dict[str, bool]] = {}
    for line in LABELS_FILE.read_text().splitlines():
        name, first_word, label, text = line.split("\t")
        judged.setdefault((name, int(first_word)), {})[text.rstrip(".")] = label == "1"
    windows = [window for window in labelled_windows(read_texts(media), held_out=False) if window.is_worth_posting]
    texts = {window.text.name: window.text for window in windows}
    timelines = {name: build_timeline(score_rig.material(name, text.sentences, media)) for name, text in texts.items()}
    baselines = {name: read_baseline(timeline) for name, timeline in timelines.items()}
    judged_quotes: list[JudgedQuote] = []
    for labelled in windows:
        timeline, baseline = timelines[labelled.text.name], baselines[labelled.text.name]
        sentences = labelled.text.sentences[labelled.first : labelled.last + 1]
        span = TimeRange(start_ms=sentences[0].start_ms, end_ms=sentences[-1].end_ms)
        window = score_rig.window_of(timeline, span)
        context = read_clip_context(window, timeline, baseline)
        for quote, features in list_measured(list_spoken(window.sentences), context, parse_english):
            place = labelled.text.name, window.sentences[quote.index].first_word
            label_stands = judged.get(place, {}).pop(quote.text.rstrip("."), None)
            if label_stands is not None:
                is_phrase = quote.kind == "phrase"
                judged_quotes.append(
                    JudgedQuote(text=place[0], is_phrase=is_phrase, features=features, stands=label_stands)
                )
    return judged_quotes


def fit(features: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Fit a ridge logistic by Newton's steps; the last weight is the bias, which is free."""
    columns = np.c_[features, np.ones(len(features))]
    penalty = np.full(columns.shape[1], PENALTY)
    penalty[-1] = 1e-3
    weights = np.zeros(columns.shape[1])
    for _ in range(STEPS_COUNT):
        share = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (share - stands) + penalty * weights
        curve = (columns.T * (share * (1 - share) + 1e-6)) @ columns + np.diag(penalty)
        weights -= np.linalg.solve(curve, slope)
    return weights


def _split(quotes: Sequence[JudgedQuote], *, is_phrase: bool) -> tuple[list[str], np.ndarray, np.ndarray, list[str]]:
    chosen = [quote for quote in quotes if quote.is_phrase == is_phrase]
    names = [name for name in chosen[0].features if len({quote.features[name] for quote in chosen}) > 1]
    features = np.array([[quote.features[name] for name in names] for quote in chosen])
    return names, features, np.array([quote.stands for quote in chosen], float), [quote.text for quote in chosen]


def fit_model(quotes: Sequence[JudgedQuote]) -> QuoteModel:
    """Fit clauses and noun phrases by themselves."""
    fitted = []
    for is_phrase in (False, True):
        names, features, stands, _ = _split(quotes, is_phrase=is_phrase)
        weights = [round(float(weight), 4) for weight in fit(features, stands)]
        fitted.append((weights[-1], dict(zip(names, weights[:-1], strict=True))))
    (clause_bias, clause_weights), (phrase_bias, phrase_weights) = fitted
    return QuoteModel(
        clause_bias=clause_bias, clause_weights=clause_weights, phrase_bias=phrase_bias, phrase_weights=phrase_weights
    )


def report(quotes: Sequence[JudgedQuote]) -> Iterator[str]:
    """Cross-validate by text: AUC, and which share of the quotes above a probability stands alone."""
    for title, is_phrase in (("clauses", False), ("noun phrases", True)):
        _, features, stands, texts = _split(quotes, is_phrase=is_phrase)
        names = sorted(set(texts))
        random.Random(1).shuffle(names)
        folds = np.array([names.index(text) % FOLDS_COUNT for text in texts])
        scores = np.zeros(len(stands))
        for fold in range(FOLDS_COUNT):
            weights = fit(features[folds != fold], stands[folds != fold])
            scores[folds == fold] = features[folds == fold] @ weights[:-1] + weights[-1]
        higher = scores[stands == 1][:, None] - scores[stands == 0][None, :]
        share = 1 / (1 + np.exp(-scores))
        above = ", ".join(
            f"above {level}: {stands[share > level].mean():.0%} of {(share > level).sum()}"
            for level in LEVELS
            if (share > level).any()
        )
        auc = float((higher > 0).mean() + 0.5 * (higher == 0).mean())
        yield f"{title}: {len(stands)} judged, {stands.mean():.0%} stand alone, AUC {auc:.3f}; {above}"


def main() -> None:
    """Print the figures, or write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--write", action="store_true", help=f"write {MODEL_FILE.name}")
    options = parser.parse_args()
    quotes = read_judged(options.media)
    print("\n".join(report(quotes)))
    if options.write:
        MODEL_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(fit_model(quotes)), indent=1) + b"\n")


if __name__ == "__main__":
    main()
