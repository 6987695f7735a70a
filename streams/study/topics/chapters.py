"""Find chapters: the cheapest cut of a text where the subject changes. Pure; gives no titles.

Sentences are grouped into units of similar length, and the optimal cut of the units is computed (dynamic programming
over the sum of squared distances to each chapter's mean, as in kernel change-point detection, Celisse et al. 2018).
Phrases that announce another subject make a cut cheaper. The number of chapters follows from the length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.ports.models import Float32
from streams.study.discourse_patterns import CHAPTER_OPENERS, TOPIC_CHANGES, speaks_english
from streams.study.transcript_text import TranscriptLine, TranscriptText

UNIT_WORDS = 45
"""Words of a unit: enough for its vector to mean something."""
MAX_UNITS = 1500
"""Most units: in a very long text the units grow instead."""
MIN_CHAPTER_WORDS = 90
"""Least words of a chapter: about half a minute of talk."""
CHAPTERS_PER_MINUTE = 1.5
"""Factor of the number of chapters of m minutes: factor * m ** exponent; ten minutes have three, an hour six."""
LENGTH_EXPONENT = 0.33
"""Exponent of the number of chapters."""
WORDS_PER_MINUTE = 150
"""Words of a minute of talk."""
OPENER_WEIGHT = 0.15
"""Strength of the cue that a line begins like a chapter."""
TOPIC_CHANGE_WEIGHT = 0.6
"""Strength of the cue that a line announces another topic."""
PAUSE_WEIGHT = 0.3
"""Strength of the cue of a long pause."""
SPEAKER_CHANGE_WEIGHT = 0.1
"""Strength of the cue of a change of speaker."""
CUE_WEIGHT = 0.2
"""Weight of a cue, as a share of the mean cost of a chapter."""
MIN_CUE_PAUSE_MS = 2_500
"""Pause that is a cue."""


def expected_chapters(words: int) -> int:
    """Return the usual number of chapters of a text with this many words."""
    return (
        max(1, round(CHAPTERS_PER_MINUTE * (words / WORDS_PER_MINUTE) ** LENGTH_EXPONENT))
        if words >= 2 * MIN_CHAPTER_WORDS
        else 1
    )


def group_lines(lines: Sequence[TranscriptLine]) -> list[tuple[int, int]]:
    """Group lines into runs ``[first, end)`` of about ``UNIT_WORDS`` words."""
    unit_words = max(UNIT_WORDS, sum(line.words for line in lines) // MAX_UNITS)
    units, first, words = [], 0, 0
    for number, line in enumerate(lines):
        words += line.words
        if words >= unit_words or number + 1 == len(lines):
            units.append((first, number + 1))
            first, words = number + 1, 0
    return units


def find_chapter_starts(document: TranscriptText, vectors: Float32) -> list[int]:
    """Find the lines that chapters begin with, the first always 0. ``vectors``: one row a line."""
    lines = document.lines
    units = group_lines(lines)
    words = np.array([sum(line.words for line in lines[first:end]) for first, end in units])
    count = min(expected_chapters(int(words.sum())), len(units))
    if count < 2:
        return [0] if lines else []
    weights = np.array([line.words for line in lines], dtype=np.float32)[:, None]
    means = np.array(
        [(vectors[first:end] * weights[first:end]).sum(axis=0) / weights[first:end].sum() for first, end in units]
    )
    cues = np.array([_cue_strength(document, first) for first, _ in units])
    min_units = max(1, round(MIN_CHAPTER_WORDS * len(units) / int(words.sum())))
    cuts = find_best_cuts(means - means.mean(axis=0), cues, count, min_units)
    return [0, *(_refine_cut(document, units, cut) for cut in cuts)]


def find_best_cuts(rows: Float32, cues: Float32, count: int, min_rows: int) -> list[int]:
    """Find the ``count - 1`` cuts of least cost into parts of at least ``min_rows`` rows.

    Fewer cuts where that many parts do not fit.
    """
    size = len(rows)
    count = min(count, size // min_rows) or 1
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    sums = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows / np.where(length > 0, length, 1), axis=0)])
    bonus = cues * (size / count) * CUE_WEIGHT
    best_cost = np.full((count + 1, size + 1), np.inf)
    cut_before = np.zeros((count + 1, size + 1), dtype=np.int64)
    best_cost[0, 0] = 0.0
    for end in range(min_rows, size + 1):
        starts = np.arange(end - min_rows + 1)
        spread = (end - starts) - ((sums[end] - sums[starts]) ** 2).sum(axis=1) / (end - starts)
        costs = best_cost[:count, : len(starts)] + spread - np.where(starts > 0, bonus[starts], 0.0)
        chosen = costs.argmin(axis=1)
        best_cost[1:, end] = costs[np.arange(count), chosen]
        cut_before[1:, end] = chosen
    cuts, end = [], size
    for part in range(count, 1, -1):
        end = int(cut_before[part, end])
        cuts.append(end)
    return cuts[::-1]


def _cue_strength(document: TranscriptText, number: int) -> float:
    """Rate how likely a line begins a chapter, by what is said and how."""
    line = document.lines[number]
    if number == 0:
        return 0.0
    previous = document.lines[number - 1]
    strength = PAUSE_WEIGHT if line.start_ms - previous.end_ms >= MIN_CUE_PAUSE_MS else 0.0
    strength += SPEAKER_CHANGE_WEIGHT if line.speaker != previous.speaker else 0.0
    if speaks_english(line.language):
        strength += OPENER_WEIGHT if CHAPTER_OPENERS.match(line.text) else 0.0
        strength += TOPIC_CHANGE_WEIGHT if TOPIC_CHANGES.search(line.text) else 0.0
    return strength


def _refine_cut(document: TranscriptText, units: Sequence[tuple[int, int]], cut: int) -> int:
    """Move a cut between units to the nearby line that most likely begins a chapter."""
    first = max(1, units[cut - 1][0] + 1)
    middle = units[cut][0]
    candidates = range(first, min(len(document.lines), units[cut][1]))
    return max(
        candidates,
        key=lambda number: (_cue_strength(document, number) - 0.02 * abs(number - middle), -abs(number - middle)),
        default=middle,
    )
