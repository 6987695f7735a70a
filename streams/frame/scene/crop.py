"""Where a still crop of the asked aspect sits in the display picture. Pure geometry; never moves during a shot."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import Aspect, Box, CropBox

Floats = NDArray[np.float64]

ASPECT_RATIOS: dict[Aspect, tuple[int, int]] = {"9:16": (9, 16), "4:5": (4, 5), "1:1": (1, 1), "16:9": (16, 9)}
MIN_KEPT_RATIO = 0.5
"""Where a wide crop of a tall picture would keep less than this, all of it is shown on a blurred ground."""
HEAD_SIDE, HEAD_TOP, HEAD_BOTTOM = 0.2, 0.4, 0.15
"""A detector's box ends at brow and chin: what a head needs beside it, in shares of the box."""
EYES_IN_BOX_RATIO = 0.4
EYES_IN_CROP_RATIO = 1 / 3
"""Headroom: the eyes belong on the upper third."""
MAX_HEAD_RATIO = 0.8
"""Of a head wider than this share of the crop only the middle part must be inside."""
PARTLY_INSIDE_WEIGHT = 0.25
OTHER_FACES_WEIGHT = 0.3
CUT_FACE_PENALTY = 0.1
OFF_CENTRE_PENALTY = 0.3
MIN_DETAIL_GAIN = 0.1
"""A crop leaves the centre for detail only when it shows this much more of it."""
DETAIL_OFF_CENTRE_PENALTY = 0.1


class FramingSubject(msgspec.Struct, frozen=True, kw_only=True):
    """One face over the looks of a shot (or of all shots of one camera angle): its boxes, in display pixels."""

    boxes: Sequence[Box]


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A crop and the share of the main face's looks that lie wholly inside it."""

    crop: CropBox
    inside: float


def round_to_even(value: float) -> int:
    """The nearest even whole number: chroma has half the resolution."""
    return 2 * round(value / 2)


def crop_size(width: int, height: int, aspect: Aspect) -> tuple[int, int]:
    """Width and height of the largest crop of ``aspect`` inside a picture, even, at least 2."""
    wide, high = ASPECT_RATIOS[aspect]
    if width * high >= height * wide:
        return max(2, min(round_to_even(height * wide / high), width - width % 2)), max(2, height - height % 2)
    return max(2, width - width % 2), max(2, min(round_to_even(width * high / wide), height - height % 2))


def loses_most_of_tall_picture(width: int, height: int, aspect: Aspect) -> bool:
    """True where cropping a tall picture to ``aspect`` would throw more than half of it away."""
    _, crop_high = crop_size(width, height, aspect)
    return crop_high < MIN_KEPT_RATIO * height


def head_spans(subject: FramingSubject, *, across: bool) -> Floats:
    """Head intervals (n, 2) along x (``across``) or y: the boxes with the room that hair and ears need."""
    if across:
        pairs = [(b.x - HEAD_SIDE * b.width, b.x + (1 + HEAD_SIDE) * b.width) for b in subject.boxes]
    else:
        pairs = [(b.y - HEAD_TOP * b.height, b.y + (1 + HEAD_BOTTOM) * b.height) for b in subject.boxes]
    return np.asarray(pairs, np.float64).reshape(-1, 2)


def share_of_heads_held(crop: CropBox, boxes: Sequence[Box]) -> float:
    """Share of the looks at which a crop holds a head from side to side, and its chin; two pixels are nothing."""
    columns, rows = (
        head_spans(FramingSubject(boxes=boxes), across=True),
        head_spans(FramingSubject(boxes=boxes), across=False),
    )
    inside = (columns[:, 0] >= crop.x - 2) & (columns[:, 1] <= crop.x + crop.width + 2)
    inside &= rows[:, 1] <= crop.y + crop.height
    return float(inside.mean())


def _inside_ratios(intervals: Floats, starts: Floats, length: float, limit: float) -> Floats:
    """Share of each interval inside each window, (windows, intervals); longer than the window: its middle counts."""
    clipped = np.clip(intervals, 0.0, limit)
    middle = clipped.mean(axis=1)
    half = np.minimum((clipped[:, 1] - clipped[:, 0]) / 2, MAX_HEAD_RATIO * length / 2)
    low, high = middle - half, middle + half
    shared = np.minimum(high, starts[:, None] + length) - np.maximum(low, starts[:, None])
    result: Floats = np.clip(shared / np.maximum(2 * half, 1e-6), 0.0, 1.0)
    return result


