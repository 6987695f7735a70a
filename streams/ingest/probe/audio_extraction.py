"""Write decoded audio of any layout and rate to one 16 kHz mono PCM file on project time. Child side.

Sample n of the file is project time n / 16 ms. What the source leaves out is silence; what it repeats is kept once.
Times are never guessed.
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
from streams.ingest.span_planner import LEVEL_STEP_MS

AUDIO_RATE_HZ = 16_000
"""Sample rate of the PCM file and of span audio."""
SAMPLES_PER_MS = AUDIO_RATE_HZ // 1000
"""Samples of the PCM file a millisecond."""
MAX_GAP_US = 100_000
"""A frame further than this from the end of the last one starts a new place; less is jitter of coarse time stamps."""
MAX_DRIFT_US = 15_000
"""Largest mean drift in a second of time stamps from the count of samples before they are followed."""
DRIFT_SMOOTHING_FACTOR = 0.02
"""A frame's share of that mean."""
CONVERSION_SAMPLES = 16_384
"""Samples of the source converted at once: for the 1,024 of an AAC frame the call costs more than the conversion."""
FLOOR_DB = -100.0
"""Level reported for digital silence."""
CHUNK_SAMPLES = AUDIO_RATE_HZ * 60
"""Samples measured or encoded at once: a minute."""


class PcmWriter:
    """Writes frames of one audio stream to their place. ``origin_us`` is the stream time of project 0 ms."""

    def __init__(self, path: Path, origin_us: int) -> None:
        """Create the file."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._origin_us = origin_us
        self._resampler: AudioResampler | None = None
        self._pending = AudioFifo()
        self._input_format: tuple[str, str, int] | None = None
        self._expected_us = 0.0
        self._lag_us = 0.0
        self._decoded_us = 0.0
        self._first_us: float | None = None
        self._distrusted = False
        self._cursor = 0
        self.samples = 0
        """Number of samples in the file: the end of the last frame."""

    def add(self, frame: av.AudioFrame) -> None:
        """Append one decoded frame at its time, or keep it until there is enough to convert.

        Raises PyAV's errors for audio that cannot be converted, this frame's or what was kept.
        """
        input_format = (frame.format.name, frame.layout.name, frame.sample_rate)
        start_us = self._expected_us
        pts, time_base = frame.pts, frame.time_base
        if pts is not None and time_base is not None:
            start_us = stream_us(pts, time_base) - self._origin_us
        if not self._trusts_time(start_us):
            start_us = self._expected_us
        self._lag_us += (start_us - self._expected_us - self._lag_us) * DRIFT_SMOOTHING_FACTOR
        if (
            self._resampler is None
            or input_format != self._input_format
            or abs(start_us - self._expected_us) > MAX_GAP_US
        ):
            self._flush()
            self._restart(input_format, start_us)
        # Slow drift (a clock that runs fast or slow): follow the mean, not the jitter of single stamps.
        elif abs(self._lag_us) > MAX_DRIFT_US:
            self._flush()
            self._restart(input_format, self._expected_us + self._lag_us)
        frame.pts = None
        self._pending.write(frame)
        for part in self._pending.read_many(CONVERSION_SAMPLES):
            self._convert(part)
        length_us = frame.samples * US_PER_S / frame.sample_rate
        self._expected_us += length_us
        self._decoded_us += length_us

    def _trusts_time(self, start_us: float) -> bool:
        """Return False once time stamps fall far behind the audio itself: the stamps are wrong, not the audio."""
        if self._first_us is None:
            self._first_us = start_us
        is_behind = self._expected_us - start_us > MAX_GAP_US and start_us - self._first_us < self._decoded_us / 2
        self._distrusted = self._distrusted or (is_behind and self._resampler is not None)
        return not self._distrusted

    def close(self, duration_ms: int) -> None:
        """Write what the converter still holds; pad with silence up to ``duration_ms``."""
        self._flush()
        os.ftruncate(self._file, max(self.samples, duration_ms * SAMPLES_PER_MS) * 2)
        os.close(self._file)

    def flush(self) -> int:
        """Write what the converter still holds; return the length so far in ms, rounded up."""
        self._flush()
        return -(-self.samples // SAMPLES_PER_MS)

    def _restart(self, input_format: tuple[str, str, int], start_us: float) -> None:
        """Start a new converter at a stream time."""
        self._resampler = AudioResampler(format="s16", layout="mono", rate=AUDIO_RATE_HZ)
        self._pending = AudioFifo()
        self._input_format = input_format
        self._expected_us = start_us
        self._lag_us = 0.0
        self._cursor = round(start_us * AUDIO_RATE_HZ / US_PER_S)

    def _flush(self) -> None:
        """Convert what is pending and drop the converter."""
        if self._resampler is not None:
            if (pending := self._pending.read()) is not None:
                self._convert(pending)
            self._convert(None)
        self._resampler = None

    def _convert(self, part: av.AudioFrame | None) -> None:
        """Convert a part (None: what the converter still holds) and write it.

        After an error the converter is gone, so the next frame starts a new one.
        """
        resampler, self._resampler = self._resampler, None
        assert resampler is not None
        for converted in resampler.resample(part):
            self._write(converted)
        self._resampler = resampler

    def _write(self, part: av.AudioFrame) -> None:
        """Write converted samples to their place, without those already written."""
        values = part.to_ndarray().reshape(-1)
        # Where time stamps overlap, what was written first stays.
        skipped_samples = max(0, self.samples - self._cursor)
        if skipped_samples < len(values):
            os.pwrite(self._file, values[skipped_samples:].tobytes(), (self._cursor + skipped_samples) * 2)
            self.samples = self._cursor + len(values)
        self._cursor += len(values)


def measure_levels_db(path: Path) -> NDArray[np.float32]:
    """Measure the RMS of each ``LEVEL_STEP_MS`` of a PCM file in dBFS, shape (n,).

    The last incomplete step is left out.
    """
    step_samples = LEVEL_STEP_MS * SAMPLES_PER_MS
    samples = np.memmap(path, dtype=np.int16, mode="r")
    blocks = []
    for start in range(0, len(samples) // step_samples * step_samples, CHUNK_SAMPLES):
        chunk = samples[start : min(start + CHUNK_SAMPLES, len(samples) // step_samples * step_samples)]
        power = np.square(chunk.astype(np.float32) / 32768).reshape(-1, step_samples).mean(axis=1)
        blocks.append(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))
    return np.concatenate(blocks).astype(np.float32) if blocks else np.empty(0, np.float32)


def write_flac(pcm: Path, time: TimeRange, path: Path) -> None:
    """Write a range of a PCM file as FLAC, 16 kHz mono, starting at ``time.start_ms`` exactly."""
    samples = np.memmap(pcm, dtype=np.int16, mode="r")
    values = samples[time.start_ms * SAMPLES_PER_MS : time.end_ms * SAMPLES_PER_MS]
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=AUDIO_RATE_HZ, layout="mono", options={"compression_level": "2"})
        for start in range(0, len(values), CHUNK_SAMPLES):
            chunk = np.ascontiguousarray(values[start : start + CHUNK_SAMPLES]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE_HZ, start, Fraction(1, AUDIO_RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
