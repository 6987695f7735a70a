"""How far the fitted score moves where 5, 10 and 20 % of the words were heard wrongly.

Judges no taste.

``python -m benchmarks.posting.posting_noise``: the first text by its hash of each kind that is not held out, its words
with errors drawn by a seed: of ten errors six are another word of the text in its place, two or three a word that is
lost (with its full stop, so that sentences join), one or two a word too many. Sentences, vectors and scores are made
of these words as the product makes them. A moment is kept where more than half of its time is still among the first
five.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.posting.posting_labels import LabelledWindow, labelled_windows
from benchmarks.posting.posting_matrix import embed
from benchmarks.posting.posting_score import labelled_text, measure
from benchmarks.posting.posting_texts import read_texts
from benchmarks.ranking.score_measures import FIRST_COUNT, auc
from benchmarks.ranking.score_rig import Labelled
from schemas.common import TimeRange, Word
from schemas.options.project import ProjectOptions
from streams.detect.pipeline import find_moments
from streams.detect.timeline import ProjectAnalysis

ERROR_RATES = (0.05, 0.10, 0.20)
SUBSTITUTED_SHARE, LOST_SHARE = 0.6, 0.25
"""Shares of the errors; the rest are words too many."""
SEED = 20_261_125
MARKS = ".,?!;:"


def garble(words: Sequence[Word], rate: float, rng: np.random.Generator) -> list[Word]:
    """The words with errors at ``rate`` a word; those that are heard rightly keep their times."""
    drawn, kinds = rng.random(len(words)) < rate, rng.random(len(words))
    substitute_indices = rng.integers(0, len(words), size=len(words))
    garbled: list[Word] = []
    for at, word in enumerate(words):
        other = words[substitute_indices[at]].text.rstrip(MARKS).lower()
        if not drawn[at]:
            garbled.append(word)
        elif kinds[at] < SUBSTITUTED_SHARE:
            substitute = other.capitalize() if word.text[:1].isupper() else other
            marks = word.text[len(word.text.rstrip(MARKS)) :]
            garbled.append(msgspec.structs.replace(word, text=substitute + marks))
        elif kinds[at] >= SUBSTITUTED_SHARE + LOST_SHARE:
            middle_ms = (word.start_ms + word.end_ms) // 2
            garbled.append(msgspec.structs.replace(word, text=other, end_ms=middle_ms))
            garbled.append(msgspec.structs.replace(word, start_ms=middle_ms))
    return garbled


def garble_text(text: Labelled, rate: float) -> ProjectAnalysis:
    """The same recording as a worse recogniser would have written it, without vectors."""
    assert text.material.transcript is not None
    rng = np.random.default_rng([SEED, int(hashlib.sha256(text.name.encode()).hexdigest()[:8], 16), round(100 * rate)])
    words = garble(text.material.transcript.words, rate, rng)
    transcript = msgspec.structs.replace(text.material.transcript, words=words)
    return msgspec.structs.replace(text.material, transcript=transcript, embedded=None)


def first_moments(analysis: ProjectAnalysis) -> list[TimeRange]:
    """The ranges of the first clips that detect selects."""
    selected = [moment for moment in find_moments(analysis, ProjectOptions(), str).moments if moment.rank is not None]
    return [moment.range for moment in sorted(selected, key=lambda moment: moment.rank or 0)[:FIRST_COUNT]]


def count_lost(before: Sequence[TimeRange], now: Sequence[TimeRange]) -> int:
    """How many moments are no longer there."""
    return sum(not any(2 * part.overlap_ms(moment) > part.length_ms for moment in now) for part in before)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's correlation of two scores of the same windows."""
    ranks = [np.argsort(np.argsort(values)).astype(np.float64) for values in (first, second)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def first_texts(windows: Sequence[LabelledWindow]) -> list[list[LabelledWindow]]:
    """The windows of the first text of each kind, by a hash of its name."""
    chosen: dict[str, str] = {}
    for name, kind in {(window.text.name, window.text.kind) for window in windows}:
        best = chosen.get(kind, name)
        chosen[kind] = min(name, best, key=lambda text: hashlib.sha256(text.encode()).digest())
    return [[window for window in windows if window.text.name == chosen[kind]] for kind in sorted(chosen)]


def main() -> None:
    """Print a line a text and rate, and the means."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    options = parser.parse_args()
    rows: dict[float, list[tuple[float, ...]]] = {rate: [] for rate in (0.0, *ERROR_RATES)}
    print("text, error rate: AUC, rank correlation of windows, mean change of a score, first moments lost")
    groups = first_texts(labelled_windows(read_texts(options.media), held_out=False))
    texts = [labelled_text(windows, options.media) for windows in groups]
    garbled_texts = iter(embed([garble_text(text, rate) for text in texts for rate in ERROR_RATES]))
    for windows, clean in zip(groups, texts, strict=True):
        kind, worth = windows[0].text.kind, np.array(clean.worth)
        scores, moments = np.array(measure(kind, clean).scores), first_moments(clean.material)
        rows[0.0].append((auc(scores, worth), 1.0, 0.0, 0, len(moments)))
        for rate in ERROR_RATES:
            noisy = msgspec.structs.replace(clean, material=next(garbled_texts))
            now = np.array(measure(kind, noisy).scores)
            lost = count_lost(moments, first_moments(noisy.material))
            row = (auc(now, worth), rank_correlation(scores.tolist(), now.tolist()), float(np.abs(now - scores).mean()))
            rows[rate].append((*row, lost, len(moments)))
            print(
                f"{clean.name}, {rate:.0%}: {row[0]:.2f}, {row[1]:.2f}, {row[2]:.1f}, {lost} of {len(moments)}",
                flush=True,
            )
    for rate, of_rate in rows.items():
        table = np.array(of_rate)
        areas, correlation, change = np.nanmean(table[:, 0]), table[:, 1].mean(), table[:, 2].mean()
        lost, moments_count = table[:, 3].sum(), table[:, 4].sum()
        print(f"all, {rate:.0%}: {areas:.3f}, {correlation:.2f}, {change:.1f}, {lost:.0f} of {moments_count:.0f}")


if __name__ == "__main__":
    main()
