"""Text detection: lines of any size, light or dark, are found; fences, leaves and faces are not text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from core.domain.framing.boxes import share_of_smaller
from schemas.common import Box
from streams.vision.text_detection import UInt8, find_text_lines

FONT = Path(__file__).parents[2] / "streams/renderer/typography/fonts/Inter-SemiBold.ttf"
WIDE, HIGH = 640, 360


def smooth(seed: int = 1) -> Image.Image:
    """Something out of focus."""
    cells = np.random.default_rng(seed).integers(40, 140, (5, 8), np.uint8)
    return Image.fromarray(cells).resize((WIDE, HIGH), Image.Resampling.BICUBIC)


def written(text: str, size: int, *, ink: int, ground: Image.Image) -> tuple[UInt8, Box]:
    picture = ground.copy()
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(str(FONT), size)
    left, top, right, bottom = draw.textbbox((60, 120), text, font=font)
    draw.text((60, 120), text, fill=ink, font=font)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(0.5))), Box(
        x=left, y=top, width=right - left, height=bottom - top
    )


@pytest.mark.parametrize("size", [12, 16, 24, 44, 70])
@pytest.mark.parametrize(("ink", "level"), [(240, 60), (20, 190)])
def test_a_line_is_found_where_it_stands(size: int, ink: int, level: int) -> None:
    ground = Image.new("L", (WIDE, HIGH), level)
    grey, box = written("Software Engineer", size, ink=ink, ground=ground)
    (found,) = find_text_lines(grey)
    assert share_of_smaller(found, box) > 0.7
    assert found.width > 0.75 * box.width


def test_white_letters_on_a_moving_picture_are_found() -> None:
    grey, box = written("A name, and what they do", 20, ink=245, ground=smooth())
    assert any(share_of_smaller(found, box) > 0.7 for found in find_text_lines(grey))


def test_busy_textures_are_not_text_lines() -> None:
    rng = np.random.default_rng(3)
    leaves = Image.fromarray(rng.integers(0, 255, (HIGH // 3, WIDE // 3), np.uint8)).resize((WIDE, HIGH))
    fence = np.full((HIGH, WIDE), 180, np.uint8)
    fence[80:300, ::16] = fence[80:300, 1::16] = 30
    for grey in (np.asarray(leaves), fence, np.asarray(smooth()), np.zeros((HIGH, WIDE), np.uint8)):
        assert find_text_lines(grey) == []
    assert find_text_lines(np.zeros((8, 8), np.uint8)) == []
