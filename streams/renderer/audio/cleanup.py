"""Audio cleanup without delay: a high-pass filter against rumble, and repair of single clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.renderer.audio.loudness import RATE_HZ, Sound

HIGH_PASS_HZ = 80.0
"""Cutoff of the high-pass filter. Low voices begin at about 85 Hz."""
FILTER_ORDER = 4
"""Order of the Butterworth high-pass."""
BLOCK_SAMPLES = RATE_HZ // 100
"""A sample is compared with the 10 ms around it to find clicks."""
MIN_CLICK_RATIO = 8.0
"""Second difference of a click, relative to nearly all samples around it.

Plosives reach 4; glottal pulses come in rows.
"""
MIN_CLICK_CURVATURE = 0.003
"""Smallest second difference of a click, of full scale; quieter ones are inaudible."""
MAX_CLICK_SAMPLES = RATE_HZ // 1000
"""Longest click, 1 ms: longer events are sounds."""
CLICK_MARGIN_SAMPLES = 3
"""Samples replaced on each side of a click."""
AR_ORDER, AR_CONTEXT_SAMPLES = 32, 512
MAX_CLICKS_PER_S = 30
"""With more clicks a second than this, they are part of the sound itself and stay."""
Samples = NDArray[np.float64]


def apply_high_pass(sound: Sound, cutoff_hz: float = HIGH_PASS_HZ) -> Sound:
    """Remove what lies below a cutoff (-3 dB there; Butterworth magnitude, zero phase)."""
    size = 1 << (len(sound) + RATE_HZ).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32)
    below = (cutoff_hz / np.maximum(frequency, 1.0)) ** (2 * FILTER_ORDER)
    response = (1 / np.sqrt(1 + below)).astype(np.float32)
    channels = [np.fft.irfft(np.fft.rfft(sound[:, side], size) * response, size)[: len(sound)] for side in range(2)]
    return np.stack(channels, axis=1).astype(np.float32)


def remove_clicks(sound: Sound) -> tuple[Sound, int]:
    """Replace single clicks by a prediction from their surroundings.

    Returns the sound and the number of clicks.
    """
    result, count = sound, 0
    for side in range(2):
        channel_clicks = find_clicks(sound[:, side])
        if not channel_clicks or len(channel_clicks) > MAX_CLICKS_PER_S * max(1.0, len(sound) / RATE_HZ):
            continue
        result = sound.copy() if result is sound else result
        for start, end in channel_clicks:
            result[start:end, side] = _interpolate_click(result[:, side], start, end)
        count = max(count, len(channel_clicks))
    return result, count


def find_clicks(channel: NDArray[np.float32]) -> list[tuple[int, int]]:
    """First sample and end of each click in a channel."""
    curvature = np.abs(np.diff(channel, n=2, prepend=channel[:1], append=channel[-1:]))
    blocks = -(-len(curvature) // BLOCK_SAMPLES)
    block_curvature = np.pad(curvature, (0, blocks * BLOCK_SAMPLES - len(curvature))).reshape(blocks, BLOCK_SAMPLES)
    typical = np.partition(block_curvature, -BLOCK_SAMPLES // 12, axis=1)[
        :, -BLOCK_SAMPLES // 12
    ]  # of the block's own, all but its highest twelfth: a click of a ms is not in it
    padded_typical = np.pad(typical, 2, mode="edge")
    nearby = np.max([padded_typical[shift : shift + blocks] for shift in range(5)], axis=0)
    limit = np.maximum(MIN_CLICK_RATIO * np.repeat(nearby, BLOCK_SAMPLES)[: len(curvature)], MIN_CLICK_CURVATURE)
    at = np.nonzero(curvature > limit)[0]
    if not len(at):
        return []
    runs = np.split(at, np.nonzero(np.diff(at) > MAX_CLICK_SAMPLES // 2)[0] + 1)
    ranges = [
        (max(AR_ORDER, int(run[0]) - CLICK_MARGIN_SAMPLES), int(run[-1]) + CLICK_MARGIN_SAMPLES + 1) for run in runs
    ]
    return [
        (start, end)
        for start, end in ranges
        if start < end <= len(channel) - AR_ORDER and end - start <= MAX_CLICK_SAMPLES
    ]


def _interpolate_click(channel: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
    """Samples that minimise the linear prediction error around the gap (Janssen, Veldhuis, Vries 1986)."""
    first, last = max(0, start - AR_CONTEXT_SAMPLES), min(len(channel), end + AR_CONTEXT_SAMPLES)
    piece = channel[first:last].astype(np.float64)
    gap = slice(start - first, end - first)
    piece[gap] = np.linspace(piece[gap.start - 1], piece[gap.stop], gap.stop - gap.start + 2)[1:-1]
    for _ in range(2):
        matrix, first_used = _prediction_error_matrix(piece, gap)
        unknown = slice(gap.start - first_used, gap.stop - first_used)
        known_samples = piece[first_used : first_used + matrix.shape[1]].copy()
        known_samples[unknown] = 0
        piece[gap] = np.linalg.lstsq(matrix[:, unknown], -matrix @ known_samples, rcond=None)[0]
    return piece[gap].astype(np.float32)


def _prediction_error_matrix(piece: Samples, gap: slice) -> tuple[Samples, int]:
    """Matrix of the prediction errors in which the gap takes part.

    Returns shape (rows, samples), and the sample of the piece that the first column stands for.
    """
    predecessors = np.ascontiguousarray(
        np.lib.stride_tricks.sliding_window_view(piece, AR_ORDER)[: len(piece) - AR_ORDER]
    )
    loaded = predecessors.T @ predecessors + 1e-6 * float(piece @ piece + 1e-12) * np.eye(AR_ORDER)
    weights = np.linalg.solve(loaded, predecessors.T @ piece[AR_ORDER:])
    first = max(0, gap.start - AR_ORDER)
    rows = min(gap.stop, len(piece) - AR_ORDER) - first
    matrix = np.zeros((rows, rows + AR_ORDER))
    for row in range(rows):
        matrix[row, row : row + AR_ORDER] = -weights
        matrix[row, row + AR_ORDER] = 1.0
    return matrix, first
