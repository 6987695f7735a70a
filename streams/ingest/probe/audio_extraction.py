"""Decoded sound of any layout and rate → one 16 kHz mono PCM file on project time. Child side; never guesses a time.

Sample n of the file is project time n / 16 s⁻³. What the source leaves out is silence; what it says twice is kept once.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from core.media.decode.timestamps import US_PER_S, stream_us
from schemas.common import TimeRange
from streams.ingest.span_planner import STEP_MS

RATE_HZ = 16_000
SAMPLES_PER_MS = RATE_HZ // 1000
RESYNC_US = 100_000
"""A frame further than this from where the last one ended starts anew: less is jitter of coarse time stamps."""
DRIFT_US = 15_000
"""So far may time stamps have moved from the count of samples, on the mean of a second, before they are followed."""
FOLLOWED = 0.02
"""A frame's share of that mean."""
CONVERTED_SAMPLES = 16_384
"""Of the source, converted at once: for the 1,024 of a frame of AAC the call costs more than the conversion."""
FLOOR_DB = -100.0
CHUNK_SAMPLES = RATE_HZ * 60


class PcmFile:
    """Writes frames of one audio stream to their place. ``origin_us`` is the stream time of project 0 ms."""

    def __init__(self, path: Path, origin_us: int) -> None:
        """Creates the file."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._origin_us = origin_us
        self._resampler: AudioResampler | None = None
        self._held = AudioFifo()
        self._shape: tuple[str, str, int] | None = None
        self._expected_us = 0.0
        self._lag_us = 0.0
        self._heard_us = 0.0
        self._first_us: float | None = None
        self._distrusted = False
        self._cursor = 0
        self.samples = 0
        """How many samples the file holds: the end of the last frame."""

    def add(self, frame: av.AudioFrame) -> None:
        """Append one decoded frame where its time says, or keep it until there is more to convert.

        Raises PyAV's errors for sound that cannot be converted, this frame's or what was kept.
        """
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        start_us = self._expected_us
        pts, time_base = frame.pts, frame.time_base
        if pts is not None and time_base is not None:
            start_us = stream_us(pts, time_base) - self._origin_us
        if not self._trusted(start_us):
            start_us = self._expected_us
        self._lag_us += (start_us - self._expected_us - self._lag_us) * FOLLOWED
        if self._resampler is None or shape != self._shape or abs(start_us - self._expected_us) > RESYNC_US:
            self._flush()
            self._begin(shape, start_us)
        elif abs(self._lag_us) > DRIFT_US:
            self._flush()
            self._begin(shape, self._expected_us + self._lag_us)
        frame.pts = None
        self._held.write(frame)
        for part in self._held.read_many(CONVERTED_SAMPLES):
            self._convert(part)
        length_us = frame.samples * US_PER_S / frame.sample_rate
        self._expected_us += length_us
        self._heard_us += length_us

    def _trusted(self, start_us: float) -> bool:
        """False from the moment on that time stamps fall far behind the sound itself: they are wrong, not the sound."""
        if self._first_us is None:
            self._first_us = start_us
        behind = self._expected_us - start_us > RESYNC_US and start_us - self._first_us < self._heard_us / 2
        self._distrusted = self._distrusted or (behind and self._resampler is not None)
        return not self._distrusted

    def close(self, duration_ms: int) -> None:
        """Write what the converter still holds; the file then has silence up to ``duration_ms``."""
        self._flush()
        os.ftruncate(self._file, max(self.samples, duration_ms * SAMPLES_PER_MS) * 2)
        os.close(self._file)

    def flush(self) -> int:
        """Write what the converter still holds; returns the length so far in ms, rounded up."""
        self._flush()
        return -(-self.samples // SAMPLES_PER_MS)

    def _begin(self, shape: tuple[str, str, int], start_us: float) -> None:
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        self._held = AudioFifo()
        self._shape = shape
        self._expected_us = start_us
        self._lag_us = 0.0
        self._cursor = round(start_us * RATE_HZ / US_PER_S)

    def _flush(self) -> None:
        if self._resampler is not None:
            if (rest := self._held.read()) is not None:
                self._convert(rest)
            self._convert(None)
        self._resampler = None

    def _convert(self, part: av.AudioFrame | None) -> None:
        """Write a part converted (None: what the converter still holds); after one that cannot be it begins anew."""
        resampler, self._resampler = self._resampler, None
        assert resampler is not None
        for converted in resampler.resample(part):
            self._write(converted)
        self._resampler = resampler

    def _write(self, part: av.AudioFrame) -> None:
        values = part.to_ndarray().reshape(-1)
        skip = max(0, self.samples - self._cursor)
        if skip < len(values):
            os.pwrite(self._file, values[skip:].tobytes(), (self._cursor + skip) * 2)
            self.samples = self._cursor + len(values)
        self._cursor += len(values)


def levels_db(path: Path) -> NDArray[np.float32]:
    """RMS of each ``STEP_MS`` of a PCM file in dBFS, shape (n,); the last incomplete step is left out."""
    step = STEP_MS * SAMPLES_PER_MS
    samples = np.memmap(path, dtype=np.int16, mode="r")
    parts = []
    for start in range(0, len(samples) // step * step, CHUNK_SAMPLES):
        chunk = samples[start : min(start + CHUNK_SAMPLES, len(samples) // step * step)]
        power = np.square(chunk.astype(np.float32) / 32768).reshape(-1, step).mean(axis=1)
        parts.append(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))
    return np.concatenate(parts).astype(np.float32) if parts else np.empty(0, np.float32)


def write_flac(pcm: Path, time: TimeRange, path: Path) -> None:
    """A stretch of a PCM file as FLAC, 16 kHz mono; it starts at ``time.start_ms`` exactly."""
    samples = np.memmap(pcm, dtype=np.int16, mode="r")
    values = samples[time.start_ms * SAMPLES_PER_MS : time.end_ms * SAMPLES_PER_MS]
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono", options={"compression_level": "2"})
        for start in range(0, len(values), CHUNK_SAMPLES):
            chunk = np.ascontiguousarray(values[start : start + CHUNK_SAMPLES]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
