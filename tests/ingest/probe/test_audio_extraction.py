"""Sound in project time: gaps are silence, repeated packets play once, bad time stamps lose no sound."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from schemas.common import TimeRange
from streams.ingest.probe import audio_extraction
from streams.ingest.probe.audio_extraction import PcmWriter, measure_levels_db, write_flac


def tone(samples: int, rate: int, layout: str = "mono") -> av.AudioFrame:
    wave = (np.sin(np.arange(samples) * 2 * np.pi * 440 / rate) * 12_000).astype(np.int16)
    channels = av.AudioLayout(layout).nb_channels
    frame = av.AudioFrame.from_ndarray(np.repeat(wave, channels)[None, :], format="s16", layout=layout)
    frame.sample_rate = rate
    return frame


def frame_at(start_ms: float, length_ms: float, rate: int = 48_000, layout: str = "mono") -> av.AudioFrame:
    frame = tone(int(rate * length_ms / 1000), rate, layout)
    frame.pts, frame.time_base = round(start_ms * rate / 1000), Fraction(1, rate)
    return frame


def written(path: Path, frames: list[av.AudioFrame], *, origin_us: int = 0, duration_ms: int = 0) -> NDArray[np.int16]:
    pcm = PcmWriter(path, origin_us)
    for frame in frames:
        pcm.add(frame)
    pcm.close(duration_ms)
    return np.fromfile(path, np.int16)


def loud_ms(samples: NDArray[np.int16]) -> list[tuple[int, int]]:
    """Stretches (start, end) in ms that are not silent, on a 10 ms grid."""
    steps = np.abs(samples[: len(samples) // 160 * 160].astype(int)).reshape(-1, 160).max(axis=1) > 2000
    edges = np.flatnonzero(np.diff(np.concatenate(([False], steps, [False]))))
    return [(int(a) * 10, int(b) * 10) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_a_late_start_and_a_gap_are_silence(tmp_path: Path) -> None:
    frames = [frame_at(500 + n * 20, 20) for n in range(10)] + [frame_at(1500 + n * 20, 20) for n in range(10)]
    samples = written(tmp_path / "a", frames, duration_ms=3000)
    assert loud_ms(samples) == [(500, 700), (1500, 1700)]
    assert len(samples) == 48_000


def test_the_origin_is_zero(tmp_path: Path) -> None:
    assert loud_ms(written(tmp_path / "a", [frame_at(8266, 100)], origin_us=8_066_000)) == [(200, 300)]


def test_audio_before_the_origin_is_left_out(tmp_path: Path) -> None:
    assert loud_ms(written(tmp_path / "a", [frame_at(0, 300)], origin_us=100_000)) == [(0, 200)]


def test_repeated_audio_is_written_once(tmp_path: Path) -> None:
    frames = [frame_at(n * 20, 20) for n in range(50)] + [frame_at(800 + n * 20, 20) for n in range(50)]
    samples = written(tmp_path / "a", frames)
    assert loud_ms(samples) == [(0, 1800)]


def test_time_stamps_that_stand_still_do_not_swallow_the_sound(tmp_path: Path) -> None:
    """An AVI of the hostile set counts frames where it should count samples: 78 frames within 20 ms."""
    frames = [frame_at(n * 0.26, 26) for n in range(78)]
    assert abs(len(written(tmp_path / "a", frames)) / 16 - 78 * 26) < 130


@pytest.mark.parametrize("drift", [0.001, -0.001, 0.003])
def test_stamps_that_drift_from_the_samples_are_followed(drift: float, tmp_path: Path) -> None:
    """A burst each second by the stamps; words are timed by this file, and pictures by the stamps."""
    frames = []
    for number in range(1_500):
        start_ms = number * 20 * (1 + drift)
        frame = frame_at(start_ms, 20)
        if start_ms % 1000 > 200:
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, frame.samples), np.int16), format="s16", layout="mono")
            quiet.sample_rate, quiet.pts, quiet.time_base = frame.sample_rate, frame.pts, frame.time_base
            frame = quiet
        frames.append(frame)
    loud = loud_ms(written(tmp_path / "a", frames))
    bursts = [0] + [start for (_, before), (start, _) in pairwise(loud) if start - before > 500]
    assert len(bursts) >= 29
    late = [(start + 500) % 1000 - 500 for start in bursts]
    assert max(map(abs, late)) <= 30, late


def test_stamps_that_shake_cut_nothing(tmp_path: Path) -> None:
    shaking = np.random.default_rng(4).uniform(-15, 15, 500)
    frames = [frame_at(100 + n * 20 + shake, 20) for n, shake in enumerate(shaking)]
    (whole,) = loud_ms(written(tmp_path / "a", frames))
    assert whole[1] - whole[0] >= 9_950


def test_layout_and_rate_may_change_in_mid_stream(tmp_path: Path) -> None:
    frames = [frame_at(0, 200, 48_000, "5.1"), frame_at(200, 200, 44_100, "stereo"), frame_at(400, 200, 8_000)]
    samples = written(tmp_path / "a", frames)
    assert loud_ms(samples) == [(0, 600)]


def test_how_much_is_converted_at_once_changes_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = written(tmp_path / "kept", long_and_short_frames())
    monkeypatch.setattr(audio_extraction, "CONVERSION_SAMPLES", 1)
    assert np.array_equal(kept, written(tmp_path / "each", long_and_short_frames()))


def long_and_short_frames() -> list[av.AudioFrame]:
    """Sound with a gap in it, then as another layout and rate."""
    lengths = [20.0] * 40 + [3.0] * 40
    starts = [sum(lengths[:place]) + (2_000 if place > 50 else 0) for place in range(len(lengths))]
    first = [frame_at(at, length, 44_100, "stereo") for at, length in zip(starts, lengths, strict=True)]
    return [*first, *(frame_at(4_000 + n * 20, 20) for n in range(30))]


def test_unconvertible_audio_does_not_shift_later_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FailsAtFirst:
        """A resampler whose first instance fails."""

        made = 0

        def __init__(self, **how: Any) -> None:
            type(self).made += 1
            self._breaks, self._inner = self.made == 1, AudioResampler(**how)

        def resample(self, frame: av.AudioFrame | None) -> list[av.AudioFrame]:
            if self._breaks and frame is not None:
                raise ValueError
            return self._inner.resample(frame)

    monkeypatch.setattr(audio_extraction, "AudioResampler", FailsAtFirst)
    pcm, lost = PcmWriter(tmp_path / "a", 0), 0
    for frame in [frame_at(n * 20, 20) for n in range(100)]:
        try:
            pcm.add(frame)
        except ValueError:
            lost += 1
    pcm.close(2_000)
    ((start_ms, end_ms),) = loud_ms(np.fromfile(tmp_path / "a", np.int16))
    assert lost == 1
    assert 340 <= start_ms <= 400
    assert end_ms == 2_000


def test_levels_are_in_dbfs(tmp_path: Path) -> None:
    written(tmp_path / "a", [frame_at(0, 200)], duration_ms=1000)
    levels = measure_levels_db(tmp_path / "a")
    assert len(levels) == 50
    assert abs(levels[3] - 20 * np.log10(12_000 / 32_768 / np.sqrt(2))) < 0.5
    assert abs(levels[-1] + 100) < 0.01


def test_flac_holds_the_very_samples(tmp_path: Path) -> None:
    samples = written(tmp_path / "a", [frame_at(0, 900)], duration_ms=2000)
    write_flac(tmp_path / "a", TimeRange(start_ms=250, end_ms=1250), tmp_path / "a.flac")
    with av.open(str(tmp_path / "a.flac")) as container:
        stream = container.streams.audio[0]
        assert (stream.sample_rate, stream.channels) == (16_000, 1)
        decoded = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(stream)])
    assert np.array_equal(decoded, samples[4_000:20_000])
