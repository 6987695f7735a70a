"""Arithmetic on container facts: rotation, pixel shape, nonsensical values."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streams.ingest.probe.packet_table import clamp_aspect, compute_display_size, decode_orientation


@pytest.mark.parametrize(
    ("across", "down", "clockwise", "mirrored"),
    [
        ((1, 0), (0, 1), 0, False), ((0, -1), (1, 0), 90, False), ((-1, 0), (0, -1), 180, False),
        ((0, 1), (-1, 0), 270, False), ((-1, 0), (0, 1), 0, True), ((1, 0), (0, -1), 180, True),
        ((0, 1), (1, 0), 270, True), ((0, -1), (-1, 0), 90, True), ((0.02, -1), (1, 0.02), 90, False),
        ((3, 0), (0, 1), 0, False), ((0.8, -0.6), (0.6, 0.8), 0, False), ((0, 0), (0, 0), 0, False),
        ((1, 1), (1, 1), 0, False),
    ],
)  # fmt: skip
def test_orientation_is_read_from_the_matrix(
    across: tuple[float, float], down: tuple[float, float], clockwise: int, mirrored: bool
) -> None:
    """``across`` and ``down`` are the rows of the map: x' = a x + c y, y' = b x + d y."""
    (a, c), (b, d) = across, down
    matrix = [round(part * 65_536) for part in (a, b, 0, c, d, 0, 0, 0, 16_384)]
    assert decode_orientation(matrix) == (clockwise, mirrored)


def test_a_missing_matrix_means_no_rotation() -> None:
    assert decode_orientation(None) == (0, False)


@pytest.mark.parametrize(
    ("told", "used"),
    [(None, 1), (Fraction(0), 1), (Fraction(1000), 1), (Fraction(1, 1000), 1), (Fraction(16, 11), Fraction(16, 11))],
)
def test_absurd_pixels_are_square(told: Fraction | None, used: Fraction) -> None:
    assert clamp_aspect(told) == used


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
def test_display_size_follows_the_pixel_aspect(
    width: int, height: int, aspect: Fraction, rotation: int, shown: tuple[int, int]
) -> None:
    assert compute_display_size(width, height, aspect, rotation) == shown
