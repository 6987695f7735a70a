"""The clip's sound as one stereo array on the output clock, and back into frames. Changes no level but at the edges."""

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
"""Of AAC-LC."""
MIN_JUMP_MS = 40
"""Frames this far from where the last one ended begin a run of their own; less is rounding, or drift."""
LAG_FOLLOW_RATIO = 0.05
"""How much of a frame's lag the run's own follows: a drift is kept up with, a jump is not."""
EDGE_FADE_SAMPLES = RATE_HZ * 8 // 1000
"""A cut in mid-wave clicks."""


class _FrameRun:
    """Frames of one form that follow each other without a jump, as 48 kHz stereo."""

    def __init__(self, frame: av.AudioFrame, at_ms: float) -> None:
        channels = [channel.name for channel in frame.layout.channels]
        self.form = frame_format(frame)
        self.due_ms = at_ms
        self.lag_ms = 0.0
        """How far the stamps have moved from the count of samples, slowly followed."""
        self.stamps: list[float] = []
        self.dues: list[float] = []
        self._matrix = downmix_matrix(channels)
        layout = "stereo" if self._matrix is None else frame.layout.name
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ)
        self._pieces: list[NDArray[np.float32]] = []

    def continues(self, frame: av.AudioFrame, at_ms: float) -> bool:
        """Whether the frame follows on."""
        return frame_format(frame) == self.form and abs(at_ms - self.due_ms - self.lag_ms) <= MIN_JUMP_MS

    def append(self, frame: av.AudioFrame, at_ms: float) -> None:
        """Append it."""
        self.stamps.append(at_ms)
        self.dues.append(self.due_ms)
        self.lag_ms += (at_ms - self.due_ms - self.lag_ms) * LAG_FOLLOW_RATIO
        self.due_ms += frame.samples * 1000 / frame.sample_rate
        frame.pts = None
        self._collect(self._resampler.resample(frame))

    def parts(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Stretches of it and the ms they begin at."""
        self._collect(self._resampler.resample(None))
        whole = np.concatenate(self._pieces) if self._pieces else np.zeros((0, 2), np.float32)
        found = fit_clock_drift(self.stamps, self.dues)
        for part in found:
            first, end = (
                round((self.dues[at] - self.dues[0]) * RATE_HZ / 1000) if at < len(self.dues) else len(whole)
                for at in (part.first, part.end)
            )
            yield part.start_ms, stretch_audio(whole[first:end], part.ratio)

    def _collect(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            piece = frame.to_ndarray().T.astype(np.float32, copy=False)
            self._pieces.append(piece if self._matrix is None else piece @ self._matrix)


def frame_format(frame: av.AudioFrame) -> tuple[str, str, int]:
    """What frames of one run have in common."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def stretch_audio(sound: Sound, ratio: float) -> Sound:
    """The sound lasting ``ratio`` times as long: what was recorded by a clock that goes wrong. Pitch goes with it."""
    rate = round(RATE_HZ / ratio)
    if rate == RATE_HZ or not len(sound):
        return sound
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
    frame.sample_rate = rate
    made = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([one.to_ndarray().T for one in made]).astype(np.float32, copy=False)


def gather_audio(frames: Iterable[tuple[int, av.AudioFrame]], start_ms: int, samples: int) -> Sound | None:
    """48 kHz stereo of exactly ``samples``, shape (samples, 2); gaps are silent. None when no frame came.

    Mono goes to both sides; more channels are mixed down by `downmix`. Time stamps decide where sound is: where they
    drift from the count of samples it is stretched, where they step it is cut.
    """
    sound: Sound = np.zeros((samples, 2), np.float32)
    placed = 0
    for run in _split_runs(frames):
        for at_ms, piece in run.parts():
            placed += _place(sound, piece, round((at_ms - start_ms) * RATE_HZ / 1000))
    return np.nan_to_num(sound, copy=False) if placed else None


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
    """Writes what of the piece lies inside, and says how many samples that was."""
    start, end = max(0, cursor), min(len(sound), cursor + len(piece))
    if end <= start:
        return 0
    sound[start:end] = piece[start - cursor : end - cursor]
    return end - start


def fade_edges(sound: Sound) -> Sound:
    """The same sound, coming and going over 8 ms."""
    length = min(EDGE_FADE_SAMPLES, len(sound) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)[:, None]
    result = sound.copy()
    result[:length] *= ramp
    result[len(sound) - length :] *= ramp[::-1]
    return result


def to_audio_frames(sound: Sound) -> Iterator[av.AudioFrame]:
    """Planar float frames of one AAC frame's length each, with their pts."""
    for start in range(0, len(sound), AAC_FRAME_SAMPLES):
        piece = np.ascontiguousarray(sound[start : start + AAC_FRAME_SAMPLES].T)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield frame
