"""Hard cuts between measured pictures, exact to the picture; never a flash. Pure arithmetic."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.documents.scene import TransitionKind

Floats = NDArray[np.float32]

CUT_MIN = 0.22
"""Least difference (``sight.luma.difference``, 0..1) of a cut; the weakest true one measured was 0.31."""
CUT_MAX_LIKENESS = 0.88
"""Blocks that correlate more are the same scene with other light or a caption on it."""
CUT_OVER_NEIGHBOURS = 2.6
"""A cut stands out of the pictures around it by this factor; fast motion does not."""
NEIGHBOURS = 6
NUMBERS = 9 * 16 * 3
"""Of the blocks of one picture."""
FLASH_MS = 260
FLASH_LIKENESS = 0.5
"""Within ``FLASH_MS`` a picture less than this share of the cut away from the old shot: it was a flash."""


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """A new shot starts with ``picture``; pictures ``first`` up to ``end`` show both, or nothing (none for a cut).

    All three are places in the arrays of measures.
    """

    kind: TransitionKind
    first: int
    picture: int
    end: int
    strength: float


def distances(blocks: Floats, histograms: Floats, lag: int = 1) -> Floats:
    """Difference 0..1 between pictures i-lag and i, shape (n,); the first ``lag`` are 0."""
    result = np.zeros(len(blocks), np.float32)
    if len(blocks) > lag:
        result[lag:] = unlike((blocks[:-lag], histograms[:-lag]), (blocks[lag:], histograms[lag:]))
    return result


def unlike(ones: tuple[Floats, Floats], others: tuple[Floats, Floats]) -> Floats:
    """Difference 0..1 of pairs of pictures, each given by blocks (n, 9, 16, 3) and histograms (n, 32)."""
    changed = np.abs(others[0] - ones[0])
    colour = changed.reshape(len(changed), NUMBERS).mean(axis=1) * 3.0  # the mean of each of the three, added up
    histogram = 0.5 * np.abs(others[1] - ones[1]).sum(axis=1)
    result: Floats = 0.5 * np.minimum(1.0, colour / 60.0) + 0.5 * histogram
    return result


def apart(blocks: Floats, histograms: Floats, one: int, others: NDArray[np.intp]) -> Floats:
    """Difference 0..1 of one picture to each of the others."""
    return unlike((blocks[one], histograms[one]), (blocks[others], histograms[others]))


def likeness(one: Floats, other: Floats) -> float:
    """Correlation -1..1 of the blocks (9, 16, 3) of two pictures, each channel about its own mean: light drops out."""
    first = one.reshape(-1, 3) - one.reshape(-1, 3).mean(axis=0)
    second = other.reshape(-1, 3) - other.reshape(-1, 3).mean(axis=0)
    norm = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / norm if norm > 1e-6 else 0.0


def _stands_out(step: Floats, picture: int) -> bool:
    """True where ``step[picture]`` is a peak well over both sides (the picture beside it may share a blended cut)."""
    around = np.r_[
        step[max(1, picture - NEIGHBOURS) : max(1, picture - 1)], step[picture + 2 : picture + 2 + NEIGHBOURS]
    ]
    near = step[max(1, picture - 1) : picture + 2]
    if step[picture] < near.max():
        return False
    usual = float(np.mean(around)) if len(around) else 0.0
    peak = float(np.max(around)) if len(around) else 0.0
    return bool(step[picture] > CUT_OVER_NEIGHBOURS * usual and step[picture] > 1.15 * peak)


def _is_flash(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats, picture: int, strength: float) -> bool:
    """True where the old shot comes back soon after, or was there shortly before: lightning, a camera flash."""
    place = np.arange(len(at_ms))
    after = place[(place > picture) & (at_ms < at_ms[picture] + FLASH_MS)]
    before = place[(place < picture - 1) & (at_ms > at_ms[picture] - FLASH_MS)]
    limit = FLASH_LIKENESS * strength
    comes_back = len(after) > 0 and float(apart(blocks, histograms, picture - 1, after).min()) < limit
    was_there = len(before) > 0 and float(apart(blocks, histograms, picture, before).min()) < limit
    return comes_back or was_there


def hard_cuts(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats) -> list[Boundary]:
    """Cuts exact to the picture."""
    step = distances(blocks, histograms)
    cuts: list[Boundary] = []
    for picture in np.flatnonzero(step > CUT_MIN).tolist():
        strength = float(step[picture])
        if not _stands_out(step, picture) or likeness(blocks[picture - 1], blocks[picture]) > CUT_MAX_LIKENESS:
            continue
        if not _is_flash(at_ms, blocks, histograms, picture, strength):
            cuts.append(Boundary(kind="cut", first=picture, picture=picture, end=picture, strength=strength))
    return cuts
