"""Frame statistics do not depend on the size or format of a picture."""

from __future__ import annotations

import av
import numpy as np
import pytest

from streams.vision.frame_stats import BLOCKS_HIGH, BLOCKS_WIDE, difference, measure_frame
from tests.look.clips import scene


def frame_of(picture: np.ndarray, pixel_format: str) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "nv12", "yuv420p10le", "rgb24", "gray"])
def test_every_format_measures_alike(pixel_format: str) -> None:
    picture = scene(1)
    if pixel_format == "gray":
        picture = np.repeat(picture.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    wanted = measure_frame(frame_of(picture, "yuv444p"))
    measured = measure_frame(frame_of(picture, pixel_format))
    assert measured.blocks.shape == (BLOCKS_HIGH, BLOCKS_WIDE, 3)
    assert measured.histogram.sum() == pytest.approx(1.0)
    assert difference(wanted, measured) < 0.06


def test_black_and_white_are_the_ends_of_brightness() -> None:
    black, white = (np.full((90, 160, 3), level, np.uint8) for level in (0, 255))
    assert measure_frame(frame_of(black, "yuv420p")).brightness == pytest.approx(0, abs=1.5)
    assert measure_frame(frame_of(white, "yuv420p")).brightness == pytest.approx(255, abs=1.5)


def test_difference_is_large_between_scenes_and_small_under_noise() -> None:
    random = np.random.default_rng(7)
    one, other = scene(1), scene(2)
    noisy = np.clip(one + random.normal(0, 6, one.shape), 0, 255).astype(np.uint8)
    measures = [measure_frame(frame_of(picture, "yuv420p")) for picture in (one, noisy, other)]
    assert difference(measures[0], measures[0]) == 0
    assert difference(measures[0], measures[1]) < 0.15
    assert difference(measures[0], measures[2]) > 0.3


def test_tiny_pictures_are_measured_too() -> None:
    assert measure_frame(frame_of(scene(3, 64, 64)[:2, :2], "yuv420p")).blocks.shape == (9, 16, 3)
