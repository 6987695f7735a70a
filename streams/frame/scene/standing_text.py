"""Titles and signs that stand for most of an angle, and whether a still crop would cut them. Pure."""

from __future__ import annotations

from core.domain.framing.boxes import shared_area
from schemas.common import Box, CropBox
from streams.frame.scene.scenes import AngleScene

MIN_SIGN_HEIGHT_RATIO, MIN_SIGN_WIDTH_RATIO, MIN_SIGN_TIME_RATIO = 0.035, 0.25, 0.6
"""Minimum height and width (shares of the frame) and time (share of the angle) of a title or sign to be held."""
MIN_WORD_WIDTH_RATIO = 0.12
"""Minimum width of a single word that must not be cut next to a distant person."""
CUT_LINE_RATIOS = 0.02, 0.98
"""A line is cut if a share between these is shown."""
CUT_TEXT_REASON = "letters that a crop would cut: all of it on a blurred ground"


def is_sign(box: Box, content: CropBox, wide: float = MIN_SIGN_WIDTH_RATIO) -> bool:
    """Tell whether a line is a title or a sign by its size in the frame."""
    return box.height >= MIN_SIGN_HEIGHT_RATIO * content.height and box.width >= wide * content.width


def cuts_signs(scene: AngleScene, crop: CropBox) -> bool:
    """Tell whether the edge of a still crop cuts a title or a sign."""
    if scene.area.holds_all:
        return False
    for box in signs_of(scene, MIN_WORD_WIDTH_RATIO):
        share = shared_area(crop, box) / max(1e-6, box.width * box.height)
        if CUT_LINE_RATIOS[0] < share < CUT_LINE_RATIOS[1]:
            return True
    return False


def signs_of(scene: AngleScene, wide: float = MIN_SIGN_WIDTH_RATIO) -> list[Box]:
    """Return titles and signs that stand for most of the time."""
    return [
        line.box
        for line in scene.tracks.letters
        if is_sign(line.box, scene.area.content, wide)
        and sum(line.range.overlap_ms(when) for when in scene.shots.values()) >= MIN_SIGN_TIME_RATIO * scene.length_ms
    ]
