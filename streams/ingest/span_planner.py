"""Where the time line is cut into spans: in the middle of a silence where there is one. Pure; never reads a sample.

The same levels and rules always give the same plan.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.settings import SpanRules
from schemas.common import TimeRange, Value

STEP_MS = 20
"""Length of one level. Shorter than any pause between words, long enough for one period of a low voice."""
SHORTEST_SILENCE_MS = 200
"""Pauses inside a word (stops before p, t, k) last up to 150 ms."""
ABOVE_FLOOR_DB = 9.0
"""What still counts as silence above the quietest tenth of the surroundings: room noise varies that much."""
BELOW_SPEECH_DB = 12.0
"""What counts as silence lies at least this far under the loud parts, else a steady hum would be all silence."""
ABSOLUTE_SILENCE_DB = -65.0
MS_AWAY_PER_MS_LONGER = 30.0
"""A silence 1 ms longer is worth a cut this many ms further from the target."""


class PlannedSpan(Value, frozen=True, kw_only=True):
    """One span: ``range`` is what it is responsible for, ``padded`` what its audio covers.

    Neighbouring ranges touch. Where no silence could be cut their sound overlaps by more, half on either side of the
    seam, and whoever merges them decides by word time.
    """

    ordinal: int
    range: TimeRange
    padded: TimeRange


def plan_spans(duration_ms: int, levels_db: NDArray[np.float32] | None, rules: SpanRules) -> list[PlannedSpan]:
    """Spans that cover ``[0, duration_ms)``.

    ``levels_db``: loudness of each ``STEP_MS`` in dBFS, shape (n,); None without sound, then cuts fall by time.
    """
    seams = list(_seams(duration_ms, levels_db, rules))
    edges = [(0, True), *seams, (duration_ms, True)]
    spans = []
    for ordinal, ((start_ms, starts_silent), (end_ms, ends_silent)) in enumerate(pairwise(edges)):
        own = TimeRange(start_ms=start_ms, end_ms=end_ms)
        padded = TimeRange(
            start_ms=max(0, start_ms - _padding(rules, silent=starts_silent)),
            end_ms=min(duration_ms, end_ms + _padding(rules, silent=ends_silent)),
        )
        spans.append(PlannedSpan(ordinal=ordinal, range=own, padded=padded))
    return spans


def _padding(rules: SpanRules, *, silent: bool) -> int:
    return rules.padding_ms + (0 if silent else rules.overlap_ms // 2)


def _seams(duration_ms: int, levels_db: NDArray[np.float32] | None, rules: SpanRules) -> list[tuple[int, bool]]:
    """(ms, whether nothing is lost by cutting there exactly) of each cut."""
    seams: list[tuple[int, bool]] = []
    start = 0
    while duration_ms - start > rules.target_ms + rules.search_ms:
        target = start + rules.target_ms
        silence = None if levels_db is None else quietest_cut(levels_db, target, rules.search_ms)
        seams.append((target, levels_db is None) if silence is None else (silence, True))
        start = seams[-1][0]
    return seams


def quietest_cut(levels_db: NDArray[np.float32], target_ms: int, search_ms: int) -> int | None:
    """Middle of the best silence within ``search_ms`` of ``target_ms``: long, and near; None when there is none."""
    first = max(0, (target_ms - search_ms) // STEP_MS)
    window = levels_db[first : (target_ms + search_ms) // STEP_MS]
    if len(window) == 0:
        return target_ms  # the sound ended before: nothing can be cut apart
    best: tuple[float, int] | None = None
    for start, end in silences(window):
        middle_ms = (first + start) * STEP_MS + (end - start) * STEP_MS // 2
        worth = (end - start) * STEP_MS - abs(middle_ms - target_ms) / MS_AWAY_PER_MS_LONGER
        if best is None or worth > best[0]:
            best = (worth, middle_ms)
    return None if best is None else best[1]


def silences(levels_db: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Runs ``[start, end)`` of levels that are silent for their surroundings, none under ``SHORTEST_SILENCE_MS``."""
    floor, loud = np.percentile(levels_db, (10, 90))
    threshold = max(ABSOLUTE_SILENCE_DB, min(float(floor) + ABOVE_FLOOR_DB, float(loud) - BELOW_SPEECH_DB))
    quiet = np.concatenate(([False], levels_db <= threshold, [False]))
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, end) for start, end in runs if (end - start) * STEP_MS >= SHORTEST_SILENCE_MS]
