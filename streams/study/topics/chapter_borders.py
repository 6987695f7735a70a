"""Rate the places where a chapter may begin, by subject, speakers and phrases. Pure.

The weights are fitted on public meetings and speeches (``chapter_borders.json``), by
``benchmarks/ranking/chapter_training.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from core.ports.models import Float32
from streams.study.discourse_patterns import CHAPTER_CLOSINGS, CHAPTER_OPENINGS, speaks_english
from streams.study.topics.topic_tokens import compute_tfidf
from streams.study.transcript_text import TranscriptLine, TranscriptText

Rows = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

SUBJECT_BLOCKS_WORDS = (100, 250, 600)
"""Words before and after a border whose meanings and terms are compared."""
TERM_BUCKETS = 512
"""Buckets of the terms that are compared: bounds the memory that hours of speech take."""
SPEAKER_BLOCK_WORDS = 100
"""Words before and after a border whose speakers are compared."""
CLOSING_WORDS = 30
"""Words before a border in which a chapter is closed."""
OPENING_WORDS = 20
"""Words after a border in which a chapter is announced."""
CLOSING_PAUSE_MS = 2_500
"""Pause that counts as a closing; not fitted: the meetings that the weights are from have no times."""
MAX_TURN_WORDS = 450
"""Words of a turn after which a chapter may begin inside of it, about three minutes: in the meetings none does."""
FEATURES = (
    *(f"subject_change_{words}" for words in SUBJECT_BLOCKS_WORDS),
    "speaker_change",
    "closing_before",
    "opening_after",
)
"""Columns of `measure_borders`."""


class BorderModel(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted weights of borders and lengths; `find_chapter_starts` says how they are used."""

    weights: dict[str, float]
    """Weight of each of ``FEATURES``, in log odds."""
    border_cost: float
    """What a border must add, in log odds above the text's mean."""
    length_weight: float
    """Penalty of a chapter's squared log length, compared with the usual one."""
    chapters: float
    """Usual number of chapters of `MODEL_WORDS` words."""
    length_exponent: float
    """Growth of that number with the words of a text."""
    trained_on: list[str]
    """Names of the texts: meetings of QMSum, and talks joined of presidents' speeches."""


@cache
def read_border_model() -> BorderModel:
    """Read the fitted weights."""
    body = resources.files(__package__).joinpath("chapter_borders.json").read_bytes()
    return msgspec.json.decode(body, type=BorderModel)


def list_candidates(lines: Sequence[TranscriptLine]) -> Numbers:
    """List the lines that a chapter may begin with, shape (n,), never the first line.

    Of several speakers: each turn, and each sentence far into a long turn. Of one speaker: each sentence.
    """
    has_turns = len({line.speaker for line in lines}) > 1
    candidates, turn_words = [], 0
    for number, (previous, line) in enumerate(pairwise(lines), 1):
        turn_words += previous.words
        if line.speaker != previous.speaker:
            turn_words = 0
        if not has_turns or not 0 < turn_words < MAX_TURN_WORDS:
            candidates.append(number)
    return np.array(candidates, dtype=np.int64)


def rate_borders(rows: Rows, model: BorderModel) -> Rows:
    """Rate candidates by their features (n, features), in log odds above the text's mean, shape (n,)."""
    ratings = rows @ np.array([model.weights[name] for name in FEATURES])
    return np.asarray(ratings - ratings.mean())


def measure_borders(document: TranscriptText, vectors: Float32, candidates: Numbers) -> Rows:
    """Measure ``FEATURES`` of candidates, shape (n, features).

    Changes are standard scores within the text, so they mean the same with any sentence model; cues are 0 or 1.
    """
    lines = document.lines
    words = np.array([line.words for line in lines], dtype=np.float64)[:, None]
    places = np.concatenate([[0.0], np.cumsum(words)])
    meanings = _sum_centred(vectors, words)
    terms = _sum_centred(compute_tfidf([line.text for line in lines], TERM_BUCKETS), words)
    columns = []
    for block_words in SUBJECT_BLOCKS_WORDS:
        changes = [
            _standardise(_compare_blocks(*_sum_blocks(sums, places, candidates, block_words)))
            for sums in (meanings, terms)
        ]
        columns.append((changes[0] + changes[1]) / 2)
    speakers = _sum_rows(_one_hot([line.speaker for line in lines]) * words)
    before, after = _sum_blocks(speakers, places, candidates, SPEAKER_BLOCK_WORDS)
    shares = before / before.sum(axis=1, keepdims=True) - after / after.sum(axis=1, keepdims=True)
    columns.append(_standardise(np.abs(shares).sum(axis=1)))
    closings, openings = _find_cues(lines)
    columns.append(np.sign(_sum_blocks(_sum_rows(closings), places, candidates, CLOSING_WORDS)[0][:, 0]))
    columns.append(np.sign(_sum_blocks(_sum_rows(openings), places, candidates, OPENING_WORDS)[1][:, 0]))
    return np.stack(columns, axis=1)


def _find_cues(lines: Sequence[TranscriptLine]) -> tuple[Rows, Rows]:
    """Find the lines that close a chapter, and those that announce one; shape (lines, 1) each, 0 or 1."""
    english = [speaks_english(line.language) for line in lines]
    closings = [
        bool(is_english and CHAPTER_CLOSINGS.search(line.text)) for is_english, line in zip(english, lines, strict=True)
    ]
    openings = [
        bool(is_english and CHAPTER_OPENINGS.search(line.text)) for is_english, line in zip(english, lines, strict=True)
    ]
    for number, (line, following) in enumerate(pairwise(lines)):
        closings[number] |= following.start_ms - line.end_ms >= CLOSING_PAUSE_MS
    return np.array(closings, dtype=np.float64)[:, None], np.array(openings, dtype=np.float64)[:, None]


def _one_hot(speakers: Sequence[str | None]) -> Rows:
    """Mark the speaker of each line, shape (lines, speakers)."""
    names = sorted({speaker or "" for speaker in speakers})
    return np.array([[name == (speaker or "") for name in names] for speaker in speakers], dtype=np.float64)


def _sum_rows(rows: Rows) -> Rows:
    """Sum the rows before each row, shape (rows + 1, columns)."""
    return np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])


def _sum_centred(rows: Float32, words: Rows) -> Rows:
    """Sum the rows, less their mean, by their words, as `_sum_rows`."""
    return _sum_rows((rows - (rows * words).sum(axis=0) / words.sum()) * words)


def _sum_blocks(sums: Rows, places: Rows, candidates: Numbers, block_words: int) -> tuple[Rows, Rows]:
    """Sum the lines within some words before and after each candidate, at least one line each.

    ``places``: the words before each line and, last, of the whole text.
    """
    borders = places[candidates]
    first = np.minimum(np.searchsorted(places, borders - block_words), candidates - 1)
    end = np.maximum(np.searchsorted(places, borders + block_words, side="right") - 1, candidates + 1)
    return sums[candidates] - sums[first], sums[end] - sums[candidates]


def _compare_blocks(before: Rows, after: Rows) -> Rows:
    """Compare blocks row by row: -1 the same direction, 1 the opposite, shape (rows,)."""
    return np.asarray(-(_normalise(before) * _normalise(after)).sum(axis=1))


def _normalise(rows: Rows) -> Rows:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _standardise(column: Rows) -> Rows:
    deviation = float(column.std())
    return np.asarray((column - column.mean()) / (deviation if deviation > 1e-9 else 1.0))
