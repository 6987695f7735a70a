"""Measure the peaks of a PCM file, for drawing its waveform. Child side."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streams.ingest.probe.audio_extraction import AUDIO_RATE_HZ, CHUNK_SAMPLES

PEAKS_PER_SECOND = 100
"""Peaks a second: a syllable has ten."""
FULL_SCALE = 32_768
"""Largest distance of a sample from silence."""
LOUDEST_LEVEL = 255
"""Byte of the loudest peak."""


def measure_peaks(pcm: Path) -> tuple[bytes, float]:
    """Peaks of a 16 kHz mono PCM file, and its loudest sample as a share of full scale.

    One byte a hundredth of a second, the last one begun counted: its largest distance from silence, relative to the
    loudest of all.
    """
    samples = np.memmap(pcm, dtype=np.int16, mode="r")
    step = AUDIO_RATE_HZ // PEAKS_PER_SECOND
    blocks = []
    for start in range(0, len(samples), CHUNK_SAMPLES):
        chunk = samples[start : start + CHUNK_SAMPLES]
        rows = np.pad(chunk, (0, -len(chunk) % step)).reshape(-1, step)
        blocks.append(np.maximum(rows.max(axis=1).astype(np.int32), -rows.min(axis=1).astype(np.int32)))
    peaks = np.concatenate(blocks) if blocks else np.zeros(0, np.int32)
    loudest = int(peaks.max(initial=0))
    scaled = np.rint(peaks * (LOUDEST_LEVEL / max(1, loudest))).astype(np.uint8)
    return scaled.tobytes(), round(loudest / FULL_SCALE, 6)
