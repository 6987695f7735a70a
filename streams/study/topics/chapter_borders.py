"""Rate the lines that a chapter may begin with, by who speaks and by phrases around them. Pure.

The weights are fitted by ``python -m benchmarks.ranking.chapter_training``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from streams.study.discourse_patterns import CHAPTER_CLOSINGS, CHAPTER_OPENINGS, TOPIC_CHANGES, speaks_english
from streams.study.transcript_text import TranscriptLine

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float64]

MAX_TURN_WORDS = 150
"""Words of a turn behind which a chapter may begin at any of its sentences."""
MAX_CANDIDATES = 1500
"""Most lines that are compared: in a very long text the best rated one of each run of words."""
SPEAKER_BLOCKS_WORDS = (150, 400)
"""Words before and after a line whose speakers are compared."""
OPENING_WORDS = 40
"""Words from a line on in which an opening counts."""
CLOSING_WORDS = 40
"""Words before a line in which a closing counts."""
CHANGE_WORDS = 25
"""Words from a line on in which a change of topic counts."""
BORDER_WEIGHTS = MappingProxyType(
    {"speakers_150": 0.266, "speakers_400": 0.344, "opening": 0.778, "closing": 0.652, "topic_change": 0.166}
)
"""Weight of each column of `measure_borders`, in log odds."""


def list_candidates(lines: Sequence[TranscriptLine]) -> Numbers:
    """List the lines that a chapter may begin with, shape (n,), never the first line.

    Of several speakers: each turn, and each sentence far into a long turn. Of one speaker: each sentence.
    """
    has_turns = len({line.speaker for line in lines}) > 1
    candidates, turn_words = [], 0
    for number, (previous, line) in enumerate(pairwise(lines), 1):
        turn_words = turn_words + previous.words if line.speaker == previous.speaker else 0
        if not has_turns or turn_words == 0 or turn_words >= MAX_TURN_WORDS:
            candidates.append(number)
    return np.array(candidates, dtype=np.int64)


def rate_borders(lines: Sequence[TranscriptLine], candidates: Numbers) -> Rows:
    """Rate candidates in log odds above the text's mean, shape (n,)."""
    ratings = measure_borders(lines, candidates) @ np.array([*BORDER_WEIGHTS.values()])
    return np.asarray(ratings - ratings.mean())


def thin_out(candidates: Numbers, ratings: Rows, places: Numbers) -> tuple[Numbers, Rows]:
    """Keep at most `MAX_CANDIDATES`. ``places``: the words before each line and, last, of the whole text."""
    if len(candidates) <= MAX_CANDIDATES:
        return candidates, ratings
    runs = places[candidates] * MAX_CANDIDATES // places[-1]
    order = np.lexsort((candidates, -ratings, runs))
    _, firsts = np.unique(runs[order], return_index=True)
    best_rated = order[firsts]
    return candidates[best_rated], ratings[best_rated]


def measure_borders(lines: Sequence[TranscriptLine], candidates: Numbers) -> Rows:
    """Measure candidates, shape (n, columns of `BORDER_WEIGHTS`).

    Changes of speakers are standard scores within the text, phrases are 0 or 1, and 0 in
    other languages than English.
    """
    words = np.array([line.words for line in lines], dtype=np.float64)[:, None]
    places = sum_rows(words)[:, 0]
    names = sorted({line.speaker or "" for line in lines})
    spoken = sum_rows(np.array([[name == (line.speaker or "") for name in names] for line in lines]) * words)
    columns = []
    for block_words in SPEAKER_BLOCKS_WORDS:
        before, after = _sum_blocks(spoken, places, candidates, block_words)
        shares = before / before.sum(axis=1, keepdims=True) - after / after.sum(axis=1, keepdims=True)
        columns.append(_standardise(np.abs(shares).sum(axis=1)))
    openings, closings, changes = (
        _find_lines(lines, pattern) for pattern in (CHAPTER_OPENINGS, CHAPTER_CLOSINGS, TOPIC_CHANGES)
    )
    after_openings = _sum_blocks(openings, places, candidates, OPENING_WORDS)[1]
    before_closings = _sum_blocks(closings, places, candidates, CLOSING_WORDS)[0]
    after_changes = _sum_blocks(changes, places, candidates, CHANGE_WORDS)[1]
    columns += [np.sign(counts[:, 0]) for counts in (after_openings, before_closings, after_changes)]
    return np.stack(columns, axis=1)


def sum_rows(rows: Rows) -> Rows:
    """Sum the rows before each row and, last, all of them; shape (rows + 1, columns)."""
    return np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])


def _find_lines(lines: Sequence[TranscriptLine], pattern: re.Pattern[str]) -> Rows:
    """Count the English lines with a phrase before each line, as `sum_rows`."""
    flags = [[float(speaks_english(line.language) and bool(pattern.search(line.text)))] for line in lines]
    return sum_rows(np.array(flags))


def _sum_blocks(sums: Rows, places: Rows, candidates: Numbers, block_words: int) -> tuple[Rows, Rows]:
    """Sum the lines within some words before and after each candidate, at least one line each."""
    candidate_places = places[candidates]
    first = np.minimum(np.searchsorted(places, candidate_places - block_words), candidates - 1)
    end = np.maximum(np.searchsorted(places, candidate_places + block_words, side="right") - 1, candidates + 1)
    return sums[candidates] - sums[first], sums[end] - sums[candidates]


def _standardise(column: Rows) -> Rows:
    deviation = float(column.std())
    return np.asarray((column - column.mean()) / (deviation if deviation > 1e-9 else 1.0))
