"""Which windows become clips: the best that differ, none overlapping or below a gate. Never pads the number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.moments import SubScore
from schemas.options.project import ProjectOptions

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
NEAR_BEST = 0.6
"""A clip must reach this share of the best one's score.

The middle of a video scores 50, its best 75 to 90: a larger share would leave a short talk with one or two clips, and
people who got so few rarely came back.
"""
ALIKE = 0.5
"""Two clips that share this much of their content words (Jaccard) say the same."""
SPEECH_PER_CLIP_MS = 50_000
QUIET_PER_CLIP_MS = 90_000


LEAST_ASKED = 0.3
"""What was asked for must be at least so near (see ``signals_sense.match``): a clip of something else is no answer."""
VARIETY = 0.25
"""How much being like a chosen clip counts against a candidate, beside its own score (maximal marginal relevance)."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A window with its score; ``content`` are the words that carry meaning, for telling repetitions."""

    range: TimeRange
    score: float
    confidence: float
    signals: Sequence[SubScore]
    support: float
    """Weight of the features that stand out, in shares of the whole table of weights."""
    content: frozenset[str]
    direction: NDArray[np.float32] | None = None
    """Where its meaning lies, less what the whole video is about; unit length. None where nothing is said."""
    asked: float | None = None
    """How near it comes to what was asked for; None where nothing was."""


def clip_limit(*, spoken_ms: int, quiet_ms: int, options: ProjectOptions) -> int:
    """The most clips a video may have: one for each 50 s of speech (90 s without), 12, or what was asked for.

    A number that is aimed at may go beyond 12, never beyond what the video's length holds.
    """
    natural = math.ceil(spoken_ms / SPEECH_PER_CLIP_MS) if spoken_ms else math.ceil(quiet_ms / QUIET_PER_CLIP_MS)
    if options.target_clips is not None:
        room = math.ceil((spoken_ms or quiet_ms) / max(1, options.min_clip_ms))
        aimed = min(options.target_clips, room)
    else:
        aimed = min(natural, MOST_CLIPS)
    return max(0, aimed if options.max_clips is None else min(aimed, options.max_clips))


def order(weighed: Sequence[Weighed]) -> list[Weighed]:
    """Best first; on a tie the surer, then the earlier, then the shorter."""
    return sorted(weighed, key=lambda one: (-one.score, -one.confidence, one.range.start_ms, one.range.end_ms))


def fit(weighed: Sequence[Weighed]) -> list[Weighed]:
    """Those that may be a clip whatever they score, best first: something stands out, and it is what was asked for."""
    return order(
        [one for one in weighed if one.support >= MIN_SUPPORT and (one.asked is None or one.asked >= LEAST_ASKED)]
    )


def select(
    weighed: Sequence[Weighed], limit: int, min_score: float = MIN_SCORE, near_best: float = NEAR_BEST
) -> list[Weighed]:
    """The chosen ones, best first: each is the best of what is left when likeness to the chosen is taken off."""
    able = fit(weighed)
    if not able:
        return []
    least = max(min_score, near_best * able[0].score)
    left = [one for one in able if one.score >= least]
    likeness = [0.0] * len(left)
    chosen: list[Weighed] = []
    while left and len(chosen) < limit:
        at = max(range(len(left)), key=lambda place: (_worth(left[place], likeness[place]), -place))
        newest = left[at]
        chosen.append(newest)
        pairs = [
            (one, max(near, _like(one, newest)))
            for one, near in zip(left, likeness, strict=True)
            if not one.range.overlap_ms(newest.range) and not alike(one, newest)
        ]
        left, likeness = [one for one, _ in pairs], [near for _, near in pairs]
    return order(chosen)


def _worth(one: Weighed, likeness: float) -> float:
    return (1.0 - VARIETY) * one.score - VARIETY * 100.0 * likeness


def _like(one: Weighed, other: Weighed) -> float:
    if one.direction is None or other.direction is None:
        return 0.0
    return max(0.0, float(one.direction @ other.direction))


def alike(one: Weighed, other: Weighed) -> bool:
    """Whether two windows say nearly the same; windows without words are never alike."""
    both = len(one.content | other.content)
    return both > 0 and len(one.content & other.content) / both >= ALIKE
