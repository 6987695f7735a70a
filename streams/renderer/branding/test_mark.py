"""The mark over the pictures of what was made with a test key: TEST, across the frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import av
from PIL import Image, ImageDraw, ImageFont

from streams.renderer.captions.burn_in import PlanePatch, blend_patch, yuv_patches
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.typography.fonts import font_path
from streams.renderer.video.planes import plane_rows

TEXT = "TEST"
FONT_FILE = "Inter-SemiBold.ttf"
LETTER_RATIO = 0.24
"""Size of the letters, as a share of the frame's shorter side: no crop that leaves the picture leaves the mark out."""
TILT_DEGREES = 30
ALPHA, EDGE_ALPHA = 110, 130
"""Opacity of letters and of their edge, of 255: the picture can be judged behind them."""


def draw_test_mark(size_px: tuple[int, int]) -> tuple[PlanePatch, ...]:
    """Patches of the mark, in the middle of a frame of ``size_px``."""
    width, height = size_px
    letters_px = max(8, round(min(size_px) * LETTER_RATIO))
    font = ImageFont.truetype(str(font_path(FONT_FILE)), letters_px)
    edge_px = max(1, letters_px // 24)
    left, top, right, bottom = (round(side) for side in font.getbbox(TEXT, stroke_width=edge_px))
    plain = Image.new("RGBA", (right - left, bottom - top), (0, 0, 0, 0))
    ImageDraw.Draw(plain).text(
        (-left, -top),
        TEXT,
        font=font,
        fill=(255, 255, 255, ALPHA),
        stroke_width=edge_px,
        stroke_fill=(0, 0, 0, EDGE_ALPHA),
    )
    tilted = plain.rotate(TILT_DEGREES, Image.Resampling.BICUBIC, expand=True)
    across, down = (min(drawn, frame) // 2 * 2 for drawn, frame in zip(tilted.size, size_px, strict=True))
    tilted = tilted.crop((0, 0, across, down))
    return yuv_patches(DrawnCue(image=tilted, x_px=(width - across) // 4 * 2, y_px=(height - down) // 4 * 2))


def burn_patches(picture: av.VideoFrame, patches: Sequence[PlanePatch]) -> None:
    """Blend patches of Y, U and V into a writable yuv420p frame."""
    for plane, patch in zip(picture.planes, patches, strict=True):
        blend_patch(plane_rows(plane), patch)


def with_test_mark(
    draw: Callable[[av.VideoFrame, int], None] | None, size_px: tuple[int, int]
) -> Callable[[av.VideoFrame, int], None]:
    """A function that draws the mark into a still, and then what ``draw`` draws."""
    patches = draw_test_mark(size_px)

    def draw_both(picture: av.VideoFrame, at_ms: int) -> None:
        burn_patches(picture, patches)
        if draw is not None:
            draw(picture, at_ms)

    return draw_both
