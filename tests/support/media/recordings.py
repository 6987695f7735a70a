"""Sound and pictures of the real media as arrays, and spans' FLAC as ingest stores it. Never downloads any."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.support.media.shared_media import media

__all__ = ["RATE_HZ", "flac", "media", "picture", "sound"]
RATE_HZ = 16_000


def sound(path: Path) -> NDArray[np.int16]:
    """The first audio stream as 16 kHz mono, shape (n,)."""
    resampler = av.AudioResampler("s16", "mono", RATE_HZ)
    with av.open(str(path), "r") as container:
        frames = itertools.chain(container.decode(audio=0), [None])
        blocks = [out.to_ndarray().reshape(-1) for frame in frames for out in resampler.resample(frame)]
    return np.concatenate(blocks).astype(np.int16)


def flac(samples: NDArray[np.int16], rate_hz: int = RATE_HZ) -> bytes:
    """Samples as mono FLAC, as ingest stores a span."""
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=rate_hz, layout="mono")
        stream.codec_context.format = "s16"
        for at in range(0, samples.size, rate_hz):
            frame = av.AudioFrame.from_ndarray(samples[at : at + rate_hz].reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = rate_hz
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def picture(path: Path, at_s: float, width: int | None = None) -> NDArray[np.uint8]:
    """One picture as RGB, shape (height, width, 3)."""
    with av.open(str(path), "r") as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= at_s:
                height = None if width is None else round(frame.height * width / frame.width / 2) * 2
                return frame.to_ndarray(format="rgb24", width=width, height=height)
    raise AssertionError(f"{path} has no picture at {at_s} s")
