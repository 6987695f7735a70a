"""Soft changes of shot among measured pictures: fades through a flat picture, dissolves. Pure arithmetic.

A dissolve is told by its arithmetic: its pictures are mixtures of the first and the last, with ever more of the last.
A camera that pans, or somebody who walks through, leaves pictures that are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.vision.hard_cuts import CUT_MIN, Boundary, Floats, apart, likeness, unlike

Doubles = NDArray[np.float64]

DARK_LUMA = 26.0
"""Mean luma (limited range) under which nothing can be seen, if no block is brighter than ``DARK_BLOCK``."""
DARK_BLOCK = 44.0
FLAT_SPREAD = 3.0
"""Standard deviation of the blocks' luma (and chroma) under which a picture is one even colour."""
FLAT_MIN_MS = 80
"""A flat stretch that nothing fades into lasts at least this long."""
FADE_STEP = 0.015
"""Contrast that a fade gains or loses from picture to picture at least, in shares of the full one."""
FADE_MAX_MS = 3_000
LENGTHS_MS = (200, 280, 400, 560, 800, 1_120, 1_600, 2_200)
"""Windows in which dissolves are looked for: each true length has one within a fifth of it."""
FAR_MIN = 0.3
"""Least difference of the ends of a dissolve."""
ALIKE_MAX = 0.8
"""Likeness of ends that are the same scene."""
REST_MAX = 0.25
"""What in a picture of a dissolve is no mixture of its ends, in shares of their distance."""
MIXED_AT = ((0.25, 0.06, 0.48), (0.5, 0.3, 0.7), (0.75, 0.52, 0.94))
"""Places in the window, and how much of the second picture may be in the mixture there."""
STEP_MAX = 0.5
"""More of the change in one picture is a cut."""
SHORTEST = 5
"""Pictures of a dissolve; fewer are a blended cut, or something that moves."""
CALM_MAX = 0.6
"""Outside of the window pictures change by at most this share of what they change inside: a pan goes on."""
CALM_OF_REST = 2.5
"""So much more may go on outside, the purer the mixture is: people move on before and after a dissolve."""


class _Window(msgspec.Struct, frozen=True, kw_only=True):
    first: int
    last: int
    score: float
    rest: float


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def flat_runs(luma: Floats, spread: Floats) -> list[tuple[int, int]]:
    """Half-open runs of pictures in which nothing can be seen: black, or one even colour.

    ``luma`` (n, blocks) and the standard deviations of the blocks of each channel, ``spread`` (n, 3).
    """
    dark = (luma.mean(axis=1) < DARK_LUMA) & (luma.max(axis=1) < DARK_BLOCK)
    return runs(dark | (spread.max(axis=1) < FLAT_SPREAD))


def _foot(contrast: Floats, edge: int, step: int, most: int) -> int:
    """From the edge of a flat run outwards: the last picture that still grows in contrast (``step`` -1 or 1)."""
    place, full = edge, float(contrast[edge])
    for _ in range(most):
        ahead = place + 2 * step
        if not 0 <= ahead < len(contrast) or contrast[ahead] - contrast[place] < 2 * FADE_STEP * max(full, 20.0):
            break
        place, full = place + step, max(full, float(contrast[ahead]))
    return place


