"""Read a span's sound in a child, and measure its level."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.media.sandbox.parent import ChildLimits, LocalSource, run_child
from core.ports.models import Int16
from schemas.common import TimeRange
from schemas.documents.span import LoudnessCurve
from streams.speech.span_audio import FLAC_FILE, RATE_HZ, SAMPLES_FILE, WrongAudioError

__all__ = ["LEVEL_STEP_MS", "RATE_HZ", "WrongAudioError", "measure_loudness", "read_span_audio"]

DECODER_LIMITS = ChildLimits(memory_bytes=1_000_000_000, cpu_s=60, wall_s=240.0, file_bytes=2**26)
"""Limits of the child that decodes a span: it takes under a second."""
MAX_REASON_CHARACTERS = 200
LEVEL_STEP_MS = 100
"""Step of the level curve."""
FLOOR_DB = -100.0
"""Level reported for digital silence."""
INT16_FULL_SCALE = 32768.0
"""Amplitude of 0 dBFS in 16-bit samples."""


async def read_span_audio(body: bytes, *, max_length_ms: int, scratch: Path | None = None) -> Int16:
    """Decode a span's FLAC in a child: it was made by a process that had read hostile bytes.

    Returns samples, shape (n,). ``scratch``: folder for the files of the child, the system's where None. Raises
    WrongAudioError where the bytes are something else, or longer than ``max_length_ms``; InputRejected, Unavailable and
    ChildFailed as `run_child`.
    """
    with TemporaryDirectory(prefix="span-", dir=scratch) as folder_name:
        folder = Path(folder_name)
        await asyncio.to_thread((folder / FLAC_FILE).write_bytes, body)
        with LocalSource(folder / FLAC_FILE) as source:
            answer = await run_child(
                "streams.speech.flac_decoder:main",
                {"scratch": folder_name, "max_length_ms": max_length_ms},
                scratch=folder,
                limits=DECODER_LIMITS,
                source=source,
            )
        if answer["wrong"]:
            raise WrongAudioError(str(answer["wrong"])[:MAX_REASON_CHARACTERS])
        samples: Int16 = await asyncio.to_thread(np.fromfile, folder / SAMPLES_FILE, np.dtype(np.int16))
        return samples


def measure_loudness(samples: Int16, *, padded: TimeRange, span_range: TimeRange) -> LoudnessCurve:
    """Return the RMS level of each 100 ms of ``span_range`` in dBFS (0 is a full-scale square wave).

    ``samples`` begin at the start of ``padded``.
    """
    step_samples = LEVEL_STEP_MS * RATE_HZ // 1000
    first = max(0, (span_range.start_ms - padded.start_ms) * RATE_HZ // 1000)
    span_samples = samples[first : first + span_range.length_ms * RATE_HZ // 1000].astype(np.float64)
    full_samples = span_samples.size // step_samples * step_samples
    power = np.square(span_samples[:full_samples]).reshape(-1, step_samples).mean(axis=1)
    if span_samples.size > full_samples:
        power = np.append(power, np.square(span_samples[full_samples:]).mean())
    level_db = 10.0 * np.log10(np.maximum(power / INT16_FULL_SCALE**2, 10 ** (FLOOR_DB / 10)))
    return LoudnessCurve(
        start_ms=span_range.start_ms, step_ms=LEVEL_STEP_MS, level_db=[round(float(level), 1) for level in level_db]
    )
