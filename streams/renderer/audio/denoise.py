"""Reduces steady noise with a decision-directed Wiener filter, without delay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from schemas.options.audio import Denoise
from streams.renderer.audio.loudness import Sound

WINDOW_SAMPLES, HOP_SAMPLES = 1024, 256
"""Analysis window: 21 ms."""
GAIN_FLOORS_DB: Mapping[Denoise, float] = MappingProxyType({"light": -9.0, "strong": -15.0})
"""Largest attenuation by strength: noise that is removed entirely comes back as musical tones."""
SMOOTHING_RATIO = 0.96
"""Weight of the previous frame in the a-priori SNR estimate (Ephraim, Malah 1984)."""
NOISE_PERCENTILE = 12
"""Share of the time, in percent, in which a frequency is assumed to hold noise alone."""
NOISE_BIAS = 1.4
"""Mean noise level relative to the noise in its quietest part."""
FRAMES_PER_MEASURE = 8
"""Frames whose mean power is one measure of the noise."""
BATCH_FRAMES = 2_048
"""Frames processed at a time, so that memory does not grow with the clip."""
MIN_NOISE_POWER = 1e-12
"""Power below which a frame is digital silence, not noise."""
Power = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def reduce_noise(sound: Sound, strength: Denoise) -> Sound:
    """Attenuate steady noise; both channels share one gain, so that the stereo image stays."""
    if strength == "off" or len(sound) < WINDOW_SAMPLES * FRAMES_PER_MEASURE:
        return sound
    padded = np.pad(sound, ((WINDOW_SAMPLES, WINDOW_SAMPLES + HOP_SAMPLES), (0, 0)))
    noise = _estimate_noise(padded)
    if noise is None:
        return sound
    floor = np.float32(10 ** (GAIN_FLOORS_DB[strength] / 20))
    result = np.zeros_like(padded)
    window = _window()
    before = np.zeros(len(noise), np.float32)
    for first, spectra in _spectra(padded):
        gain, before = _gains(_power(spectra), noise, before, floor)
        frames = np.fft.irfft(spectra * gain[:, :, None], axis=1)[:, :WINDOW_SAMPLES] * window[None, :, None]
        for number, frame in enumerate(frames.astype(np.float32)):
            at = (first + number) * HOP_SAMPLES
            result[at : at + WINDOW_SAMPLES] += frame
    scale = np.float32(HOP_SAMPLES / float((window * window).sum()))
    return result[WINDOW_SAMPLES : WINDOW_SAMPLES + len(sound)] * scale


def _window() -> NDArray[np.float32]:
    """Periodic Hann window: its squares add up to a constant."""
    return np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


def _spectra(sound: Sound) -> Iterator[tuple[int, Spectrum]]:
    """Number of the first frame, and spectra of shape (frames, frequencies, 2)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW_SAMPLES, axis=0)[::HOP_SAMPLES]
    window = _window()
    for first in range(0, len(frames), BATCH_FRAMES):
        piece = frames[first : first + BATCH_FRAMES] * window
        yield first, np.fft.rfft(piece, axis=2).transpose(0, 2, 1).astype(np.complex64)


def _power(spectra: Spectrum) -> Power:
    power: Power = (spectra.real**2 + spectra.imag**2).sum(axis=2)
    return power


def _estimate_noise(sound: Sound) -> Power | None:
    """Noise power at each frequency, from the quietest part of the time; None for digital silence."""
    groups = []
    for _, spectra in _spectra(sound):
        power = _power(spectra)
        count = len(power) // FRAMES_PER_MEASURE
        groups.append(power[: count * FRAMES_PER_MEASURE].reshape(count, FRAMES_PER_MEASURE, -1).mean(axis=1))
    means = np.concatenate(groups)
    means = means[means.mean(axis=1) > MIN_NOISE_POWER]
    if len(means) < 2:
        return None
    quiet = np.percentile(means, NOISE_PERCENTILE, axis=0) * NOISE_BIAS
    noise: Power = np.maximum(quiet, MIN_NOISE_POWER).astype(np.float32)
    return noise


def _gains(power: Power, noise: Power, before: Power, floor: np.float32) -> tuple[Power, Power]:
    """Gain of each frame and frequency, and the state for the next batch."""
    ratio = power / noise
    excess = np.maximum(ratio - 1, 0) * np.float32(1 - SMOOTHING_RATIO)
    gain = np.empty_like(ratio)
    for number in range(len(ratio)):
        expected = SMOOTHING_RATIO * before + excess[number]
        gain[number] = np.maximum(expected / (1 + expected), floor)
        before = gain[number] * gain[number] * ratio[number]
    return gain, before
