"""A part of the picture that is wider than a crop, on a blurred ground: as wide as it takes, and no wider. Pure.

Whoever is too fast for a crop that moves is larger in it than in all of the picture.
"""

from __future__ import annotations

import numpy as np

from schemas.media import CropBox, TimeRange
from streams.frame.crop import Floats, Subject, even, heads
from streams.frame.figures import upper
from streams.frame.scenes import Scene
from streams.frame.stills import Decision, above, everything

MARGIN = 0.06
"""Of a crop's length: what is left beside whoever goes farthest."""
NEARLY_ALL = 0.85
"""Of the picture: where so much is needed all of it is shown."""


def widened(scene: Scene, when: TimeRange, still: Decision, reason: str) -> Decision:
    """All heads of a stretch, whoever's they are, and all letters, from side to side; else all of the picture.

    ``still``: the crop that does not hold them.
    """
    content, across = scene.ground.content, scene.ground.size[0] < scene.ground.content.width
    start, limit = (content.x, content.width) if across else (content.y, content.height)
    spans = _spans(scene, when, across=across)
    room = MARGIN * scene.ground.size[0 if across else 1]
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
    return Decision(crop=crop, shows=still.shows, reason=told, mode="fit", above=above(scene, crop))


def _spans(scene: Scene, when: TimeRange, *, across: bool) -> Floats:
    """From where to where all that must be seen goes, (n, 2)."""
    samples = [sample for group in scene.groups for track in group for sample in track.samples]
    faces = [sample.face.box for sample in samples if _is_in(sample.at_ms, when)]
    persons = [upper(person) for look in scene.tracks.persons if _is_in(look.at_ms, when) for person in look.persons]
    lines = [one.box for one in scene.tracks.letters if one.range.overlap_ms(when) > 0]
    read = [(box.x, box.x + box.width) if across else (box.y, box.y + box.height) for box in lines]
    seen = heads(Subject(boxes=faces or persons), across=across)
    return np.concatenate([seen, np.asarray(read, np.float64).reshape(-1, 2)])


def _is_in(at_ms: int, when: TimeRange) -> bool:
    return when.start_ms <= at_ms < when.end_ms
