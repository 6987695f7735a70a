"""Show the whole frame on a blurred ground, or as much of it as people need from side to side. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

import msgspec
import numpy as np

from schemas.common import Box, CropBox, Mode, TimeRange
from schemas.documents.scene import Shows
from streams.frame.scene.crop import (
    ASPECT_RATIOS,
    EYES_IN_BOX_RATIO,
    EYES_IN_CROP_RATIO,
    Floats,
    FramingSubject,
    head_spans,
    round_to_even,
)
from streams.frame.scene.persons import upper_body_box
from streams.frame.scene.scenes import AngleScene

MIDDLE_RATIO, HIGHEST_RATIO = 0.5, 0.25
"""Usual and highest place of the frame on its ground: the share of the free height above it."""
SIDE_MARGIN_RATIO, NEARLY_ALL_RATIO = 0.06, 0.85
"""Margin next to what a widened part must hold, as a share of the crop; and the share of the frame from which it is
shown as a whole."""


class CropDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A crop, its subject and the reason; ``inside``: share of looks at which it holds the main subject."""

    crop: CropBox
    shows: Shows
    reason: str
    mode: Mode = "hold"
    inside: float = 1.0
    above: float = 0.5
    """Share of the free height above the crop, where it stands on a higher ground."""


def show_everything(scene: AngleScene, reason: str) -> CropDecision:
    """Show the whole content on a blurred ground."""
    content = scene.area.content
    return CropDecision(crop=content, shows="whole", reason=reason, mode="fit", above=space_above(scene, content))


def space_above(scene: AngleScene, crop: CropBox) -> float:
    """Return the share of free height above a crop so that the eyes come to a third, as far as allowed."""
    across, down = ASPECT_RATIOS[scene.area.aspect]
    ground_high = crop.width * down / across
    left_over = ground_high - crop.height
    subjects = scene.cast.subjects
    if not subjects or left_over <= 0:
        return MIDDLE_RATIO
    eyes = median(box.y + EYES_IN_BOX_RATIO * box.height for box in subjects[0].boxes) - crop.y
    return round(min(MIDDLE_RATIO, max(HIGHEST_RATIO, (EYES_IN_CROP_RATIO * ground_high - eyes) / left_over)), 3)


def show_widened(
    scene: AngleScene, times: Collection[TimeRange], shows: Shows, reason: str, bodies: Sequence[Box] = ()
) -> CropDecision:
    """Show all heads and text of some time ranges from side to side, else the whole frame.

    The part is as wide as needed and no wider, so that people whom no crop holds stay as large as possible.
    """
    content, across = scene.area.content, scene.area.size[0] < scene.area.content.width
    start, limit = (content.x, content.width) if across else (content.y, content.height)
    spans = _required_spans(scene, times, bodies, across=across)
    room = SIDE_MARGIN_RATIO * scene.area.size[0 if across else 1]
    low, high = max(start, float(spans.min()) - room), min(start + limit, float(spans.max()) + room)
    if high - low > NEARLY_ALL_RATIO * limit:
        return show_everything(scene, f"{reason}: all of it on a blurred ground")
    first = round_to_even(low - 0.5)
    length = min(round_to_even(high - first + 1), (start + limit - first) // 2 * 2)
    crop = (
        CropBox(x=first, y=content.y, width=length, height=content.height)
        if across
        else CropBox(x=content.x, y=first, width=content.width, height=length)
    )
    widened_reason = f"{reason}: as much of the picture as holds all of it on a blurred ground"
    return CropDecision(crop=crop, shows=shows, reason=widened_reason, mode="fit", above=space_above(scene, crop))


def _required_spans(scene: AngleScene, times: Collection[TimeRange], bodies: Sequence[Box], *, across: bool) -> Floats:
    """Return start and end of everything that must be seen along the cropped axis, (n, 2)."""
    samples = [sample for group in scene.groups for track in group for sample in track.samples]
    faces = [sample.face.box for sample in samples if _is_inside_any(sample.at_ms, times)]
    persons = [
        upper_body_box(person)
        for look in scene.tracks.persons
        if _is_inside_any(look.at_ms, times)
        for person in look.persons
    ]
    lines = [*bodies]
    lines += [line.box for line in scene.tracks.letters if any(line.range.overlap_ms(when) > 0 for when in times)]
    text_spans = [(box.x, box.x + box.width) if across else (box.y, box.y + box.height) for box in lines]
    head_ranges = head_spans(FramingSubject(boxes=faces or persons), across=across)
    return np.concatenate([head_ranges, np.asarray(text_spans, np.float64).reshape(-1, 2)])


def _is_inside_any(at_ms: int, times: Collection[TimeRange]) -> bool:
    return any(when.start_ms <= at_ms < when.end_ms for when in times)
