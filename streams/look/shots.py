"""From differences of sparse pictures to shot changes. Pure; says between which pictures a cut is, not where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from schemas.documents import SeenPicture, ShotChange

CHANGE_MIN = 0.5
"""Least difference 0..1 of two sparse pictures of different shots.

True cuts of the shared talks measure 0.56 to 0.92 a second apart; a camera that pans for a second reaches 0.5 too and
may pass for a cut: where it matters, frame looks at every picture.
"""


def find_shots(pictures: Sequence[SeenPicture]) -> list[ShotChange]:
    """Shot changes between neighbours of ``pictures`` (the first one's difference is not looked at)."""
    return [
        ShotChange(at_ms=picture.at_ms, after_ms=before.at_ms, strength=round(picture.difference, 4))
        for before, picture in pairwise(pictures)
        if picture.difference >= CHANGE_MIN
    ]
