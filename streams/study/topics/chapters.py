"""Where what is spoken of changes: the cheapest cut of a text into chapters. Pure; gives no titles.

Sentences are gathered into units of like length, and one optimal cut of the units is looked for (dynamic programming
over the sum of squared distances to each chapter's mean, as in kernel change-point detection, Celisse et al. 2018).
What people say when they change the subject makes a border cheaper. The number of chapters follows from the length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.ports.models import Float32
from streams.study.lexicon import MOVES, OPENERS, speaks_english
from streams.study.transcript_text import Line, Spoken

UNIT_WORDS = 45
"""Words of a unit: enough for its vector to mean something."""
MOST_UNITS = 1500
"""Of a very long text the units grow instead."""
SHORTEST_WORDS = 90
"""A chapter has at least about half a minute of talk."""
PER_MINUTE, POWER = 1.5, 0.33
"""Chapters of a text of m minutes: ``PER_MINUTE * m ** POWER``; ten minutes have three, an hour six."""
WORDS_A_MINUTE = 150
OPENER, MOVE, PAUSE, TURN = 0.15, 0.6, 0.3, 0.1
"""What makes a border likely."""
CUED = 0.2
"""How much a cue counts, in shares of the mean cost of a chapter."""
PAUSE_MS = 2_500


def expected(words: int) -> int:
    """How many chapters a text of so many words is likely to have."""
    return max(1, round(PER_MINUTE * (words / WORDS_A_MINUTE) ** POWER)) if words >= 2 * SHORTEST_WORDS else 1


def units(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of lines ``[first, end)`` of about ``UNIT_WORDS`` words."""
    wanted = max(UNIT_WORDS, sum(line.words for line in lines) // MOST_UNITS)
    found, first, words = [], 0, 0
    for at, line in enumerate(lines):
        words += line.words
        if words >= wanted or at + 1 == len(lines):
            found.append((first, at + 1))
            first, words = at + 1, 0
    return found


def borders(spoken: Spoken, vectors: Float32) -> list[int]:
    """The lines that chapters begin with, the first one always 0. ``vectors``: one row a line."""
    lines = spoken.lines
    runs = units(lines)
    words = np.array([sum(line.words for line in lines[first:end]) for first, end in runs])
    count = min(expected(int(words.sum())), len(runs))
    if count < 2:
        return [0] if lines else []
    weights = np.array([line.words for line in lines], dtype=np.float32)[:, None]
    means = np.array([(vectors[a:b] * weights[a:b]).sum(axis=0) / weights[a:b].sum() for a, b in runs])
    cues = np.array([_cue(spoken, first) for first, _ in runs])
    shortest = max(1, round(SHORTEST_WORDS * len(runs) / int(words.sum())))
    cuts = best_cuts(means - means.mean(axis=0), cues, count, shortest)
    return [0, *(_refined(spoken, runs, cut) for cut in cuts)]


def best_cuts(rows: Float32, cues: Float32, count: int, shortest: int) -> list[int]:
    """The ``count - 1`` cuts of least cost into parts of at least ``shortest`` rows; fewer where they do not fit."""
    size = len(rows)
    count = min(count, size // shortest) or 1
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    sums = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows / np.where(length > 0, length, 1), axis=0)])
    bonus = cues * (size / count) * CUED
    best = np.full((count + 1, size + 1), np.inf)
    back = np.zeros((count + 1, size + 1), dtype=np.int64)
    best[0, 0] = 0.0
    for end in range(shortest, size + 1):
        starts = np.arange(end - shortest + 1)
        spread = (end - starts) - ((sums[end] - sums[starts]) ** 2).sum(axis=1) / (end - starts)
        costs = best[:count, : len(starts)] + spread - np.where(starts > 0, bonus[starts], 0.0)
        chosen = costs.argmin(axis=1)
        best[1:, end] = costs[np.arange(count), chosen]
        back[1:, end] = chosen
    cuts, end = [], size
    for part in range(count, 1, -1):
        end = int(back[part, end])
        cuts.append(end)
    return cuts[::-1]


def _cue(spoken: Spoken, at: int) -> float:
    """How likely it is, from what is said and how, that something new begins with this line."""
    line = spoken.lines[at]
    if at == 0:
        return 0.0
    before = spoken.lines[at - 1]
    found = PAUSE if line.start_ms - before.end_ms >= PAUSE_MS else 0.0
    found += TURN if line.speaker != before.speaker else 0.0
    if speaks_english(line.language):
        found += OPENER if OPENERS.match(line.text) else 0.0
        found += MOVE if MOVES.search(line.text) else 0.0
    return found


def _refined(spoken: Spoken, runs: Sequence[tuple[int, int]], cut: int) -> int:
    """The line near a cut between units that most likely begins something: units end where their words are full."""
    first = max(1, runs[cut - 1][0] + 1)
    middle = runs[cut][0]
    within = range(first, min(len(spoken.lines), runs[cut][1]))
    return max(within, key=lambda at: (_cue(spoken, at) - 0.02 * abs(at - middle), -abs(at - middle)), default=middle)
