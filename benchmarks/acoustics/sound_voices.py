"""Voices whose pitch is known to the sample: real speech, its excitation replaced.

Never part of the product.

The spectral envelope of each 32 ms of a recording (linear prediction, order 18) is excited by pulses at a frequency
that we choose, or by noise: so formants and levels are those of a person, and the truth of the pitch is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.acoustics.sound_mixtures import STEP_MS, Samples, at_level
from schemas.common import Value
from tests.support.media.recordings import RATE_HZ

SIZE, HOP = 512, 128
ORDER = 18
STEP = RATE_HZ * STEP_MS // 1000


class Sung(Value):
    """Samples (int16), and the true frequency of each 100 ms.

    0 unvoiced, NaN where a border or a change lies in it.
    """

    samples: NDArray[np.int16]
    hz: NDArray[np.float64]


def contour(generator: np.random.Generator, size: int, middle_hz: float) -> NDArray[np.float64]:
    """Hz of each sample.

    Phrases of 0.3 to 1.2 s that rise or fall by up to an octave, unvoiced ranges between.
    """
    hz = np.zeros(size)
    at = 0
    while at < size:
        length = int(generator.uniform(0.3, 1.2) * RATE_HZ)
        octaves = np.linspace(*generator.uniform(-0.5, 0.5, 2), length)
        octaves += 0.03 * np.sin(2 * np.pi * 5.5 * np.arange(length) / RATE_HZ)
        hz[at : at + length] = (middle_hz * 2**octaves)[: size - at]
        at += length + int(generator.uniform(0.1, 0.4) * RATE_HZ)
    return hz


def sung(real: Samples, generator: np.random.Generator, middle_hz: float, noise_db: float) -> Sung:
    """A recording with another voice's pitch, and white noise so far below it."""
    hz = contour(generator, len(real), middle_hz)
    turns = np.floor(np.cumsum(hz) / RATE_HZ)
    pulses = np.diff(turns, prepend=0.0) * np.sqrt(RATE_HZ / np.maximum(hz, 1.0))
    source = np.where(hz > 0, pulses, 0.3 * generator.standard_normal(len(real))).astype(np.float32)
    voice = at_level(_shaped(source, real), -20.0)
    voice = voice + 10 ** ((-20.0 - noise_db) / 20) * generator.standard_normal(len(voice)).astype(np.float32)
    samples = np.clip(np.rint(voice * 32768), -32768, 32767).astype(np.int16)
    return Sung(samples=samples, hz=_truth(hz, real))


def _shaped(source: Samples, real: Samples) -> Samples:
    """``source`` with the envelope of ``real``, frame by frame."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / SIZE)).astype(np.float32)
    out = np.zeros(len(real) + SIZE, dtype=np.float32)
    for start in range(0, len(real) - SIZE, HOP):
        piece = real[start : start + SIZE] * window
        spectrum = np.fft.rfft(source[start : start + SIZE] * window, 2 * SIZE)
        shaped = np.fft.irfft(spectrum * _envelope(piece), 2 * SIZE)[:SIZE]
        out[start : start + SIZE] += (shaped * window).astype(np.float32)
    return out[: len(real)]


def _envelope(piece: Samples) -> NDArray[np.complex128]:
    """Gain over the prediction polynomial at each bin (Levinson's equations, solved directly)."""
    autocorrelation = np.fft.irfft(np.abs(np.fft.rfft(piece, 2 * SIZE)) ** 2)[: ORDER + 1]
    autocorrelation[0] = autocorrelation[0] * 1.0001 + 1e-9
    matrix = autocorrelation[np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER)[None, :])]
    taps = np.linalg.solve(matrix, autocorrelation[1:])
    gain = np.sqrt(max(0.0, float(autocorrelation[0] - taps @ autocorrelation[1:])))
    envelope: NDArray[np.complex128] = gain / np.fft.rfft(np.concatenate([[1.0], -taps]), 2 * SIZE)
    return envelope


def _truth(hz: NDArray[np.float64], real: Samples) -> NDArray[np.float64]:
    """The median of each step.

    NaN where only a part is voiced, or the recording is too soft to carry a pitch.
    """
    steps = hz[: len(hz) // STEP * STEP].reshape(-1, STEP)
    power = np.square(real[: steps.size].reshape(-1, STEP)).mean(axis=1)
    part = (steps > 0).mean(axis=1)
    return np.where((power < 1e-3 * power.max()) | ((part > 0) & (part < 1)), np.nan, np.median(steps, axis=1))


def plain_pitch(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Baseline: the highest autocorrelation of each 100 ms within 65 to 500 Hz, voiced above 0.45."""
    sound = samples[: len(samples) // STEP * STEP].reshape(-1, STEP) / 32768.0
    autocorrelation = np.fft.irfft(np.abs(np.fft.rfft(sound, 2 * STEP, axis=1)) ** 2, axis=1)
    lags = autocorrelation[:, RATE_HZ // 500 : RATE_HZ // 65 + 1] / np.maximum(autocorrelation[:, :1], 1e-12)
    return np.where(lags.max(axis=1) > 0.45, RATE_HZ / (lags.argmax(axis=1) + RATE_HZ // 500), 0.0)


def pitch_errors(truth: NDArray[np.float64], estimated: NDArray[np.float64]) -> tuple[float, float, float]:
    """Gross errors, median error in cents, and voicing errors, of the steps that both call voiced.

    A gross error is more than 20 % off.
    """
    size = min(len(truth), len(estimated))
    truth, estimated = truth[:size], estimated[:size]
    has_truth = ~np.isnan(truth)
    voiced = has_truth & (truth > 0) & (estimated > 0)
    off = np.abs(estimated[voiced] / truth[voiced] - 1)
    cents = 1200 * np.abs(np.log2(estimated[voiced][off <= 0.2] / truth[voiced][off <= 0.2]))
    voicing = float(((truth > 0) != (estimated > 0))[has_truth].mean())
    return float((off > 0.2).mean()), float(np.median(cents)), voicing
