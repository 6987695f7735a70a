"""From differences of sparse pictures to shot changes, and which of them to look at closely. Pure; opens nothing.

Two pictures far apart say that something changed between them, not what or when. The strongest changes are decoded
picture by picture, as many as a span may cost; the others stay as they are, and are said to be inexact.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from schemas.common import TimeRange
from schemas.documents.scene import Transition
from schemas.documents.span import ShotChange

SparseFrame = tuple[int, float, float]
"""Time in ms, brightness 0..255, difference 0..1 to the picture before."""

MIN_CHANGE_RATIO = 0.5
"""Least difference 0..1 of two sparse pictures of different shots.

True cuts of the shared talks measure 0.56 to 0.92 a second apart; a camera that pans for a second reaches 0.5 too and
passes for a cut where the budget does not reach; where it matters, frame looks at every picture.
"""
MARGIN_MS = 320
"""Pictures behind a stretch that are looked at too: a change at its end needs both its sides.

None before it: it begins with a picture that the decoder can start at, and any before would cost all from the key
picture before that.
"""
FULL_HD_PX = 1920 * 1080
MAX_REFINED_SHARE = 0.04
"""Share of a span's length that may be decoded again, in full HD: 0.5 CPU-s of a span of 150 s."""


def find_changes(pictures: Sequence[SparseFrame]) -> list[ShotChange]:
    """Between which neighbours a shot changes (the first one's difference is not looked at)."""
    return [
        ShotChange(at_ms=at_ms, after_ms=before[0], strength=round(difference, 4))
        for before, (at_ms, _, difference) in pairwise(pictures)
        if difference >= MIN_CHANGE_RATIO
    ]


def select_changes(found: Sequence[ShotChange], *, span_ms: int, pixels: int) -> list[ShotChange]:
    """The strongest changes whose stretches together are short enough to be decoded; in order of time."""
    left_ms = MAX_REFINED_SHARE * span_ms * FULL_HD_PX / max(1, pixels)
    chosen = []
    for change in sorted(found, key=lambda one: (-one.strength, one.at_ms)):
        cost_ms = refinement_range(change).length_ms
        if cost_ms <= left_ms:
            left_ms -= cost_ms
            chosen.append(change)
    return sorted(chosen, key=lambda one: one.at_ms)


def refinement_range(change: ShotChange) -> TimeRange:
    """What to decode for a change."""
    return TimeRange(start_ms=change.after_ms, end_ms=change.at_ms + MARGIN_MS)


def refine_change(change: ShotChange, transitions: Sequence[Transition]) -> list[ShotChange]:
    """What a close look made of a change: the transitions in its stretch, or nothing where the camera moved."""
    return [
        ShotChange(
            at_ms=one.at_ms,
            after_ms=max(change.after_ms, min(one.range.start_ms, one.at_ms - 1)),
            strength=one.strength,
            kind=one.kind,
            exact=True,
        )
        for one in transitions
        if change.after_ms < one.at_ms <= change.at_ms
    ]


def unrefined_ranges(found: Sequence[ShotChange]) -> list[TimeRange]:
    """Stretches in which something changed that nobody looked at closely."""
    return [TimeRange(start_ms=one.after_ms, end_ms=one.at_ms) for one in found if not one.exact]
