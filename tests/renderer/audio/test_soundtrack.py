"""The clip's sound: placed by its own time, cut to length, mixed to stereo."""

from __future__ import annotations

import av
import numpy as np
import pytest

from streams.renderer.audio.loudness import RATE_HZ
from streams.renderer.audio.soundtrack import fade_edges, gather_audio, to_audio_frames


def frame(value: float, samples: int, rate_hz: int = RATE_HZ, layout: str = "stereo") -> av.AudioFrame:
    channels = av.AudioLayout(layout).nb_channels
    made = av.AudioFrame.from_ndarray(np.full((channels, samples), value, np.float32), format="fltp", layout=layout)
    made.sample_rate = rate_hz
    return made


def test_frames_start_at_their_own_time_and_gaps_are_silent() -> None:
    sound = gather_audio([(1_050, frame(0.5, 4_800)), (1_500, frame(0.25, 4_800))], 1_000, RATE_HZ)
    assert sound is not None
    assert sound.shape == (RATE_HZ, 2)
    ms = sound[:: RATE_HZ // 1000, 0]
    assert not ms[:49].any()
    assert ms[60:140] == pytest.approx(0.5)
    assert not ms[160:490].any()
    assert ms[510:590] == pytest.approx(0.25)
    assert not ms[610:].any()


def test_sound_outside_the_range_is_cut() -> None:
    sound = gather_audio([(0, frame(0.5, RATE_HZ * 3))], 1_000, RATE_HZ)
    assert sound is not None
    assert sound[100:-100] == pytest.approx(0.5)


def test_rounded_times_leave_no_holes() -> None:
    frames = [(round(n * 1024 / 48), frame(0.5, 1024)) for n in range(47)]
    sound = gather_audio(frames, 0, RATE_HZ)
    assert sound is not None
    assert sound.min() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("rate_hz", "layout"), [(44_100, "mono"), (16_000, "stereo"), (48_000, "5.1"), (8_000, "mono")]
)
def test_any_layout_and_rate_become_48_khz_stereo(rate_hz: int, layout: str) -> None:
    sound = gather_audio([(0, frame(0.2, rate_hz, rate_hz, layout))], 0, RATE_HZ)
    assert sound is not None
    middle = sound[RATE_HZ // 4 : -RATE_HZ // 4]
    assert middle.min() > 0.1
    assert np.allclose(middle[:, 0], middle[:, 1])


def test_a_change_of_format_in_mid_stream_is_followed() -> None:
    sound = gather_audio([(0, frame(0.5, 24_000)), (500, frame(0.5, 22_050, 44_100, "mono"))], 0, RATE_HZ)
    assert sound is not None
    assert sound[30_000, 0] > 0.3


def test_a_range_without_frames_has_no_sound() -> None:
    assert gather_audio([], 0, RATE_HZ) is None


def test_edges_are_faded() -> None:
    sound = fade_edges(np.ones((RATE_HZ, 2), np.float32))
    assert sound[0, 0] == sound[-1, 0] == 0
    assert sound[RATE_HZ // 100 : -RATE_HZ // 100].min() == 1
    assert len(fade_edges(np.ones((3, 2), np.float32))) == 3


def test_frames_carry_every_sample_once() -> None:
    sound = np.random.default_rng(1).random((5_000, 2)).astype(np.float32)
    frames = list(to_audio_frames(sound))
    assert [one.pts for one in frames] == [0, 1024, 2048, 3072, 4096]
    assert np.array_equal(np.concatenate([one.to_ndarray() for one in frames], axis=1).T, sound)
