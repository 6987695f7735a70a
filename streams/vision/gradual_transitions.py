"""Gradual changes of shot among measured frames: fades through a flat frame, and dissolves. Pure.

Each frame of a dissolve is a mixture of its first and last frame, with a growing share of the last. Frames of a panning
camera, or of a person who walks through, are not such mixtures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.vision.hard_cuts import CUT_MIN, Boundary, Floats, block_correlation, differences_from, pair_differences

Float64s = NDArray[np.float64]

DARK_LUMA_LEVEL = 26.0
"""Mean luma (limited range) under which nothing can be seen, if no block is brighter than ``DARK_BLOCK_LEVEL``."""
DARK_BLOCK_LEVEL = 44.0
FLAT_MAX_DEVIATION_LEVEL = 3.0
"""Standard deviation of the blocks' luma and chroma below which a frame is one flat colour."""
FLAT_MIN_MS = 80
"""Least duration of a flat run that no fade leads into."""
FADE_MIN_STEP_RATIO = 0.015
"""Least contrast that a fade gains or loses a frame, as a share of the full contrast."""
FADE_MAX_MS = 3_000
"""Longest fade on one side of a flat run."""
WINDOW_LENGTHS_MS = (200, 280, 400, 560, 800, 1_120, 1_600, 2_200)
"""Window lengths to search for dissolves: every true length has one within 20 %."""
MIN_ENDS_DIFFERENCE = 0.3
"""Least difference (``frame_stats.difference``) between the ends of a dissolve."""
MAX_ENDS_CORRELATION = 0.8
"""Block correlation above which both ends are the same scene."""
MAX_RESIDUAL_RATIO = 0.25
"""Largest part of a dissolve's frame that is not a mixture of its ends, as a share of their distance."""
MIXTURE_BOUNDS = ((0.25, 0.06, 0.48), (0.5, 0.3, 0.7), (0.75, 0.52, 0.94))
"""(position in the window, least, greatest share of the last frame in the mixture there)."""
MAX_STEP_RATIO = 0.5
"""Largest share of the whole change in one frame; above it the change is a cut."""
MIN_DISSOLVE_FRAMES = 5
"""Least frames of a dissolve; fewer are a blended cut, or movement."""
CALM_MAX_RATIO = 0.6
"""Largest change outside the window, as a share of the change inside: a pan goes on, a dissolve stops."""
CALM_PER_PURITY_RATIO = 2.5
"""Added to ``CALM_MAX_RATIO`` for each unit of purity: people move before and after a dissolve too."""


