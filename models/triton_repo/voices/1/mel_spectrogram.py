"""Mel spectrograms as GE2E was trained on: 25 ms every 10 ms, 40 bands, power. Pure.

Source: resemblyzer 0.1.4 (hparams.py, audio.py), which takes them from librosa: Slaney's mel scale and area norm.
"""

from __future__ import annotations

import functools

import numpy as np

RATE_HZ = 16_000
SPAN_SAMPLES, STEP_SAMPLES, BANDS = 400, 160, 40
"""Window and hop of 25 and 10 ms, and mel bands."""
MIN_LEVEL_DBFS = -30.0
"""Quieter sound is amplified to this level."""


def mel_spectrograms(audio: np.ndarray) -> np.ndarray:
    """int16 (n, samples) to float32 (n, samples // 160 + 1, 40). No row may be all silence."""
    sound = audio.astype(np.float32) / 32768.0
    level_db = 10.0 * np.log10(np.square(sound).mean(axis=1) + 1e-12)
    sound *= 10.0 ** (np.maximum(0.0, MIN_LEVEL_DBFS - level_db)[:, None] / 20.0)
    padded = np.pad(sound, ((0, 0), (SPAN_SAMPLES // 2, SPAN_SAMPLES // 2)))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, SPAN_SAMPLES, axis=1)[:, ::STEP_SAMPLES]
    power = np.square(np.abs(np.fft.rfft(pieces * _window(), axis=2)))
    return (power @ _bands().T).astype(np.float32)


@functools.cache
def _window() -> np.ndarray:
    return np.hanning(SPAN_SAMPLES + 1)[:-1].astype(np.float32)


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    return np.where(hz < 1000, hz / (200 / 3), 15 + np.log(np.maximum(hz, 1e-9) / 1000) / (np.log(6.4) / 27))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((np.log(6.4) / 27) * (mel - 15)))


@functools.cache
def _bands() -> np.ndarray:
    """Triangles of equal area, (40, 201)."""
    bins = np.linspace(0, RATE_HZ / 2, SPAN_SAMPLES // 2 + 1)
    edges = _mel_to_hz(np.linspace(0, float(_hz_to_mel(np.array(RATE_HZ / 2))), BANDS + 2))
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)
