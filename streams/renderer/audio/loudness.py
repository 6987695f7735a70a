"""Loudness and true peak of sound by ITU-R BS.1770-5. Measures only: changes no sample, opens no media."""

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
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OVERSAMPLING = 4
INTERPOLATION_TAPS = 16
"""Of the interpolation between two samples."""
BATCH_ROWS = 1024
"""Times `TAPS` samples that are looked at together: what that takes stays in the processor's own memory."""
FFT_SAMPLES = 1 << 17


class Loudness(Value, frozen=True, kw_only=True):
    """Integrated loudness (None where nothing passes the gate) and true peak (None on digital silence)."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None


def measure_loudness(sound: Sound) -> Loudness:
    """Loudness of 48 kHz stereo."""
    peak = float(np.max(true_peaks(sound), initial=0.0))
    return Loudness(
        integrated_lufs=integrated_lufs(sound), true_peak_dbtp=20 * float(np.log10(peak)) if peak > 1e-6 else None
    )


def integrated_lufs(sound: Sound) -> float | None:
    """Gated loudness of 48 kHz stereo; None where nothing passes the gates, or it is shorter than 400 ms."""
    return gated_lufs(weighted_power(sound, RATE_HZ // 10))


def weighted_power(sound: Sound, step: int) -> Samples:
    """Mean K-weighted power of each ``step`` samples, summed over both channels, shape (n,); the rest is left out."""
    steps = len(sound) // step
    total = np.zeros(steps)
    for channel, alike in distinct_channels(sound[: steps * step]):
        weighted = _k_weighted(channel)
        weighted *= weighted
        total += alike * weighted.reshape(steps, step).mean(axis=1, dtype=np.float64)
    return total


def distinct_channels(sound: Sound) -> list[tuple[Channel, int]]:
    """What is to be measured of stereo, and how often it is there: most talks are one channel, twice."""
    left, right = np.ascontiguousarray(sound[:, 0]), np.ascontiguousarray(sound[:, 1])
    return [(left, 2)] if np.array_equal(left, right) else [(left, 1), (right, 1)]


def gated_lufs(power: Samples) -> float | None:
    """Loudness of power in steps of 100 ms, BS.1770-5 annex 1: blocks of 400 ms every 100 ms, gates at -70 LUFS and
    10 LU below the mean of what passes the first.
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
    """Loudness of K-weighted power, which is not 0."""
    return float(-0.691 + 10 * np.log10(power))


def _k_weighted(channel: Channel) -> Channel:
    """The K curve, applied block by block as the impulse response of its two filters (FFT, overlap-add).

    In single precision: what that loses is 120 dB below what is measured.
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
    """Three points between two samples, 16 taps each: a Kaiser-windowed sinc (its like: BS.1770-5 annex 2)."""
    at = (
        np.arange(INTERPOLATION_TAPS)[None, :]
        - INTERPOLATION_TAPS // 2
        + np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
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
    """In place: lift each peak to the levels after its sample.

    `TAPS` samples in a row are worked out at once, of themselves and as many behind them, by a product of matrices: a
    convolution with so few taps takes six times as long.
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
        for phase in range(1, OVERSAMPLING - 1):
            highest = np.maximum(highest, between[:, phase * INTERPOLATION_TAPS : (phase + 1) * INTERPOLATION_TAPS])
        part = peaks[first * INTERPOLATION_TAPS : last * INTERPOLATION_TAPS]
        np.maximum(part, highest.ravel()[: len(part)], out=part)


@lru_cache(maxsize=1)
def _spread_interpolators() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What makes the points between `TAPS` samples, phase by phase, of those from `TAPS` / 2 before the first on, and
    of as many behind them; shape (`TAPS`, phases * `TAPS`) each.
    """
    phases = interpolators()
    spread = np.zeros((2 * INTERPOLATION_TAPS, len(phases), INTERPOLATION_TAPS), np.float32)
    for number in range(INTERPOLATION_TAPS):
        spread[number : number + INTERPOLATION_TAPS, :, number] = phases[:, ::-1].T
    flat = spread.reshape(2 * INTERPOLATION_TAPS, -1)
    return flat[:INTERPOLATION_TAPS], flat[INTERPOLATION_TAPS:]
