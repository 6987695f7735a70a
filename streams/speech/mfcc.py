"""What sound is like every 20 ms, whoever makes it: twelve cepstra and the level. Pure; compares nothing.

Coarser of a voice than its embedding and far finer in time: with models made for one recording they say where in a
phrase the speaker changes, and where speech ends.
"""

from __future__ import annotations

import functools

import numpy as np

from core.ports.models import Float32, Int16
from streams.speech.spectrum import mel_bands, power_blocks

STEP_MS, STEP = 20, 320
SPAN, PADDED = 400, 512
"""Samples: 25 ms, and what the transform takes."""
BANDS, LOW_HZ, HIGH_HZ = 30, 60.0, 7_600.0
CEPSTRA = 12
LEAST_POWER, LEAST_LEVEL = 1e-12, 1e-8
"""What is added to the power of a band and of a frame, full scale 1: silence is as loud as some steps of 16 bits."""


def cepstra(samples: Int16) -> Float32:
    """A row for each 20 ms of 16 kHz mono, shape (n, 13): cepstra 1 to 12, then the level in dB."""
    found = []
    for power in power_blocks(samples, size=SPAN, hop=STEP, padded=PADDED):
        bands = np.log(power @ _bands() + LEAST_POWER)
        level_db = 10 * np.log10(power.sum(axis=1, keepdims=True) + LEAST_LEVEL)
        found.append(np.concatenate([bands @ _cosines(), level_db], axis=1))
    return np.concatenate(found).astype(np.float32) if found else np.zeros((0, CEPSTRA + 1), dtype=np.float32)


@functools.cache
def _bands() -> Float32:
    return mel_bands(PADDED, BANDS, LOW_HZ, HIGH_HZ)


@functools.cache
def _cosines() -> Float32:
    """The cosine transform without its constant, (30, 12)."""
    turns = (np.arange(BANDS) + 0.5)[:, None] * np.arange(1, CEPSTRA + 1) / BANDS
    return np.asarray(np.cos(np.pi * turns) * np.sqrt(2 / BANDS), dtype=np.float32)
