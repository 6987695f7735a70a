"""Short-time spectra of 16 kHz sound, block by block, and band weights. Pure; never opens media."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32, Int16

RATE_HZ = 16_000
FULL_SCALE = 32768.0
BLOCK_FRAMES = 2048
"""Frames worked on at once: 2048 spectra are 8 MiB, and stay in the processor's cache better than an hour's."""


def hann(size: int) -> Float32:
    """The periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def frame_count(samples: int, hop: int) -> int:
    """How many frames a sound has: one a ``hop``, the last one may be partly beyond the end."""
    return -(-samples // hop)


def power_blocks(samples: Int16, *, size: int, hop: int, padded: int) -> Iterator[Float32]:
    """Power spectra, float32 (up to ``BLOCK_FRAMES``, padded // 2 + 1), of frames centred on each hop's middle.

    Scaled so that a frame's spectrum sums to its mean square (full scale 1.0, the window's own power taken out).
    """
    window = hann(size)
    scale = np.float32(2.0 / (padded * float(np.square(window).sum()) * FULL_SCALE**2))
    lead = (size - hop) // 2
    count = frame_count(samples.size, hop)
    for first in range(0, count, BLOCK_FRAMES):
        frames = min(BLOCK_FRAMES, count - first)
        start, end = first * hop - lead, (first + frames - 1) * hop - lead + size
        piece = np.zeros(end - start, dtype=np.float32)
        inside = samples[max(0, start) : min(samples.size, end)]
        piece[max(0, -start) : max(0, -start) + inside.size] = inside
        looks = np.lib.stride_tricks.sliding_window_view(piece, size)[::hop]
        spectra = np.fft.rfft(looks * window, padded, axis=1)
        power = np.square(spectra.real) + np.square(spectra.imag)
        power[:, 0] *= 0.5
        yield (power * scale).astype(np.float32, copy=False)


def bin_hz(padded: int) -> NDArray[np.float64]:
    """Frequency of each bin of a transform of ``padded`` points."""
    return np.arange(padded // 2 + 1) * RATE_HZ / padded


def k_weights(padded: int) -> Float32:
    """Power gain of the K curve at each bin: BS.1770-5's filters (tables 1 and 2, at 48 kHz), up to 8 kHz."""
    z = np.exp(2j * np.pi * bin_hz(padded) / 48_000)
    shelf = np.polyval((1.53512485958697, -2.69169618940638, 1.19839281085285), z)
    shelf /= np.polyval((1.0, -1.69065929318241, 0.73248077421585), z)
    high_pass = np.polyval((1.0, -2.0, 1.0), z) / np.polyval((1.0, -1.99004745483398, 0.99007225036621), z)
    return (np.abs(shelf * high_pass) ** 2).astype(np.float32)


def mel_bands(padded: int, bands: int, low_hz: float, high_hz: float) -> Float32:
    """Triangles evenly spaced in mel (O'Shaughnessy's formula), float32 (padded // 2 + 1, bands)."""
    hz = bin_hz(padded)
    edges = 700 * (np.exp(np.linspace(_mel(low_hz), _mel(high_hz), bands + 2) / 1127) - 1)
    rising = (hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float32)


def _mel(hz: float) -> float:
    return float(1127 * np.log1p(hz / 700))
