"""Find chapters: the cut of a text at the likeliest borders, into parts of usual length. Pure.

The cut is optimal (dynamic programming): it has the greatest sum of what its borders add less what they cost, and of
penalties of lengths that are unusual for a text of this length. The number of chapters follows from both.
"""

from __future__ import annotations

import numpy as np

from core.ports.models import Float32
from streams.study.topics.chapter_borders import (
    BorderModel,
    Numbers,
    Rows,
    list_candidates,
    measure_borders,
    rate_borders,
    read_border_model,
)
from streams.study.transcript_text import TranscriptText

MIN_CHAPTER_WORDS = 90
"""Least words of a chapter: about half a minute of talk."""
MAX_CANDIDATES = 1500
"""Most borders that are compared, the likeliest; bounds the time that a very long text takes."""
MODEL_WORDS = 6_000
"""Length of the text whose usual number of chapters `BorderModel` names."""


def find_chapter_starts(document: TranscriptText, vectors: Float32) -> list[int]:
    """Find the lines that chapters begin with, the first always 0. ``vectors``: one row a line."""
    lines = document.lines
    places = np.concatenate([[0], np.cumsum([line.words for line in lines])])
    candidates = list_candidates(lines)
    if len(candidates) == 0 or places[-1] < 2 * MIN_CHAPTER_WORDS:
        return [0] if lines else []
    model = read_border_model()
    ratings = rate_borders(measure_borders(document, vectors, candidates), model)
    return [0, *find_best_cuts(candidates, ratings, places, model)]


def find_best_cuts(candidates: Numbers, ratings: Rows, places: Numbers, model: BorderModel) -> list[int]:
    """Find the cuts of the greatest sum, among ``candidates`` (lines, ascending) with their ``ratings``.

    ``places``: the words before each line and, last, of the whole text.
    """
    likeliest = np.sort(np.argsort(-ratings, kind="stable")[:MAX_CANDIDATES])
    candidates, ratings = candidates[likeliest], ratings[likeliest]
    total = int(places[-1])
    usual_words = total / max(1.0, model.chapters * (total / MODEL_WORDS) ** model.length_exponent)
    edges = np.array([0, *places[candidates], total])
    gains = np.array([0.0, *(ratings - model.border_cost), 0.0])
    best = np.full(len(edges), -np.inf)
    best[0] = 0.0
    cut_before = np.zeros(len(edges), dtype=np.int64)
    for edge in range(1, len(edges)):
        starts = np.flatnonzero(edges[edge] - edges[:edge] >= MIN_CHAPTER_WORDS)
        if len(starts):
            lengths = np.log((edges[edge] - edges[starts]) / usual_words)
            sums = best[starts] - model.length_weight / 2 * lengths**2
            chosen = int(sums.argmax())
            best[edge], cut_before[edge] = sums[chosen] + gains[edge], starts[chosen]
    cuts, edge = [], int(cut_before[-1])
    while edge > 0:
        cuts.append(int(candidates[edge - 1]))
        edge = int(cut_before[edge])
    return cuts[::-1]
