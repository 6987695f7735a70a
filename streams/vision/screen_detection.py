"""How probably a frame shows a screen or a slide, by its background, colours and edges. Pure.

A camera's frame has grain and shading on both sides of its edges, or is dark. A drawn one has a single background in
large flat areas, and its many edges (letters, lines) stand on it.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.vision.letterbox import find_content_area, measure_lines

UInt8 = NDArray[np.uint8]

EVEN_MAX_STEP_LEVELS = 2
"""Largest difference in luma between neighbouring points of one flat surface."""
EDGE_MIN_STEP_LEVELS = 24
"""Least difference in luma between neighbouring points of an edge."""
EDGE_REACH_PX = 3
"""Distance from an edge at which a flat surface counts as next to it."""
DARK_MAX_LEVEL = 24
"""Largest colour value of a dark point."""
BACKGROUND_REACH_LEVELS = 6
"""Levels of luma on both sides of the commonest one that count as the same background."""
COMMON_COLOURS_SHARE = 0.9
"""Share of the frame that its commonest colours (of 4,096) cover in the feature ``colours``."""
SCREEN_MIN_PROBABILITY = 0.5
"""Probability from which a frame counts as a screen."""
MIN_EDGE_SHARE = 0.002
"""Least share of edges: with less the frame is a fade or a wall."""
LOGIT_BIAS = -7.03
"""Bias of the logistic regression, fitted with ``LOGIT_WEIGHTS``."""
LOGIT_WEIGHTS = (("ground", 8.01), ("colours", -1.26), ("edges", 20.81), ("flat_edges", 8.13), ("dark", -3.94))
"""Fitted by ``benchmarks.vision.scenery --fit --seed 1``: generated pages against frames of the shared media."""


class GraphicFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """Features that separate drawn frames from camera frames; shares 0..1, but for ``colours``.

    ``ground``: share of the commonest luma. ``colours``: logarithm of the number of colours that cover 90 %. ``edges``:
    share of edge points. ``flat_edges``: share of the edges next to a flat surface. ``dark``: share of dark points.
    """

    ground: float
    colours: float
    edges: float
    flat_edges: float
    dark: float


def measure_graphic(picture: UInt8) -> GraphicFeatures:
    """Measure the features of a small RGB frame (h, w, 3), at least 2 × 2.

    Its black bars do not count; green is its luma.
    """
    picture = _crop_to_content(picture)
    luma = picture[..., 1].astype(np.int16)
    across, down = np.abs(np.diff(luma, axis=1))[:-1], np.abs(np.diff(luma, axis=0))[:, :-1]
    steepest = np.maximum(across, down)
    edge = steepest >= EDGE_MIN_STEP_LEVELS
    levels = np.bincount(picture[..., 1].ravel(), minlength=256)
    near = np.convolve(levels, np.ones(2 * BACKGROUND_REACH_LEVELS + 1), "same")
    return GraphicFeatures(
        ground=float(near.max()) / luma.size,
        colours=float(np.log(_count_colours(picture[::2, ::2]))),
        edges=float(edge.mean()),
        flat_edges=float(_dilate(steepest <= EVEN_MAX_STEP_LEVELS)[edge].mean()) if edge.any() else 0.0,
        dark=float((picture.max(axis=2) < DARK_MAX_LEVEL).mean()),
    )


def _crop_to_content(picture: UInt8) -> UInt8:
    """Return the frame without black bars, whose flat straight edges would count as drawn."""
    high, wide = picture.shape[:2]
    box = find_content_area([measure_lines(picture.max(axis=2))], wide, high)
    return picture if box is None else picture[box.y : box.y + box.height, box.x : box.x + box.width]


def _dilate(points: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where one of the points lies at most `EDGE_REACH_PX` away, along the row or the column."""
    dilated, (high, wide) = points.copy(), points.shape
    for step in range(1, EDGE_REACH_PX + 1):
        dilated[:, step:] |= points[:, : max(0, wide - step)]
        dilated[:, : max(0, wide - step)] |= points[:, step:]
        dilated[step:] |= points[: max(0, high - step)]
        dilated[: max(0, high - step)] |= points[step:]
    return dilated


def _count_colours(picture: UInt8) -> int:
    """Count the colours (of 4,096) that cover ``COMMON_COLOURS_SHARE`` of a frame."""
    bins = (picture >> 4).astype(np.int32)
    counts = np.bincount((bins[..., 0] * 256 + bins[..., 1] * 16 + bins[..., 2]).ravel())
    cover = np.cumsum(np.sort(counts[counts > 0])[::-1])
    return int(np.searchsorted(cover, COMMON_COLOURS_SHARE * cover[-1])) + 1


def screen_probability(drawn: GraphicFeatures) -> float:
    """Return the probability 0..1 that these features show a screen or a slide (logistic regression)."""
    if drawn.edges < MIN_EDGE_SHARE:
        return 0.0
    score = LOGIT_BIAS + sum(weight * getattr(drawn, name) for name, weight in LOGIT_WEIGHTS)
    return round(1.0 / (1.0 + math.exp(-score)), 3)
