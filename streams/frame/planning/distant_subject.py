"""Somebody seen from afar, on a stage, and the screen or the letters beside them that a crop would cut. Pure.

They matter more than a screen or an audience; where both do not fit into one crop, more of the picture is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from core.domain.framing.boxes import hull
from schemas.common import Box, CropBox
from schemas.documents.scene import Shows
from streams.frame.planning.full_frame import BESIDE, Decision, everything, widened
from streams.frame.scene.crop import Placement, Subject, even
from streams.frame.scene.persons import is_small
from streams.frame.scene.scenes import Scene
from streams.frame.scene.standing_text import WORD_WIDE, cuts_signs, signs_of

FAR_FACE = 0.15
"""Of the picture's height: a lower face is seen from afar, and what stands beside it is part of the picture."""
SHOULDERS, CHEST = 0.9, 2.2
"""What belongs to a face seen from afar, in shares of its box: on either side of it, and below."""
STANDS = 0.9
"""Share of the looks at which a still crop holds who stands there."""
CUT = "letters that a crop would cut"


def is_far(scene: Scene) -> bool:
    """Whether the face that matters is seen from afar."""
    subjects, high = scene.cast.subjects, scene.ground.content.height
    return bool(subjects) and median(box.height for box in subjects[0].boxes) < FAR_FACE * high


def outranks(scene: Scene, persons: Sequence[Subject]) -> bool:
    """Whether persons matter more than a screen: who stands small beside one does, who fills it is a picture on it."""
    return not scene.ground.holds_all and is_small(persons, scene.ground.content.height)


def face_afar(scene: Scene, placed: Placement, shows: Shows) -> Decision | None:
    """A face seen from afar with letters beside it that the crop on it cuts; None where it cuts none.

    Whoever walks is followed, past the signs of a place.
    """
    if not is_far(scene) or placed.inside < STANDS or not cuts_signs(scene, placed.crop):
        return None
    return _with_signs(scene, [_body(box) for box in scene.cast.subjects[0].boxes], shows, "a face")


def person_afar(scene: Scene, persons: Sequence[Subject]) -> Decision | None:
    """A small person with the screen or the letters that a crop on them would cut; None where it cuts none."""
    if not outranks(scene, persons):
        return None
    if cuts_signs(scene, scene.ground.on_faces(persons[0], persons[1:]).crop):
        return _with_signs(scene, persons[0].boxes, "person", "a person")
    if scene.is_screen:
        told = f"a person, seen from afar, beside what may be a screen ({scene.screen:.0%} sure)"
        return everything(scene, f"{told}: all of it on a blurred ground")
    return None


def _with_signs(scene: Scene, bodies: Sequence[Box], shows: Shows, whom: str) -> Decision:
    """One crop with both, else as much of the picture as holds both."""
    content, (wide, high) = scene.ground.content, scene.ground.size
    around, room = hull([*bodies, *signs_of(scene, WORD_WIDE)]), BESIDE * wide
    if around.width + 2 * room <= wide and around.height <= high:
        x = around.x + (around.width - wide) / 2
        y = around.y + (around.height - high) / 2
        crop = CropBox(
            x=even(min(max(content.x, x), content.x + content.width - wide) - 0.5),
            y=even(min(max(content.y, y), content.y + content.height - high) - 0.5),
            width=wide,
            height=high,
        )
        return Decision(crop=crop, shows=shows, reason=f"holds on {whom}, seen from afar, and on letters beside")
    told = f"{whom}, seen from afar, beside {CUT}"
    return widened(scene, scene.shots.values(), shows, told, bodies)


def _body(face: Box) -> Box:
    return Box(
        x=face.x - SHOULDERS * face.width,
        y=face.y,
        width=(1 + 2 * SHOULDERS) * face.width,
        height=(1 + CHEST) * face.height,
    )
