"""Shot changes between sparse frames, and which of them to refine. Pure.

Two frames far apart show that something changed, not what or when. The strongest changes are decoded frame by frame,
within the budget of a span; the others stay inexact.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from schemas.common import TimeRange
from schemas.documents.scene import Transition
from schemas.documents.span import ShotChange

SparseFrame = tuple[int, float, float]
"""Time in ms, brightness 0..255, difference 0..1 to the last frame."""

MIN_CHANGE_RATIO = 0.5
"""Minimum difference 0..1 of two sparse frames of different shots.

True cuts of the shared talks measure 0.56 to 0.92 a second apart. A camera that pans for a second reaches 0.5 too and
passes for a cut beyond the budget; frame, where it matters, analyses every frame.
"""
MARGIN_MS = 320
"""Frames behind a range that are decoded too: a change at its end needs both its sides.

There are none before it: the range begins at a frame where the decoder can start, and any earlier one would cost all
frames from the last key frame.
"""
FULL_HD_PX = 1920 * 1080
MAX_REFINED_SHARE = 0.04
"""Maximum share of a span that is decoded again, in full HD: 0.5 CPU-s of a span of 150 s."""


def find_changes(pictures: Sequence[SparseFrame]) -> list[ShotChange]:
    """Find between which neighbours the shot changes; the first one's difference is ignored."""
    return [
        ShotChange(at_ms=at_ms, after_ms=before[0], strength=round(difference, 4))
        for before, (at_ms, _, difference) in pairwise(pictures)
        if difference >= MIN_CHANGE_RATIO
    ]


def select_changes(changes: Sequence[ShotChange], *, span_ms: int, pixels: int) -> list[ShotChange]:
    """Select the strongest changes that the budget can refine, in order of time."""
    left_ms = MAX_REFINED_SHARE * span_ms * FULL_HD_PX / max(1, pixels)
    chosen = []
    for change in sorted(changes, key=lambda change: (-change.strength, change.at_ms)):
        cost_ms = refinement_range(change).length_ms
        if cost_ms <= left_ms:
            left_ms -= cost_ms
            chosen.append(change)
    return sorted(chosen, key=lambda change: change.at_ms)


def refinement_range(change: ShotChange) -> TimeRange:
    """Return the range to decode for a change."""
    return TimeRange(start_ms=change.after_ms, end_ms=change.at_ms + MARGIN_MS)


def refine_change(change: ShotChange, transitions: Sequence[Transition]) -> list[ShotChange]:
    """Replace a change by the transitions in its range; none where the camera moved."""
    return [
        ShotChange(
            at_ms=transition.at_ms,
            after_ms=max(change.after_ms, min(transition.range.start_ms, transition.at_ms - 1)),
            strength=transition.strength,
            kind=transition.kind,
            exact=True,
        )
        for transition in transitions
        if change.after_ms < transition.at_ms <= change.at_ms
    ]


def unrefined_ranges(changes: Sequence[ShotChange]) -> list[TimeRange]:
    """Return ranges with a change that was not refined."""
    return [TimeRange(start_ms=change.after_ms, end_ms=change.at_ms) for change in changes if not change.exact]