def fades(at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats) -> list[Boundary]:
    """One boundary in the middle of each flat stretch between two scenes: the crop may change there unseen."""
    channels = np.ascontiguousarray(blocks.reshape(len(blocks), -1, 3).transpose(0, 2, 1))
    spread, picture_ms = channels.std(axis=2), _picture_ms(at_ms)
    contrast, found = spread[:, 0], []
    for start, end in flat_runs(channels[:, 0], spread):
        if end == len(at_ms) or (start + end) // 2 == 0:
            continue
        most = max(1, round(FADE_MAX_MS / picture_ms))
        before, after = _foot(contrast, start, -1, most), _foot(contrast, end - 1, 1, most)
        fading = start - before > 2 or after - end > 2
        if not fading and at_ms[end] - at_ms[start] < FLAT_MIN_MS:
            continue
        dark = float(blocks[start:end, ..., 0].mean()) < DARK_LUMA
        across = float(apart(blocks, histograms, max(0, before - 1), np.array([min(after + 1, len(at_ms) - 1)]))[0])
        if dark or across > CUT_MIN:
            found.append(Boundary(kind="fade", first=before, picture=(start + end) // 2, end=after + 1, strength=1.0))
    return found


def _picture_ms(at_ms: NDArray[np.int64]) -> float:
    return max(1.0, float(np.median(np.diff(at_ms)))) if len(at_ms) > 1 else 1.0


def products(pictures: Floats, lags: Iterable[int]) -> dict[int, Doubles]:
    """Inner products of each picture (n, numbers) with the one so many later, for each lag, shape (n - lag,).

    Shares and distances of any window follow from these few numbers, without touching the pictures again. Not a product
    of matrices: that would wake every core for a millisecond's work.
    """
    small = pictures - pictures.mean()  # small numbers keep their digits
    count = len(pictures)
    return {
        lag: np.einsum("ij,ij->i", small[: count - lag], small[lag:]).astype(np.float64) for lag in lags if lag < count
    }


def _windows(pictures: Floats, histograms: Floats, band: dict[int, Doubles], length: int) -> list[_Window]:
    """Windows of ``length`` steps whose pictures are ever later mixtures of their ends; ``band`` of ``products``."""
    count = len(pictures) - length
    if count <= 0:
        return []
    own, ends = band[0], band[length]
    first, last = own[:count], own[length:]
    size = np.maximum(first + last - 2 * ends, 1e-6)
    good, rest = np.ones(count, bool), np.zeros(count)
    for place, least, most in MIXED_AT:
        at = round(place * length)
        from_first, from_last = band[at][:count], band[length - at][at : at + count]
        gone = own[at : at + count] + first - 2 * from_first
        share = (from_last - from_first - ends + first) / size
        left = np.sqrt(np.maximum(0.0, gone / size - share * share))
        good &= (share > least) & (share < most) & (left < REST_MAX)
        rest += left
    places = np.flatnonzero(good)
    after = places + length
    far = unlike((pictures[places], histograms[places]), (pictures[after], histograms[after]))
    score = far * (1.0 - rest[places] / (3 * REST_MAX)) * length**0.25
    return [
        _Window(first=place, last=place + length, score=float(value), rest=float(rest[place]) / len(MIXED_AT))
        for place, value, how_far in zip(places.tolist(), score, far, strict=True)
        if how_far > FAR_MIN
    ]


def _is_dissolve(pictures: Floats, step: Floats, window: _Window) -> bool:
    """True where the change is spread over the window, ends with it, and leads to another scene."""
    inside = step[window.first + 1 : window.last + 1]
    length = window.last - window.first
    side = max(2, length // 3)
    gap = float(np.linalg.norm(pictures[window.last] - pictures[window.first]))
    if float(inside.max()) > STEP_MAX * gap:
        return False
    before, after = step[max(1, window.first + 1 - side) : window.first + 1], step[window.last + 1 :][:side]
    outside = max((float(np.mean(part)) for part in (before, after) if len(part)), default=0.0)
    ends = [pictures[place].reshape(-1, 3)[None] for place in (window.first, window.last)]
    most = CALM_MAX + CALM_OF_REST * max(0.0, REST_MAX - window.rest)
    return outside < most * float(np.mean(inside)) and likeness(ends[0], ends[1]) < ALIKE_MAX


def _placed(pictures: Floats, window: _Window, busy: Sequence[tuple[int, int]]) -> Boundary:
    """Exact range of a dissolve: where a quarter, half and three quarters of the change are done, drawn out."""
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


def dissolves(
    at_ms: NDArray[np.int64], blocks: Floats, histograms: Floats, taken: Sequence[tuple[int, int]]
) -> list[Boundary]:
    """Dissolves outside of what is ``taken`` (half-open runs of pictures that cuts and fades explain)."""
    if len(at_ms) < 6:
        return []
    pictures = np.ascontiguousarray(blocks.reshape(len(blocks), -1))
    lengths = sorted({max(4, round(length / _picture_ms(at_ms))) for length in LENGTHS_MS})
    inner = {round(place * length) for length in lengths for place, _, _ in MIXED_AT}
    rest = {length - round(place * length) for length in lengths for place, _, _ in MIXED_AT}
    band = products(pictures, sorted({0, 1, *lengths, *inner, *rest}))
    windows = [window for length in lengths for window in _windows(pictures, histograms, band, length)]
    step = np.r_[0.0, np.sqrt(np.maximum(0.0, band[0][:-1] + band[0][1:] - 2 * band[1]))].astype(np.float32)
    busy, found = list(taken), list[Boundary]()
    for window in sorted(windows, key=lambda one: (-one.score, one.first)):
        free = all(window.last < start or window.first >= end for start, end in busy)
        if free and _is_dissolve(pictures, step, window):
            boundary = _placed(pictures, window, busy)
            if boundary.end - boundary.first < SHORTEST:
                continue
            found.append(boundary)
            busy.append((min(window.first, boundary.first), max(window.last, boundary.end)))
    return found
