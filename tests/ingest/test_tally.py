"""Pure arithmetic over what a container says of its pictures: turns, square pixels, nonsense."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streams.ingest.tally import display_size, rotation_deg, sane_aspect


@pytest.mark.parametrize(
    ("counterclockwise", "clockwise"),
    [(0, 0), (-90, 90), (90, 270), (180, 180), (-180, 180), (-91, 90), (-2147483648, 0), (45, 0)],
)
def test_rotation(counterclockwise: int, clockwise: int) -> None:
    assert rotation_deg(counterclockwise) == clockwise


@pytest.mark.parametrize(
    ("told", "used"),
    [(None, 1), (Fraction(0), 1), (Fraction(1000), 1), (Fraction(1, 1000), 1), (Fraction(16, 11), Fraction(16, 11))],
)
def test_absurd_pixels_are_square(told: Fraction | None, used: Fraction) -> None:
    assert sane_aspect(told) == used


@pytest.mark.parametrize(
    ("width", "height", "aspect", "rotation", "shown"),
    [
        (1920, 1080, Fraction(1), 0, (1920, 1080)),
        (1920, 1080, Fraction(1), 90, (1080, 1920)),
        (704, 576, Fraction(16, 11), 0, (1024, 576)),
        (640, 360, Fraction(2, 3), 0, (640, 540)),
        (161, 121, Fraction(1), 0, (160, 120)),
        (720, 576, Fraction(16, 15), 270, (576, 768)),
        (1, 1, Fraction(1), 0, (2, 2)),
    ],
)
def test_display_size(width: int, height: int, aspect: Fraction, rotation: int, shown: tuple[int, int]) -> None:
    assert display_size(width, height, aspect, rotation) == shown
