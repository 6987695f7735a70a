"""Gathers decoded audio frames into one 48 kHz stereo array, and cuts it into frames for encoders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from streams.renderer.audio.clock_drift import fit_clock_drift
from streams.renderer.audio.downmix import downmix_matrix
from streams.renderer.audio.loudness import RATE_HZ, Sound

AAC_FRAME_SAMPLES = 1024
"""Samples of an AAC-LC frame."""
MIN_JUMP_MS = 40
"""Distance to the end of the last frame from which a frame begins a new run; less is rounding or drift."""
LAG_FOLLOW_RATIO = 0.05
"""Share of a frame's lag that the run follows: it keeps up with drift, not with jumps."""
EDGE_FADE_SAMPLES = RATE_HZ * 8 // 1000
"""Fade at the clip's ends, 8 ms: a cut in mid-wave clicks."""


class _FrameRun:
    """Frames of one format without a jump between them, as 48 kHz stereo."""

    def __init__(self, frame: av.AudioFrame, at_ms: float) -> None:
        channels = [channel.name for channel in frame.layout.channels]
        self.form = frame_format(frame)
        self.due_ms = at_ms
        self.lag_ms = 0.0
        """Distance of the time stamps from the count of samples, slowly followed."""
        self.stamps: list[float] = []
        self.dues: list[float] = []
        self._matrix = downmix_matrix(channels)
        layout = "stereo" if self._matrix is None else frame.layout.name
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ)
        self._pieces: list[NDArray[np.float32]] = []

    def continues(self, frame: av.AudioFrame, at_ms: float) -> bool:
        """Whether the frame follows on the run."""
        return frame_format(frame) == self.form and abs(at_ms - self.due_ms - self.lag_ms) <= MIN_JUMP_MS

    def append(self, frame: av.AudioFrame, at_ms: float) -> None:
        """Add a frame."""
        self.stamps.append(at_ms)
        self.dues.append(self.due_ms)
        self.lag_ms += (at_ms - self.due_ms - self.lag_ms) * LAG_FOLLOW_RATIO
        self.due_ms += frame.samples * 1000 / frame.sample_rate
        frame.pts = None
        self._collect(self._resampler.resample(frame))

    def aligned_parts(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Parts of the run, aligned with its stamps, each with its start in ms."""
        self._collect(self._resampler.resample(None))
        sound = np.concatenate(self._pieces) if self._pieces else np.zeros((0, 2), np.float32)
        segments = fit_clock_drift(self.stamps, self.dues)
        for segment in segments:
            first, end = (
                round((self.dues[at] - self.dues[0]) * RATE_HZ / 1000) if at < len(self.dues) else len(sound)
                for at in (segment.first, segment.end)
            )
            yield segment.start_ms, stretch_audio(sound[first:end], segment.ratio)

    def _collect(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            piece = frame.to_ndarray().T.astype(np.float32, copy=False)
            self._pieces.append(piece if self._matrix is None else piece @ self._matrix)


def frame_format(frame: av.AudioFrame) -> tuple[str, str, int]:
    """Sample format, layout and rate: what the frames of one run have in common."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def stretch_audio(sound: Sound, ratio: float) -> Sound:
    """Resample a sound to last ``ratio`` times as long, for a recorder whose clock ran wrong.

    Pitch changes too.
    """
    rate = round(RATE_HZ / ratio)
    if rate == RATE_HZ or not len(sound):
        return sound
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
    frame.sample_rate = rate
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([resampled.to_ndarray().T for resampled in frames]).astype(np.float32, copy=False)


def gather_audio(frames: Iterable[tuple[int, av.AudioFrame]], start_ms: int, samples: int) -> Sound | None:
    """Gather exactly ``samples`` of 48 kHz stereo, shape (samples, 2). None without frames.

    Gaps are silent. Mono goes to both sides; more channels are mixed down by `downmix`. Time stamps decide where
    audio is: where they drift from the sample count it is stretched, where they jump it is cut.
    """
    sound: Sound = np.zeros((samples, 2), np.float32)
    placed_samples = 0
    for run in _split_runs(frames):
        for at_ms, piece in run.aligned_parts():
            placed_samples += _place(sound, piece, round((at_ms - start_ms) * RATE_HZ / 1000))
    return np.nan_to_num(sound, copy=False) if placed_samples else None


def _split_runs(frames: Iterable[tuple[int, av.AudioFrame]]) -> Iterator[_FrameRun]:
    run: _FrameRun | None = None
    for at_ms, frame in frames:
        if run is None or not run.continues(frame, at_ms):
            if run is not None:
                yield run
            run = _FrameRun(frame, at_ms)
        run.append(frame, at_ms)
    if run is not None:
        yield run


def _place(sound: Sound, piece: NDArray[np.float32], cursor: int) -> int:
    """Write the part of the piece that lies inside; returns its number of samples."""
    start, end = max(0, cursor), min(len(sound), cursor + len(piece))
    if end <= start:
        return 0
    sound[start:end] = piece[start - cursor : end - cursor]
    return end - start


def fade_edges(sound: Sound) -> Sound:
    """Fade in and out over 8 ms."""
    length = min(EDGE_FADE_SAMPLES, len(sound) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)[:, None]
    result = sound.copy()
    result[:length] *= ramp
    result[len(sound) - length :] *= ramp[::-1]
    return result


def to_audio_frames(sound: Sound) -> Iterator[av.AudioFrame]:
    """Cut a sound into planar float frames of an AAC frame's length, with their pts."""
    for start in range(0, len(sound), AAC_FRAME_SAMPLES):
        piece = np.ascontiguousarray(sound[start : start + AAC_FRAME_SAMPLES].T)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield frame