def _whole_face_ratios(main: FramingSubject, starts: Floats, length: float, *, across: bool) -> Floats:
    """Share of the looks at which each window holds the face itself, whatever of the hair, (windows,)."""
    sides = [(b.x, b.x + b.width) if across else (b.y, b.y + b.height) for b in main.boxes]
    low, high = np.asarray(sides, np.float64).T
    held: Floats = ((low >= starts[:, None]) & (high <= starts[:, None] + length)).mean(axis=1)
    return held


def _face_weights(others: Sequence[FramingSubject], main: FramingSubject) -> list[float]:
    """Weight of each other face: how long it is seen beside the main one, and how large; together at most 1."""
    size = float(np.mean([box.width for box in main.boxes]))
    raw = [
        min(1.0, len(other.boxes) / len(main.boxes)) * min(1.0, float(np.mean([b.width for b in other.boxes])) / size)
        for other in others
    ]
    total = sum(raw)
    return [weight / max(1.0, total) for weight in raw]


def _best_window(
    main: FramingSubject, others: Sequence[FramingSubject], *, length: int, limit: int, across: bool
) -> tuple[int, float]:
    """Start of the still window along one axis, and the share of the main face's looks wholly inside it."""
    starts = np.arange(0, limit - length + 1, 2, dtype=np.float64)
    main_inside = _inside_ratios(head_spans(main, across=across), starts, length, limit)
    whole = (main_inside > 0.98).mean(axis=1)
    score = (
        whole
        + _whole_face_ratios(main, starts, length, across=across)
        + PARTLY_INSIDE_WEIGHT * main_inside.mean(axis=1)
    )
    for other, worth in zip(others, _face_weights(others, main), strict=True):
        inside = _inside_ratios(head_spans(other, across=across), starts, length, limit)
        cut = ((inside > 0.15) & (inside < 0.9)).mean(axis=1)
        score += worth * (OTHER_FACES_WEIGHT * (inside > 0.98).mean(axis=1) - CUT_FACE_PENALTY * cut)
    if across:
        aim, place = np.mean([b.x + b.width / 2 for b in main.boxes]), 0.5
    else:
        aim, place = np.mean([b.y + EYES_IN_BOX_RATIO * b.height for b in main.boxes]), EYES_IN_CROP_RATIO
    score -= OFF_CENTRE_PENALTY * np.abs(starts + place * length - aim) / length
    best = int(np.argmax(score))
    return int(starts[best]), float(whole[best])


def place_on_faces(
    main: FramingSubject, others: Sequence[FramingSubject], *, width: int, height: int, aspect: Aspect
) -> Placement:
    """The still crop that holds the main face in for most looks, and other faces where they fit beside it."""
    crop_wide, crop_high = crop_size(width, height, aspect)
    x, inside_x = _best_window(main, others, length=crop_wide, limit=width, across=True)
    y, inside_y = _best_window(main, others, length=crop_high, limit=height, across=False)
    crop = CropBox(x=x, y=y, width=crop_wide, height=crop_high)
    return Placement(crop=crop, inside=min(inside_x, inside_y))


def _detail_window(profile: Sequence[float], length: int, limit: int) -> tuple[int, float]:
    """Start of the window with most of the profile, and how much more it holds than the middle one."""
    starts = np.arange(0, limit - length + 1, 2, dtype=np.float64)
    edges = np.linspace(0.0, limit, len(profile) + 1)
    mass = np.r_[0.0, np.cumsum(np.asarray(profile, np.float64))]
    held = np.interp(starts + length, edges, mass) - np.interp(starts, edges, mass)
    centre = (limit - length) / 2
    score = held - DETAIL_OFF_CENTRE_PENALTY * np.abs(starts - centre) / limit
    best, middle = int(np.argmax(score)), int(np.argmin(np.abs(starts - centre)))
    gain = float(held[best] - held[middle])
    return int(starts[best if gain > MIN_DETAIL_GAIN else middle]), gain


def place_on_detail(
    columns: Sequence[float], rows: Sequence[float], *, width: int, height: int, aspect: Aspect
) -> tuple[CropBox, bool]:
    """The crop with most detail and movement, and True; or the middle and False, where no place stands out.

    ``columns`` and ``rows``: shares along x and y, any number of bins, sum 1; empty: nothing known.
    """
    crop_wide, crop_high = crop_size(width, height, aspect)
    x, gain_x = _detail_window(columns or [1.0], crop_wide, width)
    y, gain_y = _detail_window(rows or [1.0], crop_high, height)
    crop = CropBox(x=x, y=y, width=crop_wide, height=crop_high)
    return crop, max(gain_x, gain_y) > MIN_DETAIL_GAIN
