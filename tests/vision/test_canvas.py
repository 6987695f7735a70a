"""Canvas: input sizes of the detector, and the way back to display pixels."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.common import Box, Face
from streams.vision.canvas import fit_canvas, read_batches, to_display, write_picture
from tests.look.clips import track


def face(x: float, y: float, width: float, height: float) -> Face:
    return Face(box=Box(x=x, y=y, width=width, height=height), score=0.9)


@pytest.mark.parametrize(
    ("size", "canvas"), [((1920, 1080), (320, 192)), ((1080, 1920), (192, 320)), ((320, 180), (320, 192))]
)
def test_common_sizes_have_their_canvas(size: tuple[int, int], canvas: tuple[int, int]) -> None:
    fitted = fit_canvas(track(*size), 320 * 192)
    assert (fitted.width, fitted.height) == canvas


@given(some.integers(16, 8000), some.integers(16, 8000))
def test_a_picture_fits_the_canvas_without_distortion(width: int, height: int) -> None:
    fitted = fit_canvas(track(width, height), 320 * 192)
    assert fitted.width % 32 == fitted.height % 32 == 0
    assert fitted.inner_width <= fitted.width
    assert fitted.inner_height <= fitted.height
    assert fitted.scale <= 1.0
    assert abs(fitted.inner_width - width * fitted.scale) <= 2
    assert abs(fitted.inner_height - height * fitted.scale) <= 2


def test_boxes_are_in_display_pixels_and_stay_inside() -> None:
    canvas = fit_canvas(track(1920, 1080), 320 * 192)
    found = to_display([face(-4, 10, 20, 20), face(305, 165, 20, 20), face(100, 186, 4, 4)], canvas)
    assert [f.box for f in found] == [
        Box(x=0, y=60, width=96, height=120),
        Box(x=1830, y=990, width=90, height=90),
    ]


def test_pictures_are_read_in_batches(tmp_path: Path) -> None:
    canvas = fit_canvas(track(320, 180), 320 * 192)
    file = BytesIO()
    for level in range(5):
        write_picture(file, canvas, np.full((180, 320, 3), level + 1, np.uint8))
    path = tmp_path / "faces.raw"
    path.write_bytes(file.getvalue())
    batches = list(read_batches(path, canvas, 5, 2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert batches[1][0, 0, 0, 0] == 3
    assert batches[1][0, 191, 0, 0] == 0
    assert list(read_batches(path, canvas, 0, 2)) == []
