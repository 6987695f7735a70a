"""Downmix to stereo: the left stays left; a microphone on one side goes to both."""

from __future__ import annotations

import numpy as np
import pytest

from streams.renderer.audio.downmix import CENTRE_GAIN, REAR_GAIN, SURROUND_GAIN, downmix_matrix, fill_silent_side
from tests.renderer.audio.test_loudness import speech_like


def test_each_channel_goes_to_its_own_side() -> None:
    matrix = downmix_matrix(["FL", "FR", "FC", "LFE", "SL", "SR", "BC"])
    assert matrix is not None
    assert matrix.tolist() == pytest.approx(
        np.array(
            [
                [1, 0],
                [0, 1],
                [CENTRE_GAIN, CENTRE_GAIN],
                [0, 0],
                [SURROUND_GAIN, 0],
                [0, SURROUND_GAIN],
                [REAR_GAIN, REAR_GAIN],
            ]
        )
    )


@pytest.mark.parametrize("channels", [["FC"], ["FL", "FR"], ["FL", "FR", "DL"], []])
def test_mono_stereo_and_unknown_layouts_are_not_downmixed(channels: list[str]) -> None:
    assert downmix_matrix(channels) is None


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("hiss", [0.0, 1e-3])
def test_a_microphone_on_one_channel_fills_both_channels(side: int, hiss: float) -> None:
    sound = speech_like(1.0)
    sound[:, 1 - side] *= hiss
    found = fill_silent_side(sound)
    assert np.array_equal(found[:, 0], found[:, 1])
    assert np.array_equal(found[:, side], sound[:, side])


@pytest.mark.parametrize("level", [0.01, 0.5, 1.0])
def test_stereo_stays_stereo_however_soft_one_side_is(level: float) -> None:
    """40 dB apart is a choice, 60 dB is a cable."""
    sound = speech_like(1.0)
    sound[:, 1] *= level
    assert fill_silent_side(sound) is sound


def test_silence_stays_silence() -> None:
    sound = np.zeros((4_800, 2), np.float32)
    assert fill_silent_side(sound) is sound
