"""Plan the spans of a time line: cut in the middle of a silence where one is near. Pure.

The same levels and rules always give the same plan.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.settings import SpanRules
from schemas.common import TimeRange, Value

LEVEL_STEP_MS = 20
"""Length of one level: shorter than any pause between words, long enough for one period of a low voice."""
MIN_SILENCE_MS = 200
"""Shortest silence that is cut in: pauses inside a word (stops before p, t, k) last up to 150 ms."""
MAX_ABOVE_FLOOR_DB = 9.0
"""Silence is at most this far above the quietest tenth of its surroundings: room noise varies that much."""
MIN_BELOW_SPEECH_DB = 12.0
"""Silence is at least this far below the loud parts; otherwise a steady hum would be all silence."""
MIN_THRESHOLD_DB = -65.0
"""Sound below this level is always silence."""
DISTANCE_MS_PER_SILENCE_MS = 30.0
"""Milliseconds from the target that a cut may lie further away for each millisecond more of silence."""


class PlannedSpan(Value, frozen=True, kw_only=True):
    """One span: ``range`` is its own part of the time line, ``padded`` what its audio covers.

    Neighbouring ranges touch. Where there was no silence to cut in, their audio overlaps by more, half on either
    side of the cut, and the overlap merge decides by word time.
    """

    ordinal: int
    range: TimeRange
    padded: TimeRange


def plan_spans(duration_ms: int, levels_db: NDArray[np.float32] | None, rules: SpanRules) -> list[PlannedSpan]:
    """Plan spans that cover ``[0, duration_ms)``.

    ``levels_db``: loudness of each ``LEVEL_STEP_MS`` in dBFS, shape (n,); None without sound, then cuts fall by
    time.
    """
    cuts = list(_find_cuts(duration_ms, levels_db, rules))
    edges = [(0, True), *cuts, (duration_ms, True)]
    spans = []
    for ordinal, ((start_ms, starts_silent), (end_ms, ends_silent)) in enumerate(pairwise(edges)):
        span_range = TimeRange(start_ms=start_ms, end_ms=end_ms)
        padded = TimeRange(
            start_ms=max(0, start_ms - _padding_ms(rules, silent=starts_silent)),
            end_ms=min(duration_ms, end_ms + _padding_ms(rules, silent=ends_silent)),
        )
        spans.append(PlannedSpan(ordinal=ordinal, range=span_range, padded=padded))
    return spans


def _padding_ms(rules: SpanRules, *, silent: bool) -> int:
    """Audio beyond an edge of a span: more where the cut is not silent."""
    return rules.padding_ms + (0 if silent else rules.overlap_ms // 2)


def _find_cuts(duration_ms: int, levels_db: NDArray[np.float32] | None, rules: SpanRules) -> list[tuple[int, bool]]:
    """Find the cuts: time in ms, and whether nothing is lost by cutting there exactly."""
    cuts: list[tuple[int, bool]] = []
    span_start_ms = 0
    # What is left then fits into one span, with as much to spare as a cut may be moved by.
    while duration_ms - span_start_ms > rules.target_ms + rules.search_ms:
        target_ms = span_start_ms + rules.target_ms
        silence_ms = None if levels_db is None else find_quietest_cut(levels_db, target_ms, rules.search_ms)
        # Without sound no word can be cut in two, wherever the cut lies.
        cuts.append((target_ms, levels_db is None) if silence_ms is None else (silence_ms, True))
        span_start_ms = cuts[-1][0]
    return cuts


def find_quietest_cut(levels_db: NDArray[np.float32], target_ms: int, search_ms: int) -> int | None:
    """Return the middle of the best silence within ``search_ms`` of the target; None without any.

    The best is long and near.
    """
    first = max(0, (target_ms - search_ms) // LEVEL_STEP_MS)
    window = levels_db[first : (target_ms + search_ms) // LEVEL_STEP_MS]
    if len(window) == 0:
        return target_ms  # The sound ended before: no word can be cut in two.
    best: tuple[float, int] | None = None
    for start, end in find_silent_runs(window):
        middle_ms = (first + start) * LEVEL_STEP_MS + (end - start) * LEVEL_STEP_MS // 2
        score = (end - start) * LEVEL_STEP_MS - abs(middle_ms - target_ms) / DISTANCE_MS_PER_SILENCE_MS
        if best is None or score > best[0]:
            best = (score, middle_ms)
    return None if best is None else best[1]


def find_silent_runs(levels_db: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Find runs ``[start, end)`` of levels that are silent for their surroundings.

    None is shorter than ``MIN_SILENCE_MS``.
    """
    floor, loud = np.percentile(levels_db, (10, 90))
    threshold = max(MIN_THRESHOLD_DB, min(float(floor) + MAX_ABOVE_FLOOR_DB, float(loud) - MIN_BELOW_SPEECH_DB))
    quiet = np.concatenate(([False], levels_db <= threshold, [False]))
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, end) for start, end in runs if (end - start) * LEVEL_STEP_MS >= MIN_SILENCE_MS]
