"""Measures loudness and true peak by ITU-R BS.1770-5."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schemas.common import Value

Sound = NDArray[np.float32]
"""Stereo samples, shape (n, 2), full scale 1.0."""
Channel = NDArray[np.float32]
"""One channel, shape (n,)."""
Samples = NDArray[np.float64]

RATE_HZ = 48_000
"""Sample rate of all audio in the renderer."""
ABSOLUTE_GATE_LUFS = -70.0
"""Blocks below this loudness do not count (BS.1770-5, annex 1)."""
RELATIVE_GATE_LU = -10.0
"""Blocks this far below the mean of the others do not count (BS.1770-5, annex 1)."""
OVERSAMPLING_FACTOR = 4
"""Points per sample at which true peaks are measured (BS.1770-5, annex 2)."""
INTERPOLATION_TAPS = 16
"""Taps of the interpolation between two samples."""
BATCH_ROWS = 1024
"""Rows of `INTERPOLATION_TAPS` samples processed together: their products fit the processor's cache."""
FFT_SAMPLES = 1 << 17
"""Block length of the overlap-add filter."""


class Loudness(Value, frozen=True, kw_only=True):
    """Integrated loudness (None where nothing passes the gate) and true peak (None for digital silence)."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None


def measure_loudness(sound: Sound) -> Loudness:
    """Loudness and true peak of 48 kHz stereo."""
    peak = float(np.max(true_peaks(sound), initial=0.0))
    return Loudness(
        integrated_lufs=integrated_lufs(sound), true_peak_dbtp=20 * float(np.log10(peak)) if peak > 1e-6 else None
    )


def integrated_lufs(sound: Sound) -> float | None:
    """Gated loudness of 48 kHz stereo; None where nothing passes the gates, or below 400 ms."""
    return gated_lufs(weighted_power(sound, RATE_HZ // 10))


def weighted_power(sound: Sound, step: int) -> Samples:
    """Mean K-weighted power of each ``step`` samples, summed over both channels, shape (n,).

    Samples after the last full step are dropped.
    """
    steps = len(sound) // step
    total = np.zeros(steps)
    for channel, weight in distinct_channels(sound[: steps * step]):
        weighted = _k_weighted(channel)
        weighted *= weighted
        total += weight * weighted.reshape(steps, step).mean(axis=1, dtype=np.float64)
    return total


def distinct_channels(sound: Sound) -> list[tuple[Channel, int]]:
    """Channels to measure, each with its weight: most talks are mono on both sides, measured once."""
    left, right = np.ascontiguousarray(sound[:, 0]), np.ascontiguousarray(sound[:, 1])
    return [(left, 2)] if np.array_equal(left, right) else [(left, 1), (right, 1)]


def gated_lufs(power: Samples) -> float | None:
    """Loudness of power in steps of 100 ms (BS.1770-5, annex 1).

    Blocks of 400 ms every 100 ms, gated at -70 LUFS and at 10 LU below the mean of what passes the first gate.
    """
    if len(power) < 4:
        return None
    blocks = np.convolve(power, np.ones(4), "valid") / 4
    loud = blocks[blocks > power_from_lufs(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return None
    return lufs_from_power(float(loud[loud > loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)].mean()))


def power_from_lufs(lufs: float) -> float:
    """K-weighted power of a loudness."""
    return float(10 ** ((lufs + 0.691) / 10))


def lufs_from_power(power: float) -> float:
    """Loudness of a K-weighted power above 0."""
    return float(-0.691 + 10 * np.log10(power))


def _k_weighted(channel: Channel) -> Channel:
    """Apply the K curve as the impulse response of its two filters (FFT, overlap-add).

    Single precision loses what is 120 dB below the signal.
    """
    response, taps = _k_response()
    out = np.zeros(len(channel) + taps, np.float32)
    step = FFT_SAMPLES - taps + 1
    for start in range(0, len(channel), step):
        piece = channel[start : start + step]
        filtered = np.fft.irfft(np.fft.rfft(piece, FFT_SAMPLES) * response, FFT_SAMPLES)[: len(piece) + taps - 1]
        out[start : start + len(filtered)] += filtered
    return out[: len(channel)]


@lru_cache(maxsize=1)
def _k_response() -> tuple[NDArray[np.complex64], int]:
    """Spectrum of the K filters' impulse response at 48 kHz (coefficients: BS.1770-5 tables 1 and 2)."""
    shelf = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
    high_pass = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
    taps = 8192
    z = np.exp(-2j * np.pi * np.arange(FFT_SAMPLES // 2 + 1) / FFT_SAMPLES)
    exact = np.ones_like(z)
    for numerator, denominator in (shelf, high_pass):
        exact *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    impulse = np.fft.irfft(exact, FFT_SAMPLES)[:taps]
    return np.fft.rfft(impulse, FFT_SAMPLES).astype(np.complex64), taps


@lru_cache(maxsize=1)
def interpolators() -> NDArray[np.float32]:
    """Three interpolation phases of 16 taps each: a Kaiser-windowed sinc (compare BS.1770-5, annex 2)."""
    at = (
        np.arange(INTERPOLATION_TAPS)[None, :]
        - INTERPOLATION_TAPS // 2
        + np.arange(1, OVERSAMPLING_FACTOR)[:, None] / OVERSAMPLING_FACTOR
    )
    kernel = np.sinc(at) * np.i0(6.0 * np.sqrt(1 - (at / (INTERPOLATION_TAPS // 2)) ** 2)) / np.i0(6.0)
    phases: NDArray[np.float32] = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return phases


def true_peaks(sound: Sound) -> NDArray[np.float32]:
    """The largest level at and just after each sample, over both channels; shape (n,)."""
    peaks: Channel = np.zeros(len(sound), np.float32)
    for channel, _ in distinct_channels(sound):
        np.maximum(peaks, np.abs(channel), out=peaks)
        if len(channel) >= INTERPOLATION_TAPS:
            _raise_between(peaks, channel)
    return peaks


def _raise_between(peaks: Channel, channel: Channel) -> None:
    """Raise each peak to the levels up to the next sample, in place.

    Computes `INTERPOLATION_TAPS` samples at a time as a product of matrices; a convolution with few taps takes six
    times as long.
    """
    early, late = _spread_interpolators()
    padded = np.zeros((-(-len(channel) // INTERPOLATION_TAPS) + 1) * INTERPOLATION_TAPS, np.float32)
    padded[INTERPOLATION_TAPS // 2 : INTERPOLATION_TAPS // 2 + len(channel)] = channel
    rows = padded.reshape(-1, INTERPOLATION_TAPS)
    for first in range(0, len(rows) - 1, BATCH_ROWS):
        last = min(first + BATCH_ROWS, len(rows) - 1)
        between = rows[first:last] @ early
        between += rows[first + 1 : last + 1] @ late
        np.abs(between, out=between)
        highest = between[:, :INTERPOLATION_TAPS]
        for phase in range(1, OVERSAMPLING_FACTOR - 1):
            highest = np.maximum(highest, between[:, phase * INTERPOLATION_TAPS : (phase + 1) * INTERPOLATION_TAPS])
        part = peaks[first * INTERPOLATION_TAPS : last * INTERPOLATION_TAPS]
        np.maximum(part, highest.ravel()[: len(part)], out=part)


@lru_cache(maxsize=1)
def _spread_interpolators() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Interpolation matrices for a row of samples and for the row after it.

    Each has shape (`INTERPOLATION_TAPS`, phases * `INTERPOLATION_TAPS`) and gives the points between the row's
    samples, phase by phase.
    """
    phases = interpolators()
    spread = np.zeros((2 * INTERPOLATION_TAPS, len(phases), INTERPOLATION_TAPS), np.float32)
    for number in range(INTERPOLATION_TAPS):
        spread[number : number + INTERPOLATION_TAPS, :, number] = phases[:, ::-1].T
    flat = spread.reshape(2 * INTERPOLATION_TAPS, -1)
    return flat[:INTERPOLATION_TAPS], flat[INTERPOLATION_TAPS:]
