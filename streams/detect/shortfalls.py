"""Reasons why a moment did not become a clip, and the nearest moments where none did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.common import TimeRange
from schemas.documents.moments import Moment, NearMoment, Shortfall
from streams.detect.selection import MIN_MATCH, MIN_SUPPORT, ScoredWindow, are_alike

MAX_NEAREST = 3
"""Moments that are named where there is no clip: a choice, not a list to read."""


@dataclass(frozen=True, kw_only=True)
class SelectionLimits:
    """Limits that a clip must reach in one video."""

    min_score: float
    """Minimum score."""
    best_score_limit: float
    """Score that is near enough to the best one's."""
    has_video: bool
    finalists: frozenset[TimeRange] | None = None
    """Ranges of the moments among which a model judged; None where it did not."""


def list_shortfalls(window: ScoredWindow, chosen: Sequence[ScoredWindow], limits: SelectionLimits) -> list[Shortfall]:
    """List everything that kept a moment from being selected; empty for a selected one.

    Where it reaches every limit, a better one stands in its way, or there is no room for more.
    """
    if any(window.range == clip.range for clip in chosen):
        return []
    shortfalls = _compare_limits(window, limits)
    return shortfalls or [_find_obstacle(window, chosen, limits)]


def _compare_limits(window: ScoredWindow, limits: SelectionLimits) -> list[Shortfall]:
    """List the limits that a window does not reach."""
    shortfalls = []
    if not limits.has_video:
        shortfalls.append(Shortfall(what="pictures", told="The recording has no pictures to make a clip of."))
    if window.support < MIN_SUPPORT:
        value, required = round(100 * window.support, 2), 100 * MIN_SUPPORT
        sentence = f"What stands out in it has {value:g} % of the weights, where {required:g} % are needed."
        shortfalls.append(Shortfall(what="support", told=sentence, value=value, needed=required))
    if window.asked is not None and window.asked < MIN_MATCH:
        value, required = round(100 * window.asked, 2), 100 * MIN_MATCH
        sentence = f"It comes {value:g} % near to what was asked for, where {required:g} % are needed."
        shortfalls.append(Shortfall(what="asked", told=sentence, value=value, needed=required))
    if window.score < limits.min_score:
        sentence = f"It scores {window.score:g} of 100, where {limits.min_score:g} are needed."
        shortfalls.append(Shortfall(what="score", told=sentence, value=window.score, needed=limits.min_score))
    elif window.score < limits.best_score_limit:
        required = round(limits.best_score_limit, 2)
        sentence = f"It scores {window.score:g} of 100, where {required:g} are near enough to the best one."
        shortfalls.append(Shortfall(what="near_best", told=sentence, value=window.score, needed=required))
    return shortfalls


def _find_obstacle(window: ScoredWindow, chosen: Sequence[ScoredWindow], limits: SelectionLimits) -> Shortfall:
    """Find which selected clip stands in its way, or that there is no room."""
    if any(window.range.overlap_ms(clip.range) for clip in chosen):
        return Shortfall(what="overlap", told="It overlaps a clip that was chosen before it.")
    if any(are_alike(window, clip) for clip in chosen):
        return Shortfall(what="alike", told="It says nearly the same as a clip that was chosen before it.")
    if limits.finalists is not None and window.range not in limits.finalists:
        return Shortfall(what="judged", told="A model judged the finalists, and it was none of them.")
    return Shortfall(what="room", told="There are as many clips as the video's length, or its options, have room for.")


def list_nearest(moments: Sequence[Moment]) -> list[NearMoment]:
    """List the moments that lack least, then those that score most; none overlaps another."""
    ordered = sorted(
        moments, key=lambda moment: (len(moment.lacks), -moment.score, moment.range.start_ms, moment.range.end_ms)
    )
    nearest: list[Moment] = []
    for moment in ordered:
        if len(nearest) < MAX_NEAREST and not any(moment.range.overlap_ms(nearer.range) for nearer in nearest):
            nearest.append(moment)
    return [
        NearMoment(
            moment_id=moment.id,
            start_ms=moment.range.start_ms,
            end_ms=moment.range.end_ms,
            score=moment.score,
            lacks=moment.lacks,
            title=moment.title,
        )
        for moment in nearest
    ]
