"""Place a still crop of an aspect in the display frame. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import Aspect, Box, CropBox

Floats = NDArray[np.float64]

ASPECT_RATIOS: dict[Aspect, tuple[int, int]] = {"9:16": (9, 16), "4:5": (4, 5), "1:1": (1, 1), "16:9": (16, 9)}
"""Width and height of each aspect."""
MIN_KEPT_RATIO = 0.5
"""Minimum share of a tall picture's height that a wide crop must keep: below it the whole picture is shown."""
HEAD_SIDE, HEAD_TOP, HEAD_BOTTOM = 0.2, 0.4, 0.15
"""Room of a head around the detector's box, which ends at brow and chin, as shares of the box: sides, top, bottom."""
EYES_IN_BOX_RATIO = 0.4
"""Height of the eyes in the detector's box, as a share of it from the top."""
EYES_IN_CROP_RATIO = 1 / 3
"""Height of the eyes in a crop: headroom puts them on the upper third."""
MAX_HEAD_RATIO = 0.8
"""Widest part of the crop that a head must be inside of: of a wider head only the middle counts."""
PARTLY_INSIDE_WEIGHT = 0.25
"""Weight of how far the main head is inside, next to whether it is inside as a whole."""
OTHER_FACES_WEIGHT = 0.3
"""Weight of other faces that are wholly inside."""
CUT_FACE_PENALTY = 0.1
"""Penalty for other faces that the edge cuts."""
OFF_CENTRE_PENALTY = 0.3
"""Penalty for a subject that is one crop length off its place."""
MIN_DETAIL_GAIN = 0.1
"""Minimum gain in detail for which a crop leaves the centre."""
DETAIL_OFF_CENTRE_PENALTY = 0.1
"""Penalty for a crop on detail that is the whole frame off the centre."""


class FramingSubject(msgspec.Struct, frozen=True, kw_only=True):
    """One face or person over the looks of a shot or an angle: its boxes, in display pixels."""

    boxes: Sequence[Box]


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A crop, and the share of the main face's looks that lie wholly inside it."""

    crop: CropBox
    inside: float


def round_to_even(value: float) -> int:
    """Round to the nearest even whole number: chroma has half the resolution."""
    return 2 * round(value / 2)


def crop_size(width: int, height: int, aspect: Aspect) -> tuple[int, int]:
    """Return width and height of the largest crop of ``aspect`` inside a frame: even, at least 2."""
    wide, high = ASPECT_RATIOS[aspect]
    if width * high >= height * wide:
        return max(2, min(round_to_even(height * wide / high), width - width % 2)), max(2, height - height % 2)
    return max(2, width - width % 2), max(2, min(round_to_even(width * high / wide), height - height % 2))


def loses_most_of_tall_picture(width: int, height: int, aspect: Aspect) -> bool:
    """Tell whether a crop of ``aspect`` would lose more than half of a tall picture."""
    _, crop_high = crop_size(width, height, aspect)
    return crop_high < MIN_KEPT_RATIO * height


def head_spans(subject: FramingSubject, *, across: bool) -> Floats:
    """Return where heads begin and end (n, 2) along x (``across``) or y: the boxes with hair and ears."""
    if across:
        pairs = [(b.x - HEAD_SIDE * b.width, b.x + (1 + HEAD_SIDE) * b.width) for b in subject.boxes]
    else:
        pairs = [(b.y - HEAD_TOP * b.height, b.y + (1 + HEAD_BOTTOM) * b.height) for b in subject.boxes]
    return np.asarray(pairs, np.float64).reshape(-1, 2)


def share_of_heads_held(crop: CropBox, boxes: Sequence[Box]) -> float:
    """Return the share of the boxes whose head a crop holds from side to side, down to the chin.

    Two pixels more or less are ignored.
    """
    columns, rows = (
        head_spans(FramingSubject(boxes=boxes), across=True),
        head_spans(FramingSubject(boxes=boxes), across=False),
    )
    inside = (columns[:, 0] >= crop.x - 2) & (columns[:, 1] <= crop.x + crop.width + 2)
    inside &= rows[:, 1] <= crop.y + crop.height
    return float(inside.mean())


def _inside_ratios(intervals: Floats, starts: Floats, length: float, limit: float) -> Floats:
    """Return the share of each interval inside each window, (windows, intervals).

    Of intervals longer than the window the middle counts.
    """
    clipped = np.clip(intervals, 0.0, limit)
    middle = clipped.mean(axis=1)
    half = np.minimum((clipped[:, 1] - clipped[:, 0]) / 2, MAX_HEAD_RATIO * length / 2)
    low, high = middle - half, middle + half
    shared = np.minimum(high, starts[:, None] + length) - np.maximum(low, starts[:, None])
    result: Floats = np.clip(shared / np.maximum(2 * half, 1e-6), 0.0, 1.0)
    return result


