"""How much a small picture looks like a screen or a slide: even ground, few colours, straight edges. Pure; reads none.

A camera's picture has grain, shading and edges in all directions; drawn ones have one ground in large even parts, and
their edges, letters and lines, are sharp and run along rows and columns.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]

EVEN_STEP = 2
"""Neighbours that differ by at most this many levels of luma are one surface."""
EDGE_STEP = 24
"""Steps from here on are edges."""
GROUND_REACH = 6
"""Levels of luma to both sides of the commonest one that count as the same ground."""
COLOURS_SHARE = 0.9
"""Share of the picture that its commonest colours (of 4,096) must cover."""
SURE = 0.5
"""From here on it counts as one."""
BIAS = -10.88
WEIGHTS = (("even", 3.23), ("ground", 7.33), ("straight", 9.75), ("colours", -1.23), ("edges", 27.16))
"""Of ``benchmarks.scenery --fit --seed 1``: made pages against pictures of the shared files."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What of a picture tells a drawn one; shares 0..1.

    ``even``: surface without grain. ``ground``: the commonest luma. ``straight``: how far edges run along rows or
    columns. ``colours``: logarithm of how many cover nine tenths. ``edges``: how much of the picture is edge.
    """

    even: float
    ground: float
    straight: float
    colours: float
    edges: float


def measure_drawn(picture: UInt8) -> Drawn:
    """Measures of a small RGB picture (h, w, 3), at least 2 × 2; green stands in for luma."""
    luma = picture[..., 1].astype(np.int16)
    across, down = np.abs(np.diff(luma, axis=1))[:-1], np.abs(np.diff(luma, axis=0))[:, :-1]
    steepest = np.maximum(across, down)
    edge = steepest >= EDGE_STEP
    both = int((across + down)[edge].sum())
    levels = np.bincount(picture[..., 1].ravel(), minlength=256)
    near = np.convolve(levels, np.ones(2 * GROUND_REACH + 1), "same")
    return Drawn(
        even=float((steepest <= EVEN_STEP).mean()),
        ground=float(near.max()) / luma.size,
        straight=int(np.abs(across - down)[edge].sum()) / both if both else 0.0,
        colours=float(np.log(_colours(picture[::2, ::2]))),
        edges=float(edge.mean()),
    )


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
    score = BIAS + sum(weight * getattr(drawn, name) for name, weight in WEIGHTS)
    return round(1.0 / (1.0 + math.exp(-score)), 3)
