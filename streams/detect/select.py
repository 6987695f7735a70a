"""Which windows become clips: best first, none overlapping, alike, or below a gate. Never pads the number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.documents import SubScore
from schemas.media import TimeRange

MOST_CLIPS = 12
MIN_SCORE = 40.0
"""Below this a clip is not worth somebody's time, even where it is the best there is."""
MIN_QUIET_SCORE = 35.0
"""The same for video without speech, where half of the signals have nothing to say."""
MIN_SUPPORT = 0.05
"""Least weight, in the whole table, of the signals that stand out.

The score is a mean of what could be measured, so that weak signals alone may give a fair one. What has less than a
twentieth of the table (the cuts of a talk, its pace) is no reason for a clip by itself; several together may be.
"""
NEAR_BEST = 0.7
"""A clip must reach this share of the best one's score."""
ALIKE = 0.5
"""Two clips that share this much of their content words (Jaccard) say the same."""
SPEECH_PER_CLIP_MS = 50_000
QUIET_PER_CLIP_MS = 90_000


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A window with its score; ``content`` are the words that carry meaning, for telling repetitions."""

    range: TimeRange
    score: float
    confidence: float
    signals: Sequence[SubScore]
    support: float
    """Weight of the signals that stand out, in shares of the whole table of weights."""
    content: frozenset[str]


def clip_limit(*, spoken_ms: int, quiet_ms: int, asked: int | None) -> int:
    """The most clips a video may have: one for each 50 s of speech (90 s without), 12, and what was asked."""
    natural = math.ceil(spoken_ms / SPEECH_PER_CLIP_MS) if spoken_ms else math.ceil(quiet_ms / QUIET_PER_CLIP_MS)
    return max(0, min(natural, MOST_CLIPS, MOST_CLIPS if asked is None else asked))


def order(weighed: Sequence[Weighed]) -> list[Weighed]:
    """Best first; on a tie the surer, then the earlier, then the shorter."""
    return sorted(weighed, key=lambda one: (-one.score, -one.confidence, one.range.start_ms, one.range.end_ms))


def select(weighed: Sequence[Weighed], limit: int, min_score: float = MIN_SCORE) -> list[Weighed]:
    """The chosen ones, best first."""
    chosen: list[Weighed] = []
    ranked = order([one for one in weighed if one.support >= MIN_SUPPORT])
    for one in ranked:
        if len(chosen) >= limit or one.score < max(min_score, NEAR_BEST * ranked[0].score):
            break
        if not any(one.range.overlap_ms(other.range) or alike(one, other) for other in chosen):
            chosen.append(one)
    return chosen


def alike(one: Weighed, other: Weighed) -> bool:
    """Whether two windows say nearly the same; windows without words are never alike."""
    both = len(one.content | other.content)
    return both > 0 and len(one.content & other.content) / both >= ALIKE
