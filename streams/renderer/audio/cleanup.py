"""What takes hum of the building and single clicks out of sound, with no delay. Changes no level, judges no noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.renderer.audio.loudness import RATE_HZ, Sound

LOWEST_HZ = 80.0
"""Low voices begin at about 85 Hz."""
ORDER = 4
BLOCK = RATE_HZ // 100
"""A click is told by what is around it: 10 ms either side."""
STANDS_OUT = 8.0
"""How much more bent than nearly all of its surroundings a click is; plosives reach 4, glottal pulses come in rows."""
LEAST_BEND = 0.003
LONGEST = RATE_HZ // 1000
"""A ms: what lasts longer is a sound."""
MARGIN = 3
AR_ORDER, AROUND = 32, 512
MOST_A_SECOND = 30
"""More of them are no clicks but the sound itself."""
Samples = NDArray[np.float64]


def high_passed(sound: Sound, lowest_hz: float = LOWEST_HZ) -> Sound:
    """The sound without what lies below a frequency, where it is 3 dB down (Butterworth, its phase left alone)."""
    size = 1 << (len(sound) + RATE_HZ).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32)
    below = (lowest_hz / np.maximum(frequency, 1.0)) ** (2 * ORDER)
    response = (1 / np.sqrt(1 + below)).astype(np.float32)
    channels = [np.fft.irfft(np.fft.rfft(sound[:, side], size) * response, size)[: len(sound)] for side in range(2)]
    return np.stack(channels, axis=1).astype(np.float32)


def declicked(sound: Sound) -> tuple[Sound, int]:
    """The sound with single clicks replaced by what their surroundings lead one to expect, and how many those were."""
    result, count = sound, 0
    for side in range(2):
        found = clicks(sound[:, side])
        if not found or len(found) > MOST_A_SECOND * max(1.0, len(sound) / RATE_HZ):
            continue
        result = sound.copy() if result is sound else result
        for start, end in found:
            result[start:end, side] = _expected(result[:, side], start, end)
        count = max(count, len(found))
    return result, count


def clicks(channel: NDArray[np.float32]) -> list[tuple[int, int]]:
    """First sample and end of each click."""
    bend = np.abs(np.diff(channel, n=2, prepend=channel[:1], append=channel[-1:]))
    blocks = -(-len(bend) // BLOCK)
    tall = np.pad(bend, (0, blocks * BLOCK - len(bend))).reshape(blocks, BLOCK)
    usual = np.partition(tall, -BLOCK // 12, axis=1)[
        :, -BLOCK // 12
    ]  # of the block's own, all but its highest twelfth: a click of a ms is not in it
    wide = np.pad(usual, 2, mode="edge")
    around = np.max([wide[shift : shift + blocks] for shift in range(5)], axis=0)
    limit = np.maximum(STANDS_OUT * np.repeat(around, BLOCK)[: len(bend)], LEAST_BEND)
    at = np.nonzero(bend > limit)[0]
    if not len(at):
        return []
    runs = np.split(at, np.nonzero(np.diff(at) > LONGEST // 2)[0] + 1)
    found = [(max(AR_ORDER, int(run[0]) - MARGIN), int(run[-1]) + MARGIN + 1) for run in runs]
    return [(start, end) for start, end in found if start < end <= len(channel) - AR_ORDER and end - start <= LONGEST]


def _expected(channel: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
    """Samples that make a linear prediction of the surroundings err least (Janssen, Veldhuis, Vries 1986)."""
    first, last = max(0, start - AROUND), min(len(channel), end + AROUND)
    piece = channel[first:last].astype(np.float64)
    gap = slice(start - first, end - first)
    piece[gap] = np.linspace(piece[gap.start - 1], piece[gap.stop], gap.stop - gap.start + 2)[1:-1]
    for _ in range(2):
        matrix, first_used = _prediction_error(piece, gap)
        unknown = slice(gap.start - first_used, gap.stop - first_used)
        known = piece[first_used : first_used + matrix.shape[1]].copy()
        known[unknown] = 0
        piece[gap] = np.linalg.lstsq(matrix[:, unknown], -matrix @ known, rcond=None)[0]
    return piece[gap].astype(np.float32)


def _prediction_error(piece: Samples, gap: slice) -> tuple[Samples, int]:
    """Matrix that gives what a piece's own best linear prediction misses wherever the gap has a part in it.

    Shape (rows, samples), and the sample of the piece that its first column stands for.
    """
    past = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(piece, AR_ORDER)[: len(piece) - AR_ORDER])
    loaded = past.T @ past + 1e-6 * float(piece @ piece + 1e-12) * np.eye(AR_ORDER)
    weights = np.linalg.solve(loaded, past.T @ piece[AR_ORDER:])
    first = max(0, gap.start - AR_ORDER)
    rows = min(gap.stop, len(piece) - AR_ORDER) - first
    matrix = np.zeros((rows, rows + AR_ORDER))
    for row in range(rows):
        matrix[row, row : row + AR_ORDER] = -weights
        matrix[row, row + AR_ORDER] = 1.0
    return matrix, first
