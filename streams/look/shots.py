"""From differences of sparse pictures to shot changes. Pure; says between which pictures a cut is, not where."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise

from schemas.documents import SeenPicture, ShotChange

CHANGE_MIN = 0.3
"""Least difference 0..1 of two sparse pictures of different shots."""
OVER_USUAL = 1.6
"""It also stands out of the span's usual difference by this factor: a moving camera changes every picture."""
SURE = 0.55
"""From this difference on it is a change, whatever is usual: fast edits cut between every two pictures."""


def find_shots(pictures: Sequence[SeenPicture]) -> list[ShotChange]:
    """Shot changes between neighbours of ``pictures`` (the first one's difference is not looked at)."""
    if len(pictures) < 2:
        return []
    usual = statistics.median(picture.difference for picture in pictures[1:])
    limit = min(SURE, max(CHANGE_MIN, OVER_USUAL * usual))
    return [
        ShotChange(at_ms=picture.at_ms, after_ms=before.at_ms, strength=round(picture.difference, 4))
        for before, picture in pairwise(pictures)
        if picture.difference >= limit
    ]
