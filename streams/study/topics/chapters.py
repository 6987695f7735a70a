"""Find chapters: the cheapest cut of a text where the subject changes. Pure; gives no titles.

The optimal cut is computed for each number of chapters (dynamic programming over the sum of squared distances of
sentence vectors to each chapter's mean, as in kernel change-point detection, Celisse et al. 2018, less ratings of the
borders). A chapter has to gain more than unrelated sentences gain by chance, and a number that is unusual for the
length is penalised. The constants are fitted by ``python -m benchmarks.ranking.chapter_training``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.ports.models import Float32
from streams.study.topics.chapter_borders import (
    Numbers,
    Rows,
    list_candidates,
    rate_borders,
    sum_rows,
    thin_out,
)
from streams.study.transcript_text import TranscriptLine, TranscriptText

MIN_CHAPTER_WORDS = 90
"""Least words of a chapter: about half a minute of talk."""
MAX_CHAPTERS = 20
"""Most chapters of a text."""
CHAPTERS_PER_MINUTE = 1.5
"""Factor of the usual number of chapters of m minutes: factor * m ** exponent; ten minutes have three, an hour six."""
LENGTH_EXPONENT = 0.33
"""Exponent of the usual number of chapters."""
WORDS_PER_MINUTE = 150
"""Words of a minute of talk."""
CHAPTER_PENALTY = 3.5
"""Penalty of each chapter but the first; 1 is what a chapter of unrelated sentences gains by chance."""
COUNT_PENALTY = 5.0
"""Penalty of a number of chapters that is e times the usual one, or an e-th of it."""
RATING_WEIGHT = 0.125
"""Weight of a border's rating, compared with gains."""


def find_chapter_starts(document: TranscriptText, vectors: Float32) -> list[int]:
    """Find the lines that chapters begin with, the first always 0. ``vectors``: one row a line."""
    lines = document.lines
    places = np.concatenate([[0], np.cumsum([line.words for line in lines], dtype=np.int64)])
    candidates = list_candidates(lines)
    if len(candidates) == 0 or places[-1] < 2 * MIN_CHAPTER_WORDS:
        return [0] if lines else []
    candidates, ratings = thin_out(candidates, rate_borders(lines, candidates), places)
    edges = np.concatenate([[0], candidates, [len(lines)]])
    gains = measure_gains(lines, vectors, edges)
    scores, cuts = find_best_cuts(gains, places[edges], RATING_WEIGHT * ratings)
    penalties = penalise_counts(len(scores), int(places[-1]), CHAPTER_PENALTY, COUNT_PENALTY)
    return [0, *(int(edges[cut]) for cut in cuts[int((scores - penalties).argmax())])]


def penalise_counts(most: int, words: int, chapter_penalty: float, count_penalty: float) -> Rows:
    """Return the penalty of 1 to ``most`` chapters in a text with this many words, shape (most,)."""
    counts = np.arange(1, most + 1)
    usual_count = CHAPTERS_PER_MINUTE * max(words / WORDS_PER_MINUTE, 1.0) ** LENGTH_EXPONENT
    return np.asarray(chapter_penalty * (counts - 1) + count_penalty * np.log(counts / usual_count) ** 2)


def measure_gains(lines: Sequence[TranscriptLine], vectors: Float32, edges: Numbers) -> Rows:
    """Measure how much the lines between two edges have in common, shape (edges, edges).

    The squared length of their sum by their words, about the text's mean: the same cut has the greatest sum of gains
    and the least squared distances. 1 is expected of unrelated lines; 0 where there are none.
    """
    words = np.array([line.words for line in lines], dtype=np.float64)[:, None]
    rows = vectors - (vectors * words).sum(axis=0) / words.sum()
    chance_gain = float((words**2 * (rows**2).sum(axis=1, keepdims=True)).sum() / words.sum())
    sums = sum_rows(rows * words)[edges]
    places = sum_rows(words)[edges, 0]
    gains = sums @ sums.T
    squares = gains.diagonal().copy()
    gains *= -2
    gains += squares[:, None]
    gains += squares[None, :]
    gains /= np.maximum(places[None, :] - places[:, None], 1.0) * max(chance_gain, 1e-9)
    return np.triu(gains, 1)


def find_best_cuts(gains: Rows, places: Numbers, ratings: Rows) -> tuple[Rows, list[list[int]]]:
    """Find the best cut into each number of chapters, from one up to as many as fit.

    ``places``: words before each edge; ``ratings``: of each edge but the first and last. Returns the sum of gains and
    ratings of each cut, and the edges that its chapters begin with, but for the first.
    """
    size = len(places)
    fits = places[None, :] - places[:, None] >= MIN_CHAPTER_WORDS
    worth = np.where(fits, gains + np.concatenate([[0.0], ratings, [0.0]])[:, None], -np.inf)
    best = np.full(size, -np.inf)
    best[0] = 0.0
    scores: list[float] = []
    cuts: list[list[int]] = []
    cut_before: list[Numbers] = []
    for _ in range(MAX_CHAPTERS):
        totals = best[:, None] + worth
        cut_before.append(totals.argmax(axis=0))
        best = totals[cut_before[-1], np.arange(size)]
        if not np.isfinite(best[-1]):
            break
        scores.append(float(best[-1]))
        cuts.append(_trace_back(cut_before))
    return np.array(scores), cuts


def _trace_back(cut_before: Sequence[Numbers]) -> list[int]:
    """List the edges that chapters begin with, but for the first, from the last edge back."""
    end, edges = -1, []
    for chosen in reversed(cut_before[1:]):
        end = int(chosen[end])
        edges.append(end)
    return edges[::-1]
