"""Child entry that decodes a span's FLAC to samples."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from core.ports.models import Int16
from streams.speech.span_audio import RATE_HZ, SAMPLES_FILE, WrongAudioError

MAX_EXCESS_MS = 2_000
"""Longest excess of a span's audio over its plan before it is rejected as another object."""


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Write the samples of ``source`` to ``args["scratch"]``.

    Returns ``wrong``: why this is not the sound of a span of ``args["max_length_ms"]``; empty where it is.
    """
    del report
    assert source is not None
    try:
        samples = decode_flac(source.read(), max_length_ms=int(args["max_length_ms"]))
    except WrongAudioError as error:
        return {"wrong": str(error)}
    samples.tofile(Path(args["scratch"]) / SAMPLES_FILE)
    return {"wrong": ""}


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
