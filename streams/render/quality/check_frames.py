"""Checks for black and frozen frames, and compares sampled frames with their references.

Captions are ignored.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from schemas.documents.quality import Check, make_check
from streams.render.quality.probe import SampledFrame
from streams.render.quality.reference_frames import UInt8, sample_stride_px
from streams.render.quality.subject import CheckSubject, unmeasured_reason

MAX_BLACK_LUMA_LEVEL = 24
"""Median luma of a black frame."""
MAX_DARK_LUMA_LEVEL = 40
"""Luma below which 90 % of a black frame lies; the rest may be a caption."""
MAX_STILL_BYTES = 60
"""Bytes of an H.264 frame in which no block changes, before those for its pixels."""
STILL_PIXELS_PER_BYTE = 40_000
"""Pixels for each further byte of such a frame."""
SIZE_CHECKED_CODEC = "h264"
"""The codec whose frame sizes reveal still frames; others share bytes between frames, or have few where it moves."""
MIN_MOTION_LEVELS = 1.0
"""Mean luma difference (of 255) of two different frames."""
SSIM_WINDOW_POINTS = 8
"""Side of an SSIM window."""
MIN_INK_LEVELS = 48
"""Luma difference of a point that belongs to a caption, or is badly damaged."""
MAX_INK_RATIO = 0.5
"""Share of such points in a window under a caption; with more, the frame is a different one."""


def check_frames(subject: CheckSubject) -> list[Check]:
    """Check black frames, frozen frames and SSIM."""
    return [_check_black(subject), _check_frozen(subject), _check_ssim(subject)]


def _check_black(subject: CheckSubject) -> Check:
    stills, bound = subject.probed.stills, subject.expected.limits.black
    if not stills:
        return make_check(
            "black", None, "share", bound, detail=unmeasured_reason(subject, "no picture could be decoded")
        )
    black = [still for still in stills if is_black(still.luma)]
    unexpected = [frame for frame in black if not _is_reference_black(subject, frame.number)]
    period_ms = float(subject.expected.timeline.period_ms)
    in_source = len(black) - len(unexpected)
    detail = f"{len(black)} of {len(stills)} sampled pictures are black, {in_source} of them in the source"
    at_ms = [frame.number * period_ms for frame in unexpected]
    return make_check("black", len(unexpected) / len(stills), "share", bound, detail=detail, at_ms=at_ms)


def is_black(luma: UInt8) -> bool:
    """Whether a frame is black, captions ignored."""
    return float(np.median(luma)) <= MAX_BLACK_LUMA_LEVEL and float(np.percentile(luma, 90)) <= MAX_DARK_LUMA_LEVEL


def _is_reference_black(subject: CheckSubject, number: int) -> bool:
    painted = subject.expected.reference.luma(number)
    return painted is not None and is_black(painted)


def _check_frozen(subject: CheckSubject) -> Check:
    """The longest range that is still in the file where the source moves or could not be read."""
    limits, period_ms = subject.expected.limits, float(subject.expected.timeline.period_ms)
    still = (
        _unchanged_by_size(subject)
        if subject.expected.file.video == SIZE_CHECKED_CODEC
        else _unchanged_by_luma(subject)
    )
    if not still:
        reason = unmeasured_reason(subject, "no pictures of the file could be compared")
        return make_check("frozen", None, "ms", limits.frozen_ms, detail=reason)
    worst, at_ms = 0.0, list[float]()
    for is_still, run in groupby(range(len(still)), key=still.__getitem__):
        slots = list(run)
        lasts_ms = len(slots) * period_ms
        if is_still and lasts_ms > limits.frozen_ms.limit and _reference_moves(subject, slots[0], slots[-1]):
            worst = max(worst, lasts_ms)
            at_ms.append(slots[0] * period_ms)
    return make_check("frozen", worst, "ms", limits.frozen_ms, at_ms=at_ms)


def _unchanged_by_size(subject: CheckSubject) -> list[bool]:
    """Slots that repeat the slot before, by the size of their packets."""
    bytes_still = MAX_STILL_BYTES + subject.expected.size_px[0] * subject.expected.size_px[1] / STILL_PIXELS_PER_BYTE
    same, keys = _repeated_keys(subject), set(subject.probed.keys)
    return [
        number in same if number in keys else size <= bytes_still for number, size in enumerate(subject.probed.sizes)
    ]


def _unchanged_by_luma(subject: CheckSubject) -> list[bool]:
    """Slots that repeat the slot before, from sampled frames: what lies between two equal ones is still."""
    stills = subject.probed.stills
    still = [False] * (stills[-1].number + 1 if len(stills) > 1 else 0)
    for previous, current in pairwise(stills):
        if _repeats_previous(subject, previous, current):
            still[previous.number : current.number] = [True] * (current.number - previous.number)
    return still


def _repeats_previous(subject: CheckSubject, previous: SampledFrame, current: SampledFrame) -> bool:
    """Whether ``current`` matches the reference of ``previous`` better than its own; captions ignored."""
    reference = subject.expected.reference
    before, now = reference.luma(previous.number), reference.luma(current.number)
    if before is None or now is None or now.shape != current.luma.shape:
        return not _is_different(previous.luma, current.luma)
    return _mean_difference(current.luma, now) - _mean_difference(current.luma, before) > MIN_MOTION_LEVELS


def _mean_difference(first: UInt8, second: UInt8) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def _repeated_keys(subject: CheckSubject) -> set[int]:
    """Key frames equal to the sampled one before them, and those between.

    In long clips only some key frames are sampled; where none came between two equal ones, the file stands still.
    """
    equal_pairs = [
        (previous, current)
        for previous, current in pairwise(subject.probed.stills)
        if not _is_different(previous.luma, current.luma)
    ]
    return {
        key
        for previous, current in equal_pairs
        for key in subject.probed.keys
        if previous.number < key <= current.number
    }


def _reference_moves(subject: CheckSubject, first: int, last: int) -> bool:
    """Whether the reference moves there.

    Reused segments have few references: where they are still, so they were in the earlier file.
    """
    references = subject.expected.reference.frames
    if subject.expected.is_source_lost:
        return True
    frames = [references[number].luma for number in range(first, last + 1) if number in references]
    painted = [luma for luma in frames if luma is not None]
    return any(_is_different(painted[0], later) for later in painted[:: max(1, len(painted) // 16)])


def _is_different(first: UInt8, second: UInt8) -> bool:
    return first.shape != second.shape or (first is not second and _mean_difference(first, second) > MIN_MOTION_LEVELS)


def _check_ssim(subject: CheckSubject) -> Check:
    scores = []
    for still in subject.probed.stills:
        painted = subject.expected.reference.luma(still.number)
        if painted is not None and painted.shape == still.luma.shape:
            covered = _covered_points(subject, still.number, painted.shape)
            scores.append((measure_ssim(painted, still.luma, covered), still.number))
    bound = subject.expected.limits.ssim
    if not scores:
        reason = unmeasured_reason(subject, "no sampled picture has its like before encoding")
        return make_check("ssim", None, "", bound, detail=reason)
    worst, number = min(scores)
    mean = sum(value for value, _ in scores) / len(scores)
    at_ms = [number * float(subject.expected.timeline.period_ms)]
    return make_check("ssim", mean, "", bound, detail=f"{len(scores)} pictures, the worst {worst:.3f}", at_ms=at_ms)


def _covered_points(subject: CheckSubject, number: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The points of a slot under a plate of captions, shape (h, w): they differ as they should."""
    covered = np.zeros(shape, np.bool_)
    step, period_ms = sample_stride_px(*subject.expected.size_px), float(subject.expected.timeline.period_ms)
    for start_ms, end_ms, box in subject.expected.plates:
        if start_ms - period_ms <= number * period_ms < end_ms + period_ms:
            top, left = max(0, int(box.y // step)), max(0, int(box.x // step))
            covered[top : ceil((box.y + box.height) / step), left : ceil((box.x + box.width) / step)] = True
    return covered


def measure_ssim(painted: UInt8, decoded: UInt8, covered: NDArray[np.bool_] | None = None) -> float:
    """Mean SSIM over windows of 8 x 8 points (Wang et al. 2004), without windows under captions.

    ``covered``: further points that do not count.
    """
    painted_windows, decoded_windows = _split_windows(painted), _split_windows(decoded)
    inked = (np.abs(painted_windows - decoded_windows) > MIN_INK_LEVELS).mean(axis=1)
    plain = (inked == 0) | (inked > MAX_INK_RATIO)
    if covered is not None:
        plain &= ~_split_windows(covered).any(axis=1)
    # Letters everywhere: measure all windows rather than none.
    if not plain.any():
        plain[:] = True
    painted_windows, decoded_windows = painted_windows[plain], decoded_windows[plain]
    means = painted_windows.mean(axis=1), decoded_windows.mean(axis=1)
    spreads = painted_windows.var(axis=1), decoded_windows.var(axis=1)
    together = ((painted_windows - means[0][:, None]) * (decoded_windows - means[1][:, None])).mean(axis=1)
    small, smaller = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * means[0] * means[1] + small) * (2 * together + smaller)
    similarity /= (means[0] ** 2 + means[1] ** 2 + small) * (spreads[0] + spreads[1] + smaller)
    return float(similarity.mean())


def _split_windows(luma: UInt8 | NDArray[np.bool_]) -> NDArray[np.float64]:
    height, width = (length // SSIM_WINDOW_POINTS * SSIM_WINDOW_POINTS for length in luma.shape)
    cut = (
        luma[:height, :width]
        .astype(np.float64)
        .reshape(height // SSIM_WINDOW_POINTS, SSIM_WINDOW_POINTS, width // SSIM_WINDOW_POINTS, SSIM_WINDOW_POINTS)
    )
    return cut.swapaxes(1, 2).reshape(-1, SSIM_WINDOW_POINTS * SSIM_WINDOW_POINTS)
