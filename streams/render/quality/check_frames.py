"""Black and frozen pictures, and how like the source's crop the sampled ones are. Never counts a caption as damage."""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.documents.quality import Check, judged
from streams.render.quality.probe import Still
from streams.render.quality.reference_frames import UInt8
from streams.render.quality.subject import Case, not_there

BLACK = 24
"""Mean luma of a black picture; its lightest points, but for a few (a caption), are darker than `DARK`."""
DARK = 40
STILL_BYTES = 60
STILL_POINTS_A_BYTE = 40_000
"""An H.264 picture in which no block changes has no more bytes than this for its pixels."""
SIZES_TELL = "h264"
"""Of the other codecs each picture stands for itself, or shares its bytes with others, or has few where it moves."""
MOVED = 1.0
"""Mean difference, of 255, of two painted pictures that are not the same."""
WINDOW = 8
INK = 48
"""A point that differs this much from what was painted belongs to a caption, or is badly broken."""
MOST_INK = 0.5
"""Of a window's points: with more it is no caption over a picture but another picture."""


def check_pictures(case: Case) -> list[Check]:
    """Black, frozen, SSIM."""
    return [_black(case), _frozen(case), _ssim(case)]


def _black(case: Case) -> Check:
    stills, bound = case.film.stills, case.meant.limits.black
    if not stills:
        return judged("black", None, "share", bound, detail=not_there(case, "no picture could be decoded"))
    black = [still for still in stills if is_black(still.luma)]
    lost = [one for one in black if not _painted_black(case, one.number)]
    period_ms = float(case.meant.timeline.period_ms)
    detail = f"{len(black)} of {len(stills)} sampled pictures are black, {len(black) - len(lost)} of them in the source"
    at_ms = [one.number * period_ms for one in lost]
    return judged("black", len(lost) / len(stills), "share", bound, detail=detail, at_ms=at_ms)


def is_black(luma: UInt8) -> bool:
    """Whether nothing can be seen, a caption set aside."""
    return float(np.median(luma)) <= BLACK and float(np.percentile(luma, 90)) <= DARK


def _painted_black(case: Case, number: int) -> bool:
    painted = case.meant.witness.luma(number)
    return painted is not None and is_black(painted)


def _frozen(case: Case) -> Check:
    """The longest stretch that stands still in the file where the source moves, or could not be read."""
    limits, period_ms = case.meant.limits, float(case.meant.timeline.period_ms)
    still = _still_by_bytes(case) if case.meant.file.video == SIZES_TELL else _still_by_sight(case)
    if not still:
        why = not_there(case, "no pictures of the file could be compared")
        return judged("frozen", None, "ms", limits.frozen_ms, detail=why)
    worst, at_ms = 0.0, list[float]()
    for stands, run in groupby(range(len(still)), key=still.__getitem__):
        slots = list(run)
        lasts_ms = len(slots) * period_ms
        if stands and lasts_ms > limits.frozen_ms.limit and _moves(case, slots[0], slots[-1]):
            worst = max(worst, lasts_ms)
            at_ms.append(slots[0] * period_ms)
    return judged("frozen", worst, "ms", limits.frozen_ms, at_ms=at_ms)


def _still_by_bytes(case: Case) -> list[bool]:
    """Which slots show what the slot before shows, as the bytes of their pictures tell."""
    bytes_still = STILL_BYTES + case.meant.size_px[0] * case.meant.size_px[1] / STILL_POINTS_A_BYTE
    same, keys = _same_keys(case), set(case.film.keys)
    return [number in same if number in keys else size <= bytes_still for number, size in enumerate(case.film.sizes)]


def _still_by_sight(case: Case) -> list[bool]:
    """The same from the sampled pictures alone: what comes between two that show the same is taken for still."""
    stills = case.film.stills
    still = [False] * (stills[-1].number + 1 if len(stills) > 1 else 0)
    for one, other in pairwise(stills):
        if _shows_what_was(case, one, other):
            still[one.number : other.number] = [True] * (other.number - one.number)
    return still


def _shows_what_was(case: Case, one: Still, other: Still) -> bool:
    """Whether ``other`` is like what was painted at the time of ``one`` rather than at its own; captions set aside."""
    before, own = case.meant.witness.luma(one.number), case.meant.witness.luma(other.number)
    if before is None or own is None or own.shape != other.luma.shape:
        return not _differ(one.luma, other.luma)
    return _apart(other.luma, own) - _apart(other.luma, before) > MOVED


def _apart(one: UInt8, other: UInt8) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _same_keys(case: Case) -> set[int]:
    """Key pictures that look as the sampled one before them, and those between two such: of a long clip not each is
    sampled. Where nothing came between, the file stands still.
    """
    alike = [(one, other) for one, other in pairwise(case.film.stills) if not _differ(one.luma, other.luma)]
    return {key for one, other in alike for key in case.film.keys if one.number < key <= other.number}


def _moves(case: Case, first: int, last: int) -> bool:
    """Whether what was painted there moved: a source that stands still may.

    Of chunks that were taken from an earlier file little is painted: where they stand still they did so there.
    """
    seen = case.meant.witness.seen
    if case.meant.source_lost:
        return True
    found = [seen[number].luma for number in range(first, last + 1) if number in seen]
    painted = [luma for luma in found if luma is not None]
    return any(_differ(painted[0], one) for one in painted[:: max(1, len(painted) // 16)])


def _differ(one: UInt8, other: UInt8) -> bool:
    return one.shape != other.shape or (one is not other and _apart(one, other) > MOVED)


def _ssim(case: Case) -> Check:
    found = []
    for still in case.film.stills:
        painted = case.meant.witness.luma(still.number)
        if painted is not None and painted.shape == still.luma.shape:
            found.append((ssim(painted, still.luma), still.number))
    bound = case.meant.limits.ssim
    if not found:
        why = not_there(case, "no sampled picture has its like before encoding")
        return judged("ssim", None, "", bound, detail=why)
    worst, number = min(found)
    mean = sum(value for value, _ in found) / len(found)
    at_ms = [number * float(case.meant.timeline.period_ms)]
    return judged("ssim", mean, "", bound, detail=f"{len(found)} pictures, the worst {worst:.3f}", at_ms=at_ms)


def ssim(painted: UInt8, found: UInt8) -> float:
    """Mean structural similarity over windows of 8 x 8 points (Wang et al. 2004); windows under a caption left out."""
    one, other = _windows(painted), _windows(found)
    inked = (np.abs(one - other) > INK).mean(axis=1)
    plain = (inked == 0) | (inked > MOST_INK)
    if not plain.any():
        plain[:] = True
    one, other = one[plain], other[plain]
    means = one.mean(axis=1), other.mean(axis=1)
    spreads = one.var(axis=1), other.var(axis=1)
    together = ((one - means[0][:, None]) * (other - means[1][:, None])).mean(axis=1)
    small, smaller = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * means[0] * means[1] + small) * (2 * together + smaller)
    alike /= (means[0] ** 2 + means[1] ** 2 + small) * (spreads[0] + spreads[1] + smaller)
    return float(alike.mean())


def _windows(luma: UInt8) -> NDArray[np.float64]:
    height, width = (length // WINDOW * WINDOW for length in luma.shape)
    cut = luma[:height, :width].astype(np.float64).reshape(height // WINDOW, WINDOW, width // WINDOW, WINDOW)
    return cut.swapaxes(1, 2).reshape(-1, WINDOW * WINDOW)
