"""Hard cuts between measured frames, exact to the frame; flashes are not cuts. Pure."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.documents.scene import TransitionKind

Floats = NDArray[np.float32]

CUT_MIN = 0.22
"""Least difference (``frame_stats.difference``, 0..1) of a cut; the weakest true cut measured was 0.31."""
CUT_MAX_CORRELATION = 0.88
"""Block correlation above this is the same scene with other light or a caption on it."""
CUT_TO_NEIGHBOURS_RATIO = 2.6
"""Factor by which a cut exceeds the mean step around it; fast motion does not."""
NEIGHBOUR_FRAMES = 6
"""Frames on each side that a cut is compared with."""
BLOCK_VALUE_COUNT = 9 * 16 * 3
"""Numbers in the blocks of one frame."""
FLASH_MAX_MS = 260
"""Time within which the old shot returns after a flash."""
FLASH_MAX_RATIO = 0.5
"""A frame within ``FLASH_MAX_MS`` that differs from the old shot by less than this share of the cut: a flash."""


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """A change of shot: the new shot starts with frame ``picture``.

    Frames ``first`` up to ``end`` (exclusive) show both shots or a flat frame; the range is empty for a cut. All three
    are indices into the arrays of measures.
    """

    kind: TransitionKind
    first: int
    picture: int
    end: int
    strength: float


def step_differences(blocks: Floats, histograms: Floats, lag: int = 1) -> Floats:
    """Return the difference 0..1 between frames i-lag and i, shape (n,); the first ``lag`` are 0."""
    result = np.zeros(len(blocks), np.float32)
    if len(blocks) > lag:
        result[lag:] = pair_differences((blocks[:-lag], histograms[:-lag]), (blocks[lag:], histograms[lag:]))
    return result


def pair_differences(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> Floats:
    """Return the difference 0..1 of n pairs of frames.

    ``first`` and ``second``: blocks (n, 9, 16, 3) and histograms (n, 32) of the frames of each pair.
    """
    changed = np.abs(second[0] - first[0])
    colour = (
        changed.reshape(len(changed), BLOCK_VALUE_COUNT).mean(axis=1) * 3.0
    )  # the sum of the means of the three channels
    histogram = 0.5 * np.abs(second[1] - first[1]).sum(axis=1)
    result: Floats = 0.5 * np.minimum(1.0, colour / 60.0) + 0.5 * histogram
    return result


def differences_from(blocks: Floats, histograms: Floats, frame: int, frames: NDArray[np.intp]) -> Floats:
    """Return the difference 0..1 of one frame to each of ``frames``."""
    return pair_differences((blocks[frame], histograms[frame]), (blocks[frames], histograms[frames]))


def block_correlation(first: Floats, second: Floats) -> float:
    """Correlate two frames' blocks (9, 16, 3), -1..1; centred channels ignore a change of light."""
    first_centred = first.reshape(-1, 3) - first.reshape(-1, 3).mean(axis=0)
    second_centred = second.reshape(-1, 3) - second.reshape(-1, 3).mean(axis=0)
    norm = float(np.sqrt((first_centred * first_centred).sum() * (second_centred * second_centred).sum()))
    return float((first_centred * second_centred).sum()) / norm if norm > 1e-6 else 0.0


def _stands_out(step: Floats, picture: int) -> bool:
    """Tell whether ``step[picture]`` is a clear peak; its direct neighbours may share a blended cut."""
    around = np.r_[
        step[max(1, picture - NEIGHBOUR_FRAMES) : max(1, picture - 1)],
        step[picture + 2 : picture + 2 + NEIGHBOUR_FRAMES],
    ]
    near = step[max(1, picture - 1) : picture + 2]
    if step[picture] < near.max():
        return False
    usual = float(np.mean(around)) if len(around) else 0.0
    peak = float(np.max(around)) if len(around) else 0.0
    return bool(step[picture] > CUT_TO_NEIGHBOURS_RATIO * usual and step[picture] > 1.15 * peak)


def _is_flash(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats, picture: int, strength: float) -> bool:
    """Tell whether a step is a flash: the old shot soon returns, or the new one was there shortly before."""
    place = np.arange(len(at_ms))
    after = place[(place > picture) & (at_ms < at_ms[picture] + FLASH_MAX_MS)]
    before = place[(place < picture - 1) & (at_ms > at_ms[picture] - FLASH_MAX_MS)]
    limit = FLASH_MAX_RATIO * strength
    comes_back = len(after) > 0 and float(differences_from(blocks, histograms, picture - 1, after).min()) < limit
    was_there = len(before) > 0 and float(differences_from(blocks, histograms, picture, before).min()) < limit
    return comes_back or was_there


def find_hard_cuts(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats) -> list[Boundary]:
    """Return hard cuts in order.

    ``at_ms`` (n,), ``blocks`` (n, 9, 16, 3) and ``histograms`` (n, 32) are those of every frame.
    """
    step = step_differences(blocks, histograms)
    cuts: list[Boundary] = []
    for picture in np.flatnonzero(step > CUT_MIN).tolist():
        strength = float(step[picture])
        if (
            not _stands_out(step, picture)
            or block_correlation(blocks[picture - 1], blocks[picture]) > CUT_MAX_CORRELATION
        ):
            continue
        if not _is_flash(at_ms, blocks, histograms, picture, strength):
            cuts.append(Boundary(kind="cut", first=picture, picture=picture, end=picture, strength=strength))
    return cuts