def _whole_face_ratios(main: FramingSubject, starts: Floats, length: float, *, across: bool) -> Floats:
    """Return the share of looks at which each window holds the face itself, without hair, (windows,)."""
    sides = [(b.x, b.x + b.width) if across else (b.y, b.y + b.height) for b in main.boxes]
    low, high = np.asarray(sides, np.float64).T
    ratios: Floats = ((low >= starts[:, None]) & (high <= starts[:, None] + length)).mean(axis=1)
    return ratios


def _face_weights(bystanders: Sequence[FramingSubject], main: FramingSubject) -> list[float]:
    """Weigh each other face by its screen time and size, relative to the main one; together at most 1."""
    size = float(np.mean([box.width for box in main.boxes]))
    raw = [
        min(1.0, len(bystander.boxes) / len(main.boxes))
        * min(1.0, float(np.mean([b.width for b in bystander.boxes])) / size)
        for bystander in bystanders
    ]
    total = sum(raw)
    return [weight / max(1.0, total) for weight in raw]


def _best_window(
    main: FramingSubject, bystanders: Sequence[FramingSubject], *, length: int, limit: int, across: bool
) -> tuple[int, float]:
    """Return the start of the best still window along one axis, and the share of main heads inside it."""
    starts = np.arange(0, limit - length + 1, 2, dtype=np.float64)
    main_inside = _inside_ratios(head_spans(main, across=across), starts, length, limit)
    whole_ratios = (main_inside > 0.98).mean(axis=1)
    score = (
        whole_ratios
        + _whole_face_ratios(main, starts, length, across=across)
        + PARTLY_INSIDE_WEIGHT * main_inside.mean(axis=1)
    )
    for bystander, worth in zip(bystanders, _face_weights(bystanders, main), strict=True):
        inside = _inside_ratios(head_spans(bystander, across=across), starts, length, limit)
        cut = ((inside > 0.15) & (inside < 0.9)).mean(axis=1)
        score += worth * (OTHER_FACES_WEIGHT * (inside > 0.98).mean(axis=1) - CUT_FACE_PENALTY * cut)
    if across:
        aim, place = np.mean([b.x + b.width / 2 for b in main.boxes]), 0.5
    else:
        aim, place = np.mean([b.y + EYES_IN_BOX_RATIO * b.height for b in main.boxes]), EYES_IN_CROP_RATIO
    score -= OFF_CENTRE_PENALTY * np.abs(starts + place * length - aim) / length
    best = int(np.argmax(score))
    return int(starts[best]), float(whole_ratios[best])


def place_on_faces(
    main: FramingSubject, bystanders: Sequence[FramingSubject], *, width: int, height: int, aspect: Aspect
) -> Placement:
    """Place the still crop that holds the main face in most looks, and other faces where they fit."""
    crop_wide, crop_high = crop_size(width, height, aspect)
    x, inside_x = _best_window(main, bystanders, length=crop_wide, limit=width, across=True)
    y, inside_y = _best_window(main, bystanders, length=crop_high, limit=height, across=False)
    crop = CropBox(x=x, y=y, width=crop_wide, height=crop_high)
    return Placement(crop=crop, inside=min(inside_x, inside_y))


def _detail_window(profile: Sequence[float], length: int, limit: int) -> tuple[int, float]:
    """Return the start of the window with most of the profile, and its gain over the middle one."""
    starts = np.arange(0, limit - length + 1, 2, dtype=np.float64)
    edges = np.linspace(0.0, limit, len(profile) + 1)
    mass = np.r_[0.0, np.cumsum(np.asarray(profile, np.float64))]
    window_shares = np.interp(starts + length, edges, mass) - np.interp(starts, edges, mass)
    centre = (limit - length) / 2
    score = window_shares - DETAIL_OFF_CENTRE_PENALTY * np.abs(starts - centre) / limit
    best, middle = int(np.argmax(score)), int(np.argmin(np.abs(starts - centre)))
    gain = float(window_shares[best] - window_shares[middle])
    return int(starts[best if gain > MIN_DETAIL_GAIN else middle]), gain


def place_on_detail(
    columns: Sequence[float], rows: Sequence[float], *, width: int, height: int, aspect: Aspect
) -> tuple[CropBox, bool]:
    """Place the crop on most detail and movement, and True; or the middle and False.

    ``columns`` and ``rows``: shares along x and y, any number of bins, sum 1; empty: nothing known.
    """
    crop_wide, crop_high = crop_size(width, height, aspect)
    x, gain_x = _detail_window(columns or [1.0], crop_wide, width)
    y, gain_y = _detail_window(rows or [1.0], crop_high, height)
    crop = CropBox(x=x, y=y, width=crop_wide, height=crop_high)
    return crop, max(gain_x, gain_y) > MIN_DETAIL_GAIN
