"""Screen detection: a drawn page is a screen, a scene with grain and shading is not; tiny pictures work too."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image

from benchmarks.vision.drawn import KINDS, squeezed
from streams.vision.screen_detection import SCREEN_MIN_PROBABILITY, measure_graphic, screen_probability


def small(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((320, 180), Image.Resampling.BICUBIC))


def view(seed: int) -> np.ndarray:
    """Something a camera might see: shading, soft edges in all directions, grain."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:180, 0:320]
    picture = np.stack([110 + 60 * np.sin(x / 90 + k) + 30 * np.cos(y / 50 + seed) for k in range(3)], axis=2)
    for _ in range(14):
        middle_x, middle_y, size = chance.uniform(0, 320), chance.uniform(0, 180), chance.uniform(15, 60)
        inside = (x - middle_x) ** 2 + (y - middle_y) ** 2 < size**2
        picture[inside] = picture[inside] * 0.5 + chance.uniform(0, 130, 3)
    return np.clip(picture + chance.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawn_page_is_a_screen(kind: str) -> None:
    dice = random.Random(kind)
    told = [screen_probability(measure_graphic(small(squeezed(KINDS[kind](dice), dice)))) for _ in range(5)]
    assert np.median(told) > SCREEN_MIN_PROBABILITY


def test_a_natural_view_is_not_a_screen() -> None:
    assert max(screen_probability(measure_graphic(view(seed))) for seed in range(5)) < SCREEN_MIN_PROBABILITY


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_uniform_picture_is_not_a_screen(level: int) -> None:
    assert screen_probability(measure_graphic(np.full((180, 320, 3), level, np.uint8))) < SCREEN_MIN_PROBABILITY


def test_black_bars_around_a_view_do_not_make_a_screen() -> None:
    for seed in range(5):
        barred = np.zeros((180, 320, 3), np.uint8)
        barred[:, 80:240] = view(seed)[:, 80:240]
        assert measure_graphic(barred) == measure_graphic(view(seed)[:, 82:238])
        assert screen_probability(measure_graphic(barred)) < SCREEN_MIN_PROBABILITY


def test_tiny_pictures_are_measured_too() -> None:
    assert 0 <= screen_probability(measure_graphic(np.zeros((2, 2, 3), np.uint8))) <= 1
