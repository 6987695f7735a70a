"""Decode a span's FLAC to samples and measure its level.

Reads audio that ingest made, never an original.
"""

from __future__ import annotations

import io

import av
import numpy as np

from core.ports.models import Int16
from schemas.common import TimeRange
from schemas.documents.span import LoudnessCurve

RATE_HZ = 16_000
"""Sample rate of span audio: what Whisper, the aligner and the voice model take."""
LEVEL_STEP_MS = 100
"""Step of the level curve."""
FLOOR_DB = -100.0
"""Level reported for digital silence."""
INT16_FULL_SCALE = 32768.0
"""Amplitude of 0 dBFS in 16-bit samples."""
MAX_EXCESS_MS = 2_000
"""How much longer than planned a span's audio may be before it is rejected as another object."""


class WrongAudioError(ValueError):
    """The object is not the 16 kHz mono FLAC of its span: a bug upstream that no retry repairs."""


def decode_flac(body: bytes, *, max_length_ms: int) -> Int16:
    """Decode a 16 kHz mono FLAC to samples, shape (n,).

    Raises WrongAudioError where the bytes are something else, or longer than ``max_length_ms``.
    """
    limit = (max_length_ms + MAX_EXCESS_MS) * RATE_HZ // 1000
    blocks: list[Int16] = []
    count = 0
    try:
        with av.open(io.BytesIO(body), "r", format="flac") as container:
            stream = container.streams.audio[0]
            if stream.codec_context.sample_rate != RATE_HZ or stream.codec_context.channels != 1:
                raise WrongAudioError(
                    f"{stream.codec_context.sample_rate} Hz, {stream.codec_context.channels} channels"
                )
            for frame in container.decode(stream):
                count += frame.samples
                # Checked for each frame, so that a decompression bomb stops before it fills the memory.
                if count > limit or frame.format.name not in ("s16", "s16p"):
                    raise WrongAudioError(f"more than {max_length_ms} ms, or {frame.format.name} instead of 16 bits")
                blocks.append(frame.to_ndarray().reshape(-1).astype(np.int16, copy=False))
    except (av.FFmpegError, IndexError) as error:
        raise WrongAudioError(f"not FLAC: {error}") from error
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int16)


def measure_loudness(samples: Int16, *, padded: TimeRange, span_range: TimeRange) -> LoudnessCurve:
    """Return the RMS level of each 100 ms of ``span_range`` in dBFS (0 is a full-scale square wave).

    ``samples`` begin at the start of ``padded``.
    """
    step_samples = LEVEL_STEP_MS * RATE_HZ // 1000
    first = max(0, (span_range.start_ms - padded.start_ms) * RATE_HZ // 1000)
    inside = samples[first : first + span_range.length_ms * RATE_HZ // 1000].astype(np.float64)
    whole = inside.size // step_samples * step_samples
    power = np.square(inside[:whole]).reshape(-1, step_samples).mean(axis=1)
    if inside.size > whole:
        power = np.append(power, np.square(inside[whole:]).mean())
    level_db = 10.0 * np.log10(np.maximum(power / INT16_FULL_SCALE**2, 10 ** (FLOOR_DB / 10)))
    return LoudnessCurve(
        start_ms=span_range.start_ms, step_ms=LEVEL_STEP_MS, level_db=[round(float(level), 1) for level in level_db]
    )
