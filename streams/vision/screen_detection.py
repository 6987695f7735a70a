"""How much a small picture looks like a screen or a slide: one ground, few colours, edges on it. Pure; reads none.

A camera's picture has grain and shading on both sides of its edges, or is dark; drawn ones have one ground in large
even parts, on which their many edges, letters and lines, stand.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.vision.letterbox import content_of, measure_lines

UInt8 = NDArray[np.uint8]

EVEN_STEP = 2
"""Neighbours that differ by at most this many levels of luma are one surface."""
EDGE_STEP = 24
"""Steps from here on are edges."""
REACH = 3
"""Points from an edge to the surface it stands on."""
DARK = 24
"""A point whose colours are all below this is dark."""
GROUND_REACH = 6
"""Levels of luma to both sides of the commonest one that count as the same ground."""
COLOURS_SHARE = 0.9
"""Share of the picture that its commonest colours (of 4,096) must cover."""
SURE = 0.5
"""From here on it counts as one."""
LEAST_EDGES = 0.002
"""Where less of a picture is edge nothing stands on it: a fade, or a wall."""
BIAS = -7.03
WEIGHTS = (("ground", 8.01), ("colours", -1.26), ("edges", 20.81), ("beside", 8.13), ("dark", -3.94))
"""Of ``benchmarks.vision.scenery --fit --seed 1``: made pages against pictures of the shared files."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What of a picture tells a drawn one; shares 0..1.

    ``ground``: the commonest luma. ``colours``: logarithm of how many cover nine tenths. ``edges``: how much of the
    picture is edge. ``beside``: of the edges, how many stand on a surface without grain. ``dark``: of the picture.
    """

    ground: float
    colours: float
    edges: float
    beside: float
    dark: float


def measure_drawn(picture: UInt8) -> Drawn:
    """Measures of a small RGB picture (h, w, 3), at least 2 × 2, inside of its black bars; green stands in for luma."""
    picture = _content(picture)
    luma = picture[..., 1].astype(np.int16)
    across, down = np.abs(np.diff(luma, axis=1))[:-1], np.abs(np.diff(luma, axis=0))[:, :-1]
    steepest = np.maximum(across, down)
    edge = steepest >= EDGE_STEP
    levels = np.bincount(picture[..., 1].ravel(), minlength=256)
    near = np.convolve(levels, np.ones(2 * GROUND_REACH + 1), "same")
    return Drawn(
        ground=float(near.max()) / luma.size,
        colours=float(np.log(_colours(picture[::2, ::2]))),
        edges=float(edge.mean()),
        beside=float(_near(steepest <= EVEN_STEP)[edge].mean()) if edge.any() else 0.0,
        dark=float((picture.max(axis=2) < DARK).mean()),
    )


def _content(picture: UInt8) -> UInt8:
    """The picture without black bars: they are even and straight wherever a camera was."""
    high, wide = picture.shape[:2]
    box = content_of([measure_lines(picture.max(axis=2))], wide, high)
    return picture if box is None else picture[box.y : box.y + box.height, box.x : box.x + box.width]


def _near(points: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where one of the points lies at most `REACH` away, along the row or the column."""
    found, (high, wide) = points.copy(), points.shape
    for step in range(1, REACH + 1):
        found[:, step:] |= points[:, : max(0, wide - step)]
        found[:, : max(0, wide - step)] |= points[:, step:]
        found[step:] |= points[: max(0, high - step)]
        found[: max(0, high - step)] |= points[step:]
    return found


def _colours(picture: UInt8) -> int:
    """How many of 4,096 colours cover nine tenths of a picture."""
    bins = (picture >> 4).astype(np.int32)
    counts = np.bincount((bins[..., 0] * 256 + bins[..., 1] * 16 + bins[..., 2]).ravel())
    cover = np.cumsum(np.sort(counts[counts > 0])[::-1])
    return int(np.searchsorted(cover, COLOURS_SHARE * cover[-1])) + 1


def screen_of(drawn: Drawn) -> float:
    """How surely a picture with these measures shows a screen or a slide, 0..1.

    Logistic regression.
    """
    if drawn.edges < LEAST_EDGES:
        return 0.0
    score = BIAS + sum(weight * getattr(drawn, name) for name, weight in WEIGHTS)
    return round(1.0 / (1.0 + math.exp(-score)), 3)
