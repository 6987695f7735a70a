"""Short-time power spectra of 16 kHz audio, block by block, with K weighting and mel bands. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32, Int16

RATE_HZ = 16_000
"""Sample rate of the audio."""
PCM_FULL_SCALE = 32768.0
"""Amplitude of 0 dBFS in 16-bit samples."""
BLOCK_FRAMES = 2048
"""Frames worked on at once: 2048 spectra are 8 MiB and stay in the processor's cache, unlike an hour's."""


def hann_window(size: int) -> Float32:
    """Return the periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def count_frames(samples: int, hop: int) -> int:
    """Count the frames of a sound: one a ``hop``; the last one may reach beyond the end."""
    return -(-samples // hop)


def compute_power_blocks(samples: Int16, *, size: int, hop: int, padded: int) -> Iterator[Float32]:
    """Yield blocks of power spectra, float32 (frames, padded // 2 + 1), one frame centred on each hop.

    A block has up to ``BLOCK_FRAMES`` frames. Scaled so that a frame's spectrum sums to its mean square (full
    scale 1.0, the window's own power taken out).
    """
    window = hann_window(size)
    scale = np.float32(2.0 / (padded * float(np.square(window).sum()) * PCM_FULL_SCALE**2))
    lead_samples = (size - hop) // 2
    count = count_frames(samples.size, hop)
    for first in range(0, count, BLOCK_FRAMES):
        frames = min(BLOCK_FRAMES, count - first)
        start, end = first * hop - lead_samples, (first + frames - 1) * hop - lead_samples + size
        padded_samples = np.zeros(end - start, dtype=np.float32)
        inside = samples[max(0, start) : min(samples.size, end)]
        padded_samples[max(0, -start) : max(0, -start) + inside.size] = inside
        frame_view = np.lib.stride_tricks.sliding_window_view(padded_samples, size)[::hop]
        spectra = np.fft.rfft(frame_view * window, padded, axis=1)
        power = np.square(spectra.real) + np.square(spectra.imag)
        power[:, 0] *= 0.5
        yield (power * scale).astype(np.float32, copy=False)


def bin_frequencies_hz(padded: int) -> NDArray[np.float64]:
    """Return the frequency of each bin of a transform of ``padded`` points."""
    return np.arange(padded // 2 + 1) * RATE_HZ / padded


def k_weights(padded: int) -> Float32:
    """Return the power gain of the K curve at each bin, up to 8 kHz.

    The filters of BS.1770-5 (tables 1 and 2, at 48 kHz).
    """
    z = np.exp(2j * np.pi * bin_frequencies_hz(padded) / 48_000)
    shelf = np.polyval((1.53512485958697, -2.69169618940638, 1.19839281085285), z)
    shelf /= np.polyval((1.0, -1.69065929318241, 0.73248077421585), z)
    high_pass = np.polyval((1.0, -2.0, 1.0), z) / np.polyval((1.0, -1.99004745483398, 0.99007225036621), z)
    return (np.abs(shelf * high_pass) ** 2).astype(np.float32)


def mel_bands(padded: int, bands: int, low_hz: float, high_hz: float) -> Float32:
    """Return triangular filters evenly spaced in mel, float32 (padded // 2 + 1, bands).

    O'Shaughnessy's formula.
    """
    hz = bin_frequencies_hz(padded)
    edges = 700 * (np.exp(np.linspace(_mel(low_hz), _mel(high_hz), bands + 2) / 1127) - 1)
    rising = (hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float32)


def _mel(hz: float) -> float:
    return float(1127 * np.log1p(hz / 700))
