"""Marks over pictures: TEST across what a test key made, a plan's mark near the upper edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import av
from PIL import Image, ImageDraw, ImageFont

from streams.renderer.captions.burn_in import PlanePatch, blend_patch, yuv_patches
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.typography.fonts import font_path
from streams.renderer.video.planes import plane_rows

Mark = Literal["test", "plan"]
TEST_TEXT, PLAN_TEXT = "TEST", "Made with Clipstream"
FONT_FILE = "Inter-SemiBold.ttf"
TEST_LETTER_RATIO = 0.24
"""Size of the letters, as a share of the frame's shorter side: no crop that leaves the picture leaves the mark out."""
PLAN_LETTER_RATIO, PLAN_TOP_RATIO = 0.042, 0.085
"""Size of the letters as a share of the shorter side, and their distance from the upper edge as one of the height.

Logos lie in corners, captions and names of speakers in the lower half.
"""
TEST_TILT_DEGREES = 30
TEST_ALPHA, TEST_EDGE_ALPHA = 110, 130
"""Opacity of letters and of their edge, of 255: the picture can be judged behind them."""
PLAN_ALPHA, PLAN_EDGE_ALPHA = 165, 120


def chosen_mark(*, test: bool, watermark: bool) -> Mark | None:
    """The mark of a file: a test's in place of the plan's."""
    if test:
        return "test"
    return "plan" if watermark else None


def draw_mark(mark: Mark, size_px: tuple[int, int]) -> tuple[PlanePatch, ...]:
    """Patches of a mark, in the middle of a frame of ``size_px`` or in that of its upper edge."""
    width, height = size_px
    if mark == "test":
        drawn = _draw_text(TEST_TEXT, min(size_px) * TEST_LETTER_RATIO, TEST_ALPHA, TEST_EDGE_ALPHA)
        drawn = drawn.rotate(TEST_TILT_DEGREES, Image.Resampling.BICUBIC, expand=True)
    else:
        drawn = _draw_text(PLAN_TEXT, min(size_px) * PLAN_LETTER_RATIO, PLAN_ALPHA, PLAN_EDGE_ALPHA)
    across, down = (min(side, frame) // 2 * 2 for side, frame in zip(drawn.size, size_px, strict=True))
    drawn = drawn.crop((0, 0, across, down))
    top_px = (height - down) // 4 * 2 if mark == "test" else min(round(height * PLAN_TOP_RATIO), height - down) // 2 * 2
    return yuv_patches(DrawnCue(image=drawn, x_px=(width - across) // 4 * 2, y_px=top_px))


def _draw_text(text: str, letters_px: float, alpha: int, edge_alpha: int) -> Image.Image:
    size_px = max(8, round(letters_px))
    font = ImageFont.truetype(str(font_path(FONT_FILE)), size_px)
    edge_px = max(1, size_px // 24)
    left, top, right, bottom = (round(side) for side in font.getbbox(text, stroke_width=edge_px))
    plain = Image.new("RGBA", (right - left, bottom - top), (0, 0, 0, 0))
    ImageDraw.Draw(plain).text(
        (-left, -top),
        text,
        font=font,
        fill=(255, 255, 255, alpha),
        stroke_width=edge_px,
        stroke_fill=(0, 0, 0, edge_alpha),
    )
    return plain


def burn_patches(picture: av.VideoFrame, patches: Sequence[PlanePatch]) -> None:
    """Blend patches of Y, U and V into a writable yuv420p frame."""
    for plane, patch in zip(picture.planes, patches, strict=True):
        blend_patch(plane_rows(plane), patch)


def with_mark(
    mark: Mark, draw: Callable[[av.VideoFrame, int], None] | None, size_px: tuple[int, int]
) -> Callable[[av.VideoFrame, int], None]:
    """A function that draws the mark into a still, and then what ``draw`` draws."""
    patches = draw_mark(mark, size_px)

    def draw_both(picture: av.VideoFrame, at_ms: int) -> None:
        burn_patches(picture, patches)
        if draw is not None:
            draw(picture, at_ms)

    return draw_both
