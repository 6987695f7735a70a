"""The track of a proxy's sound: gaps are silent, what overlaps plays once."""

from __future__ import annotations

import av
import numpy as np

from streams.transcode.sound import RATE_HZ, lay_sound


def frame(level: float, length_ms: int = 100, rate: int = RATE_HZ, layout: str = "stereo") -> av.AudioFrame:
    channels = av.AudioLayout(layout).nb_channels
    made = av.AudioFrame.from_ndarray(
        np.full((channels, rate * length_ms // 1000), level, np.float32), format="fltp", layout=layout
    )
    made.sample_rate = rate
    return made


def laid(frames: list[tuple[int, av.AudioFrame]]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    pieces = list(lay_sound(frames))
    return np.concatenate(pieces, axis=1)[0]


def test_a_late_start_and_a_gap_are_silent() -> None:
    track = laid([(200, frame(0.5)), (2_500, frame(0.5))])
    assert len(track) == RATE_HZ * 2_600 // 1000
    heard = np.flatnonzero(np.abs(track) > 0.1) * 1000 // RATE_HZ
    assert sorted({int(at) // 100 for at in heard}) == [2, 25]


def test_what_overlaps_plays_once_and_jitter_stays() -> None:
    assert len(laid([(0, frame(0.5)), (0, frame(0.5)), (100, frame(0.5))])) == RATE_HZ * 200 // 1000
    assert len(laid([(0, frame(0.5)), (110, frame(0.5)), (190, frame(0.5))])) == RATE_HZ * 300 // 1000


def test_a_format_may_change_in_mid_file() -> None:
    track = laid([(0, frame(0.5, 1_000)), (1_000, frame(0.5, 1_000, 16_000, "mono"))])
    assert abs(len(track) - 2 * RATE_HZ) < RATE_HZ // 100
