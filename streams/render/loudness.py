"""Loudness of sound by ITU-R BS.1770-5, and the gain and limiter that bring it to target. Never opens media."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schemas.media import Value

Sound = NDArray[np.float32]
"""Stereo samples, shape (n, 2), full scale 1.0."""
Samples = NDArray[np.float64]

RATE_HZ = 48_000
TARGET_LUFS = -14.0
CEILING_DBTP = -2.0
"""A dB below what is promised: encoding to AAC moves peaks, by 0.5 dB on speech."""
MAX_GAIN_DB = 24.0
"""More would make a programme of the room's noise."""
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OVERSAMPLING = 4
LOOK_AHEAD = 480
"""10 ms on each side of a peak."""
BLOCK = 1 << 17


class Loudness(Value, frozen=True, kw_only=True):
    """Integrated loudness (None where nothing passes the gate) and true peak (None on digital silence)."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None


def measure(sound: Sound) -> Loudness:
    """Loudness of 48 kHz stereo."""
    peak = float(np.max(true_peaks(sound), initial=0.0))
    return Loudness(
        integrated_lufs=integrated_lufs(sound), true_peak_dbtp=20 * float(np.log10(peak)) if peak > 1e-6 else None
    )


def integrated_lufs(sound: Sound) -> float | None:
    """Gated loudness, BS.1770-5 annex 1: blocks of 400 ms every 100 ms, gates at -70 LUFS and 10 LU below the mean."""
    step = RATE_HZ // 10
    steps = len(sound) // step
    if steps < 4:
        return None
    weighted = sum(
        (_k_weighted(sound[: steps * step, channel]) ** 2).reshape(steps, step).sum(axis=1) for channel in range(2)
    )
    assert isinstance(weighted, np.ndarray)
    power = np.convolve(weighted, np.ones(4), "valid") / (4 * step)
    loud = power[power > _power(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return None
    gated = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return float(-0.691 + 10 * np.log10(gated.mean()))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _k_weighted(channel: Sound) -> Samples:
    """The K curve, applied block by block as the impulse response of its two filters (FFT, overlap-add)."""
    response, taps = _k_response()
    out = np.zeros(len(channel) + taps)
    step = BLOCK - taps + 1
    for start in range(0, len(channel), step):
        piece = channel[start : start + step]
        filtered = np.fft.irfft(np.fft.rfft(piece, BLOCK) * response, BLOCK)[: len(piece) + taps - 1]
        out[start : start + len(filtered)] += filtered
    return out[: len(channel)]


@lru_cache(maxsize=1)
def _k_response() -> tuple[NDArray[np.complex128], int]:
    """Spectrum of the K filters' impulse response at 48 kHz (coefficients: BS.1770-5 tables 1 and 2)."""
    shelf = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
    high_pass = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
    taps = 8192
    z = np.exp(-2j * np.pi * np.arange(BLOCK // 2 + 1) / BLOCK)
    exact = np.ones_like(z)
    for numerator, denominator in (shelf, high_pass):
        exact *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    impulse = np.fft.irfft(exact, BLOCK)[:taps]
    return np.fft.rfft(impulse, BLOCK), taps


@lru_cache(maxsize=1)
def _interpolators() -> NDArray[np.float32]:
    """Three points between two samples, 16 taps each: a Kaiser-windowed sinc (its like: BS.1770-5 annex 2)."""
    at = np.arange(16)[None, :] - 8 + np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    kernel = np.sinc(at) * np.i0(6.0 * np.sqrt(1 - (at / 8) ** 2)) / np.i0(6.0)
    phases: NDArray[np.float32] = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return phases


def true_peaks(sound: Sound) -> NDArray[np.float32]:
    """The largest level at and just after each sample, over both channels; shape (n,)."""
    peaks: NDArray[np.float32] = np.abs(sound).max(axis=1)
    for channel in range(2):
        for phase in _interpolators():
            between = np.convolve(sound[:, channel], phase, "same") if len(sound) >= len(phase) else sound[:, channel]
            np.maximum(peaks, np.abs(between), out=peaks)
    return peaks


def limited(sound: Sound, ceiling_dbtp: float = CEILING_DBTP) -> Sound:
    """Sound whose true peaks stay under the ceiling: the gain bends smoothly around each peak, nothing is clipped."""
    return turned_down(sound, true_peaks(sound), above_dbtp=ceiling_dbtp, to_dbtp=ceiling_dbtp)


def turned_down(sound: Sound, peaks: NDArray[np.float32], *, above_dbtp: float, to_dbtp: float) -> Sound:
    """Sound with gain taken where ``peaks`` (n,) exceed a level, so that they come down to another.

    Gain = the lowest that is needed within ``LOOK_AHEAD`` either side, averaged over as much: so it is never above
    what any peak needs, and moves over 20 ms.
    """
    high = peaks > 10 ** (above_dbtp / 20)
    if not high.any():
        return sound
    needed = np.where(high, 10 ** (to_dbtp / 20) / np.maximum(peaks, 1e-9), 1.0).astype(np.float64)
    lowest = _sliding_minimum(needed, LOOK_AHEAD)
    window = np.hanning(2 * LOOK_AHEAD + 3)[1:-1]
    gain = _smoothed(lowest, window / window.sum())
    return (sound * gain[:, None]).astype(np.float32)


def _sliding_minimum(values: Samples, reach: int) -> Samples:
    """Minimum over ``[i - reach, i + reach]`` (van Herk, 1992: two running minima per block)."""
    width = 2 * reach + 1
    padded = np.full(-(-(len(values) + 2 * reach) // width) * width, np.inf)
    padded[reach : reach + len(values)] = values
    blocks = padded.reshape(-1, width)
    forward = np.minimum.accumulate(blocks, axis=1).ravel()
    backward = np.minimum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.minimum(backward[: len(values)], forward[width - 1 : width - 1 + len(values)])


def _smoothed(values: Samples, window: Samples) -> Samples:
    """Weighted mean around each value; edges continue their outermost value."""
    reach = len(window) // 2
    padded = np.concatenate([np.full(reach, values[0]), values, np.full(reach, values[-1])])
    size = 1 << (len(padded) + len(window) - 1).bit_length()
    full = np.fft.irfft(np.fft.rfft(padded, size) * np.fft.rfft(window, size), size)
    return np.minimum(full[2 * reach : 2 * reach + len(values)], 1.0)


def normalised(sound: Sound, target_lufs: float = TARGET_LUFS) -> tuple[Sound, list[str]]:
    """Sound at the target, as near as gain and limiter bring it, and what could not be had.

    Limiting takes loudness away, so the gain is corrected by what the result measures, at most three times.
    """
    before = integrated_lufs(sound)
    if before is None:
        return sound, ["audio.silent: nothing was loud enough to measure; the level was left alone"]
    gain_db = min(target_lufs - before, MAX_GAIN_DB)
    result = limited(_amplified(sound, gain_db))
    for _ in range(3):
        after = integrated_lufs(result)
        missing = target_lufs - after if after is not None else 0.0
        if abs(missing) < 0.2 or gain_db + missing > MAX_GAIN_DB:
            break
        gain_db += missing
        result = limited(_amplified(sound, gain_db))
    reached = integrated_lufs(result)
    if reached is not None and abs(reached - target_lufs) > 1:
        limits = f"more than {MAX_GAIN_DB:.0f} dB of gain, or of its peaks cut off"
        return result, [f"audio.quiet: {reached:.1f} LUFS; {target_lufs:.0f} would take {limits}"]
    return result, []


def _amplified(sound: Sound, gain_db: float) -> Sound:
    return sound * np.float32(10 ** (gain_db / 20))