class _Window(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate dissolve: frame indices of its ends, its score, and the mean residual of its mixtures."""

    first: int
    last: int
    score: float
    rest: float


def true_runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return half-open index ranges of consecutive True values."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def flat_frame_runs(luma: Floats, spread: Floats) -> list[tuple[int, int]]:
    """Return half-open ranges of frames that are black or one flat colour.

    ``luma`` (n, blocks); ``spread`` (n, 3): standard deviation of the blocks of each channel.
    """
    dark = (luma.mean(axis=1) < DARK_LUMA_LEVEL) & (luma.max(axis=1) < DARK_BLOCK_LEVEL)
    return true_runs(dark | (spread.max(axis=1) < FLAT_MAX_DEVIATION_LEVEL))


def _find_fade_end(contrast: Floats, edge: int, step: int, most: int) -> int:
    """Return the last frame that still gains contrast, outwards from the edge of a flat run.

    ``step``: -1 or 1, the direction.
    """
    place, full = edge, float(contrast[edge])
    for _ in range(most):
        ahead = place + 2 * step
        if not 0 <= ahead < len(contrast) or contrast[ahead] - contrast[place] < 2 * FADE_MIN_STEP_RATIO * max(
            full, 20.0
        ):
            break
        place, full = place + step, max(full, float(contrast[ahead]))
    return place


def find_fades(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats) -> list[Boundary]:
    """Return one boundary in the middle of each flat run between two scenes.

    A change of crop is invisible there.
    """
    channels = np.ascontiguousarray(blocks.reshape(len(blocks), -1, 3).transpose(0, 2, 1))
    spread, picture_ms = channels.std(axis=2), _frame_duration_ms(at_ms)
    contrast, fades = spread[:, 0], []
    for start, end in flat_frame_runs(channels[:, 0], spread):
        if end == len(at_ms) or (start + end) // 2 == 0:
            continue
        most = max(1, round(FADE_MAX_MS / picture_ms))
        before, after = _find_fade_end(contrast, start, -1, most), _find_fade_end(contrast, end - 1, 1, most)
        fading = start - before > 2 or after - end > 2
        if not fading and at_ms[end] - at_ms[start] < FLAT_MIN_MS:
            continue
        dark = float(blocks[start:end, ..., 0].mean()) < DARK_LUMA_LEVEL
        across = float(
            differences_from(blocks, histograms, max(0, before - 1), np.array([min(after + 1, len(at_ms) - 1)]))[0]
        )
        if dark or across > CUT_MIN:
            fades.append(Boundary(kind="fade", first=before, picture=(start + end) // 2, end=after + 1, strength=1.0))
    return fades


def _frame_duration_ms(at_ms: NDArray[np.int64]) -> float:
    return max(1.0, float(np.median(np.diff(at_ms)))) if len(at_ms) > 1 else 1.0


def lagged_products(pictures: Floats, lags: Iterable[int]) -> dict[int, Float64s]:
    """Return inner products of each frame (n, values) with the one ``lag`` later, (n - lag,) by lag.

    Mixture shares and distances of any window follow from them without touching the frames again. An einsum, because a
    matrix product would wake every core for a millisecond's work.
    """
    small = pictures - pictures.mean()  # centred, so that float32 keeps its digits
    count = len(pictures)
    return {
        lag: np.einsum("ij,ij->i", small[: count - lag], small[lag:]).astype(np.float64) for lag in lags if lag < count
    }


def _find_mixture_windows(
    pictures: Floats, histograms: Floats, band: dict[int, Float64s], length: int
) -> list[_Window]:
    """Return windows of ``length`` steps whose frames are ever later mixtures of their ends.

    ``band``: from ``lagged_products``.
    """
    count = len(pictures) - length
    if count <= 0:
        return []
    squares, ends = band[0], band[length]
    first, last = squares[:count], squares[length:]
    size = np.maximum(first + last - 2 * ends, 1e-6)
    good, rest = np.ones(count, bool), np.zeros(count)
    for place, least, most in MIXTURE_BOUNDS:
        at = round(place * length)
        from_first, from_last = band[at][:count], band[length - at][at : at + count]
        gone = squares[at : at + count] + first - 2 * from_first
        share = (from_last - from_first - ends + first) / size
        left = np.sqrt(np.maximum(0.0, gone / size - share * share))
        good &= (share > least) & (share < most) & (left < MAX_RESIDUAL_RATIO)
        rest += left
    places = np.flatnonzero(good)
    after = places + length
    far = pair_differences((pictures[places], histograms[places]), (pictures[after], histograms[after]))
    score = far * (1.0 - rest[places] / (3 * MAX_RESIDUAL_RATIO)) * length**0.25
    return [
        _Window(first=place, last=place + length, score=float(value), rest=float(rest[place]) / len(MIXTURE_BOUNDS))
        for place, value, how_far in zip(places.tolist(), score, far, strict=True)
        if how_far > MIN_ENDS_DIFFERENCE
    ]


def _is_dissolve(pictures: Floats, step: Floats, window: _Window) -> bool:
    """Tell whether a change is spread over the window, stops at its ends and leads to another scene."""
    inside = step[window.first + 1 : window.last + 1]
    length = window.last - window.first
    side = max(2, length // 3)
    gap = float(np.linalg.norm(pictures[window.last] - pictures[window.first]))
    if float(inside.max()) > MAX_STEP_RATIO * gap:
        return False
    before, after = step[max(1, window.first + 1 - side) : window.first + 1], step[window.last + 1 :][:side]
    outside = max((float(np.mean(part)) for part in (before, after) if len(part)), default=0.0)
    ends = [pictures[place].reshape(-1, 3)[None] for place in (window.first, window.last)]
    most = CALM_MAX_RATIO + CALM_PER_PURITY_RATIO * max(0.0, MAX_RESIDUAL_RATIO - window.rest)
    return outside < most * float(np.mean(inside)) and block_correlation(ends[0], ends[1]) < MAX_ENDS_CORRELATION


def _locate_dissolve(pictures: Floats, window: _Window, busy: Sequence[tuple[int, int]]) -> Boundary:
    """Locate a dissolve exactly, extrapolated from where 25, 50 and 75 % of the change are done."""
    margin = (window.last - window.first) // 2
    start = max([0, window.first - margin, *(end for _, end in busy if end <= window.first)])
    end = min([len(pictures), window.last + margin + 1, *(first for first, _ in busy if first > window.last)])
    change = pictures[window.last] - pictures[window.first]
    share = (pictures[start:end] - pictures[window.first]) @ change / max(1e-6, float(change @ change))
    marks = np.maximum.accumulate(share)
    quarter, half, most = (start + int(np.argmax(marks >= part)) for part in (0.25, 0.5, 0.75))
    reach = max(1, most - quarter)
    first = max(start, quarter - reach // 2)
    last = min(end, max(most + reach // 2, half + 1))
    return Boundary(kind="dissolve", first=first, picture=half, end=last, strength=window.score)


def find_dissolves(
    at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats, occupied: Sequence[tuple[int, int]]
) -> list[Boundary]:
    """Return dissolves outside of ``occupied``; where two overlap, the better one wins.

    ``occupied``: half-open frame ranges of cuts and fades.
    """
    if len(at_ms) < 6:
        return []
    pictures = np.ascontiguousarray(blocks.reshape(len(blocks), -1))
    lengths = sorted({max(4, round(length / _frame_duration_ms(at_ms))) for length in WINDOW_LENGTHS_MS})
    inner = {round(place * length) for length in lengths for place, _, _ in MIXTURE_BOUNDS}
    rest = {length - round(place * length) for length in lengths for place, _, _ in MIXTURE_BOUNDS}
    band = lagged_products(pictures, sorted({0, 1, *lengths, *inner, *rest}))
    windows = [window for length in lengths for window in _find_mixture_windows(pictures, histograms, band, length)]
    step = np.r_[0.0, np.sqrt(np.maximum(0.0, band[0][:-1] + band[0][1:] - 2 * band[1]))].astype(np.float32)
    busy, dissolves = list(occupied), list[Boundary]()
    for window in sorted(windows, key=lambda candidate: (-candidate.score, candidate.first)):
        free = all(window.last < start or window.first >= end for start, end in busy)
        if free and _is_dissolve(pictures, step, window):
            boundary = _locate_dissolve(pictures, window, busy)
            if boundary.end - boundary.first < MIN_DISSOLVE_FRAMES:
                continue
            dissolves.append(boundary)
            busy.append((min(window.first, boundary.first), max(window.last, boundary.end)))
    return dissolves
