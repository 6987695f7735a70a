"""The clip's sound as one stereo array on the output clock, and back into frames. Changes no level but at the edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from streams.render.loudness import RATE_HZ, Sound

FRAME_SAMPLES = 1024
"""Of AAC-LC."""
JUMP_MS = 40
"""Frames this far from where the last one ended are placed by their own time; less is rounding."""
FADE_SAMPLES = RATE_HZ * 8 // 1000
"""A cut in mid-wave clicks."""


class _Placer:
    """Writes resampled frames into the array at their time; one resampler per unbroken run of frames."""

    def __init__(self, start_ms: int, samples: int) -> None:
        self.sound: Sound = np.zeros((samples, 2), np.float32)
        self.placed = 0
        self._start_ms = start_ms
        self._resampler: av.AudioResampler | None = None
        self._form: tuple[object, ...] = ()
        self._due_ms = 0.0
        self._cursor = 0

    def feed(self, at_ms: int, frame: av.AudioFrame) -> None:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or form != self._form or abs(at_ms - self._due_ms) > JUMP_MS:
            self.flush()
            self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
            self._form, self._due_ms = form, float(at_ms)
            self._cursor = round((at_ms - self._start_ms) * RATE_HZ / 1000)
        self._due_ms += frame.samples * 1000 / frame.sample_rate
        frame.pts = None
        for resampled in self._resampler.resample(frame):
            self._write(resampled.to_ndarray().T.astype(np.float32, copy=False))

    def flush(self) -> None:
        if self._resampler is not None:
            for resampled in self._resampler.resample(None):
                self._write(resampled.to_ndarray().T.astype(np.float32, copy=False))
            self._resampler = None

    def _write(self, piece: NDArray[np.float32]) -> None:
        start, end = max(0, self._cursor), min(len(self.sound), self._cursor + len(piece))
        if end > start:
            self.sound[start:end] = piece[start - self._cursor : end - self._cursor]
            self.placed += end - start
        self._cursor += len(piece)


def gather(frames: Iterable[tuple[int, av.AudioFrame]], start_ms: int, samples: int) -> Sound | None:
    """48 kHz stereo of exactly ``samples``, shape (samples, 2); gaps are silent. None when no frame came.

    Mono goes to both sides; more channels are mixed down by libav's own matrix.
    """
    placer = _Placer(start_ms, samples)
    for at_ms, frame in frames:
        placer.feed(at_ms, frame)
    placer.flush()
    return np.nan_to_num(placer.sound, copy=False) if placer.placed else None


def faded(sound: Sound) -> Sound:
    """The same sound, coming and going over 8 ms."""
    length = min(FADE_SAMPLES, len(sound) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)[:, None]
    result = sound.copy()
    result[:length] *= ramp
    result[len(sound) - length :] *= ramp[::-1]
    return result


def audio_frames(sound: Sound) -> Iterator[av.AudioFrame]:
    """Planar float frames of one AAC frame's length each, with their pts."""
    for start in range(0, len(sound), FRAME_SAMPLES):
        piece = np.ascontiguousarray(sound[start : start + FRAME_SAMPLES].T)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield frame
