"""What keeps a moment from becoming a clip by itself, and which came nearest where none did. Pure; chooses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.documents.moments import Moment, NearMoment, Shortfall
from streams.detect.selection import LEAST_ASKED, MIN_SUPPORT, Weighed, alike

MOST_NEAREST = 3
"""Moments that are named where there is no clip: a choice, not a list to read."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What a clip must reach in one video."""

    least: float
    """Minimum score."""
    near_best: float
    """Score that is near enough to the best one's."""
    has_video: bool


def lacks(one: Weighed, chosen: Sequence[Weighed], bar: Bar) -> list[Shortfall]:
    """Everything that kept a moment from being chosen; empty for one that was.

    Where it reaches every bar, a better one stands in its way, or there is no room for more.
    """
    if any(one.range == other.range for other in chosen):
        return []
    found = _below(one, bar)
    return found or [_in_the_way(one, chosen)]


def _below(one: Weighed, bar: Bar) -> list[Shortfall]:
    found = []
    if not bar.has_video:
        found.append(Shortfall(what="pictures", told="The recording has no pictures to make a clip of."))
    if one.support < MIN_SUPPORT:
        value, needed = round(100 * one.support, 2), 100 * MIN_SUPPORT
        told = f"What stands out in it has {value:g} % of the weights, where {needed:g} % are needed."
        found.append(Shortfall(what="support", told=told, value=value, needed=needed))
    if one.asked is not None and one.asked < LEAST_ASKED:
        value, needed = round(100 * one.asked, 2), 100 * LEAST_ASKED
        told = f"It comes {value:g} % near to what was asked for, where {needed:g} % are needed."
        found.append(Shortfall(what="asked", told=told, value=value, needed=needed))
    if one.score < bar.least:
        told = f"It scores {one.score:g} of 100, where {bar.least:g} are needed."
        found.append(Shortfall(what="score", told=told, value=one.score, needed=bar.least))
    elif one.score < bar.near_best:
        needed = round(bar.near_best, 2)
        told = f"It scores {one.score:g} of 100, where {needed:g} are near enough to the best one."
        found.append(Shortfall(what="near_best", told=told, value=one.score, needed=needed))
    return found


def _in_the_way(one: Weighed, chosen: Sequence[Weighed]) -> Shortfall:
    if any(one.range.overlap_ms(other.range) for other in chosen):
        return Shortfall(what="overlap", told="It overlaps a clip that was chosen before it.")
    if any(alike(one, other) for other in chosen):
        return Shortfall(what="alike", told="It says nearly the same as a clip that was chosen before it.")
    return Shortfall(what="room", told="There are as many clips as the video's length, or its options, have room for.")


def nearest(moments: Sequence[Moment]) -> list[NearMoment]:
    """The moments that lack least, then those that score most; none overlaps another."""
    ordered = sorted(moments, key=lambda one: (len(one.lacks), -one.score, one.range.start_ms, one.range.end_ms))
    kept: list[Moment] = []
    for one in ordered:
        if len(kept) < MOST_NEAREST and not any(one.range.overlap_ms(other.range) for other in kept):
            kept.append(one)
    return [
        NearMoment(
            moment_id=one.id,
            start_ms=one.range.start_ms,
            end_ms=one.range.end_ms,
            score=one.score,
            lacks=one.lacks,
            title=one.title,
        )
        for one in kept
    ]
