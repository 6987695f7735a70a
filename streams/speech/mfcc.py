"""MFCC of every 20 ms of audio: twelve cepstra and the level. Pure.

Coarser for a voice than its embedding and far finer in time: with models made for one recording they say where in a
phrase the speaker changes, and where speech ends.
"""

from __future__ import annotations

import functools

import numpy as np

from core.ports.models import Float32, Int16
from streams.speech.spectrum import compute_power_blocks, mel_bands

FRAME_STEP_MS = 20
"""Time between frames, ms."""
HOP_SAMPLES = 320
"""Samples between frames: 20 ms at 16 kHz."""
FRAME_SAMPLES = 400
"""Samples of one frame: 25 ms."""
FFT_SIZE = 512
"""Points of the Fourier transform: the next power of two."""
MEL_BAND_COUNT = 30
"""Mel bands below the cosine transform."""
MIN_BAND_HZ = 60.0
"""Lower edge of the mel bands: below it is hum."""
MAX_BAND_HZ = 7_600.0
"""Upper edge of the mel bands, just below half the sample rate."""
CEPSTRA_COUNT = 12
"""Cepstral coefficients kept, without the zeroth."""
MIN_BAND_POWER = 1e-12
"""Added to a band's power before the logarithm (full scale 1): silence reads as some steps of 16 bits."""
MIN_FRAME_POWER = 1e-8
"""Added to a frame's power before the logarithm (full scale 1): silence reads as some steps of 16 bits."""


def compute_mfcc(samples: Int16) -> Float32:
    """Return a row for each 20 ms of 16 kHz mono, shape (n, 13): cepstra 1 to 12, then the level in dB."""
    blocks = []
    for power in compute_power_blocks(samples, size=FRAME_SAMPLES, hop=HOP_SAMPLES, padded=FFT_SIZE):
        bands = np.log(power @ _mel_filters() + MIN_BAND_POWER)
        level_db = 10 * np.log10(power.sum(axis=1, keepdims=True) + MIN_FRAME_POWER)
        blocks.append(np.concatenate([bands @ _dct_matrix(), level_db], axis=1))
    return np.concatenate(blocks).astype(np.float32) if blocks else np.zeros((0, CEPSTRA_COUNT + 1), dtype=np.float32)


@functools.cache
def _mel_filters() -> Float32:
    """Mel filter bank for the transform's bins."""
    return mel_bands(FFT_SIZE, MEL_BAND_COUNT, MIN_BAND_HZ, MAX_BAND_HZ)


@functools.cache
def _dct_matrix() -> Float32:
    """Return the discrete cosine transform without its constant, (30, 12)."""
    turns = (np.arange(MEL_BAND_COUNT) + 0.5)[:, None] * np.arange(1, CEPSTRA_COUNT + 1) / MEL_BAND_COUNT
    return np.asarray(np.cos(np.pi * turns) * np.sqrt(2 / MEL_BAND_COUNT), dtype=np.float32)
