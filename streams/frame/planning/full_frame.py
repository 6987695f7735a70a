"""All of a picture on a blurred ground, or as much of it as somebody needs from side to side. Pure; nothing moves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

import msgspec
import numpy as np

from schemas.common import Box, CropBox, Mode, TimeRange
from schemas.documents.scene import Shows
from streams.frame.scene.crop import EYES_IN_BOX, EYES_IN_CROP, RATIO, Floats, Subject, even, heads
from streams.frame.scene.persons import upper
from streams.frame.scene.scenes import Scene

MIDDLE, HIGHEST = 0.5, 0.25
"""How much of what is left over of a ground may lie above all of a picture that stands on it."""
BESIDE, NEARLY_ALL = 0.06, 0.85
"""Of a crop, what a wider part of the picture leaves beside whom it holds; of the picture, where all of it is shown."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A crop, what it holds on, and why; ``inside``: the share of looks at which it holds the main face or person."""

    crop: CropBox
    shows: Shows
    reason: str
    mode: Mode = "hold"
    inside: float = 1.0
    above: float = 0.5
    """Of what a higher ground leaves over of it."""


def everything(scene: Scene, reason: str) -> Decision:
    """All of the picture, on a blurred ground."""
    content = scene.ground.content
    return Decision(crop=content, shows="whole", reason=reason, mode="fit", above=above(scene, content))


def above(scene: Scene, crop: CropBox) -> float:
    """Where a wide part of a picture stands on a higher ground: the eyes at a third, as far up as the middle allows."""
    across, down = RATIO[scene.ground.aspect]
    ground_high = crop.width * down / across
    left_over = ground_high - crop.height
    subjects = scene.cast.subjects
    if not subjects or left_over <= 0:
        return MIDDLE
    eyes = median(box.y + EYES_IN_BOX * box.height for box in subjects[0].boxes) - crop.y
    return round(min(MIDDLE, max(HIGHEST, (EYES_IN_CROP * ground_high - eyes) / left_over)), 3)


def widened(
    scene: Scene, times: Collection[TimeRange], shows: Shows, reason: str, bodies: Sequence[Box] = ()
) -> Decision:
    """All heads of some stretches, whoever's they are, and all letters, from side to side; else all of the picture.

    It is as wide as it takes and no wider: whoever no crop holds is larger in it than in all of the picture.
    """
    content, across = scene.ground.content, scene.ground.size[0] < scene.ground.content.width
    start, limit = (content.x, content.width) if across else (content.y, content.height)
    spans = _spans(scene, times, bodies, across=across)
    room = BESIDE * scene.ground.size[0 if across else 1]
    low, high = max(start, float(spans.min()) - room), min(start + limit, float(spans.max()) + room)
    if high - low > NEARLY_ALL * limit:
        return everything(scene, f"{reason}: all of it on a blurred ground")
    first = even(low - 0.5)
    length = min(even(high - first + 1), (start + limit - first) // 2 * 2)
    crop = (
        CropBox(x=first, y=content.y, width=length, height=content.height)
        if across
        else CropBox(x=content.x, y=first, width=content.width, height=length)
    )
    told = f"{reason}: as much of the picture as holds all of it on a blurred ground"
    return Decision(crop=crop, shows=shows, reason=told, mode="fit", above=above(scene, crop))


def _spans(scene: Scene, times: Collection[TimeRange], bodies: Sequence[Box], *, across: bool) -> Floats:
    """From where to where all that must be seen goes, (n, 2)."""
    samples = [sample for group in scene.groups for track in group for sample in track.samples]
    faces = [sample.face.box for sample in samples if _is_in(sample.at_ms, times)]
    persons = [upper(person) for look in scene.tracks.persons if _is_in(look.at_ms, times) for person in look.persons]
    lines = [*bodies]
    lines += [one.box for one in scene.tracks.letters if any(one.range.overlap_ms(when) > 0 for when in times)]
    read = [(box.x, box.x + box.width) if across else (box.y, box.y + box.height) for box in lines]
    seen = heads(Subject(boxes=faces or persons), across=across)
    return np.concatenate([seen, np.asarray(read, np.float64).reshape(-1, 2)])


def _is_in(at_ms: int, times: Collection[TimeRange]) -> bool:
    return any(when.start_ms <= at_ms < when.end_ms for when in times)
