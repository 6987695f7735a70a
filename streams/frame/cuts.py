"""From measured pictures to exact shot boundaries: cuts, dips to black, dissolves; never a flash. Pure arithmetic."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Kind = Literal["cut", "dip", "dissolve"]

CUT_MIN = 0.22
"""Least difference (``look.luma.difference``, 0..1) of a cut; the weakest true one measured was 0.31."""
CUT_MAX_LIKENESS = 0.88
"""Blocks that correlate more are the same scene with other light or a caption on it."""
CUT_OVER_NEIGHBOURS = 2.6
"""A cut stands out of the pictures around it by this factor; fast motion does not."""
NEIGHBOURS = 6
FLASH_MS = 260
FLASH_LIKENESS = 0.5
"""Within ``FLASH_MS`` a picture less than this share of the cut away from the old shot: it was a flash."""
DARK_LUMA = 26.0
"""Mean luma (limited range) under which nothing can be seen, if no block is brighter than ``DARK_BLOCK``."""
DARK_BLOCK = 44.0
DARK_MIN_MS = 80
DISSOLVE_MS = (320, 800)
DISSOLVE_MIN = 0.4
DISSOLVE_RESIDUE = 0.22
"""In a dissolve the middle is the mean of its ends: the rest is below this share of their distance."""


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """A new shot starts with the picture at ``at_ms`` (``picture`` is its place in the arrays)."""

    picture: int
    at_ms: int
    kind: Kind
    strength: float


def distances(blocks: Floats, histograms: Floats, lag: int = 1) -> Floats:
    """Difference 0..1 between pictures i-lag and i, shape (n,); the first ``lag`` are 0."""
    result = np.zeros(len(blocks), np.float32)
    if len(blocks) > lag:
        colour = np.abs(blocks[lag:] - blocks[:-lag]).mean(axis=(1, 2)).sum(axis=1)
        histogram = 0.5 * np.abs(histograms[lag:] - histograms[:-lag]).sum(axis=1)
        result[lag:] = 0.5 * np.minimum(1.0, colour / 60.0) + 0.5 * histogram
    return result


def _apart(blocks: Floats, histograms: Floats, one: int, others: NDArray[np.intp]) -> Floats:
    colour = np.abs(blocks[others] - blocks[one]).mean(axis=(1, 2)).sum(axis=1)
    histogram = 0.5 * np.abs(histograms[others] - histograms[one]).sum(axis=1)
    result: Floats = 0.5 * np.minimum(1.0, colour / 60.0) + 0.5 * histogram
    return result


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
    comes_back = len(after) > 0 and float(_apart(blocks, histograms, picture - 1, after).min()) < limit
    was_there = len(before) > 0 and float(_apart(blocks, histograms, picture, before).min()) < limit
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
            cuts.append(Boundary(picture=picture, at_ms=int(at_ms[picture]), kind="cut", strength=strength))
    return cuts


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def dark_runs(at_ms: NDArray[np.int64], blocks: Floats) -> list[tuple[int, int]]:
    """Half-open runs of pictures in which nothing can be seen, ``DARK_MIN_MS`` or longer."""
    luma = blocks[..., 0]
    dark = (luma.mean(axis=(1, 2)) < DARK_LUMA) & (luma.max(axis=(1, 2)) < DARK_BLOCK)
    return [(start, end) for start, end in _runs(dark) if at_ms[end - 1] - at_ms[start] >= DARK_MIN_MS]


def dips(at_ms: NDArray[np.int64], blocks: Floats) -> list[Boundary]:
    """One boundary in the middle of each stretch of black: the crop may change there unseen."""
    found = []
    for start, end in dark_runs(at_ms, blocks):
        middle = (start + end) // 2
        if end < len(at_ms) and middle > 0:
            found.append(Boundary(picture=middle, at_ms=int(at_ms[middle]), kind="dip", strength=1.0))
    return found


def dissolves(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats) -> list[Boundary]:
    """Soft changes: windows whose middle picture is the mean of their unlike ends; the boundary is the middle."""
    if len(at_ms) < 4:
        return []
    picture_ms = max(1.0, float(np.median(np.diff(at_ms))))
    score = np.zeros(len(at_ms), np.float32)
    for length_ms in DISSOLVE_MS:
        half = max(2, round(length_ms / picture_ms / 2))
        if len(at_ms) <= 2 * half + 2:
            continue
        first, last, middle = blocks[: -2 * half], blocks[2 * half :], blocks[half:-half]
        gap = np.abs(last - first).mean(axis=(1, 2)).sum(axis=1)
        residue = np.abs(middle - (first + last) / 2).mean(axis=(1, 2)).sum(axis=1)
        far = distances(blocks, histograms, 2 * half)[2 * half :]
        soft = (residue < DISSOLVE_RESIDUE * gap) & (far > DISSOLVE_MIN)
        score[half:-half] = np.maximum(score[half:-half], np.where(soft, far, 0.0))
    found = []
    for start, end in _runs(score > 0):
        if end - start >= 3:
            best = start + int(np.argmax(score[start:end]))
            found.append(Boundary(picture=best, at_ms=int(at_ms[best]), kind="dissolve", strength=float(score[best])))
    return found


def find_boundaries(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats) -> list[Boundary]:
    """Where new shots start, in order.

    ``at_ms`` (n,) times of every picture; ``blocks`` (n, 9, 16, 3) and ``histograms`` (n, 32) of ``look.luma``.
    A cut into or out of black belongs to the dip; a dissolve within half a second of a cut is that cut.
    """
    black = dark_runs(at_ms, blocks)
    cuts = [
        cut
        for cut in hard_cuts(at_ms, blocks, histograms)
        if not any(start <= cut.picture <= end for start, end in black)
    ]
    firm = sorted([*cuts, *dips(at_ms, blocks)], key=lambda boundary: boundary.picture)
    edges = [int(at_ms[min(place, len(at_ms) - 1)]) for run in black for place in run] + [b.at_ms for b in firm]
    soft = [
        boundary
        for boundary in dissolves(at_ms, blocks, histograms)
        if not any(abs(boundary.at_ms - edge) < 500 for edge in edges)
    ]
    return sorted([*firm, *soft], key=lambda boundary: boundary.picture)
