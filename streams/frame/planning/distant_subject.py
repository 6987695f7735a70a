"""Somebody seen from afar, on a stage, and the screen or the letters beside them that a crop would cut. Pure.

They matter more than a screen or an audience; where both do not fit into one crop, more of the picture is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from core.domain.framing.boxes import hull
from schemas.common import Box, CropBox
from schemas.documents.scene import Shows
from streams.frame.planning.full_frame import SIDE_MARGIN_RATIO, CropDecision, show_everything, show_widened
from streams.frame.scene.crop import FramingSubject, Placement, round_to_even
from streams.frame.scene.persons import are_distant
from streams.frame.scene.scenes import AngleScene
from streams.frame.scene.standing_text import MIN_WORD_WIDTH_RATIO, cuts_signs, signs_of

MAX_DISTANT_FACE_RATIO = 0.15
"""Of the picture's height: a lower face is seen from afar, and what stands beside it is part of the picture."""
SHOULDERS_RATIO, CHEST_RATIO = 0.9, 2.2
"""What belongs to a face seen from afar, in shares of its box: on either side of it, and below."""
MIN_STANDING_RATIO = 0.9
"""Share of the looks at which a still crop holds who stands there."""
CUT_TEXT = "letters that a crop would cut"


def is_face_distant(scene: AngleScene) -> bool:
    """Whether the face that matters is seen from afar."""
    subjects, high = scene.cast.subjects, scene.area.content.height
    return bool(subjects) and median(box.height for box in subjects[0].boxes) < MAX_DISTANT_FACE_RATIO * high


def persons_outrank_screen(scene: AngleScene, persons: Sequence[FramingSubject]) -> bool:
    """Whether persons matter more than a screen: who stands small beside one does, who fills it is a picture on it."""
    return not scene.area.holds_all and are_distant(persons, scene.area.content.height)


def frame_distant_face(scene: AngleScene, placed: Placement, shows: Shows) -> CropDecision | None:
    """A face seen from afar with letters beside it that the crop on it cuts; None where it cuts none.

    Whoever walks is followed, past the signs of a place.
    """
    if not is_face_distant(scene) or placed.inside < MIN_STANDING_RATIO or not cuts_signs(scene, placed.crop):
        return None
    return _frame_with_signs(scene, [_body_box(box) for box in scene.cast.subjects[0].boxes], shows, "a face")


def frame_distant_person(scene: AngleScene, persons: Sequence[FramingSubject]) -> CropDecision | None:
    """A small person with the screen or the letters that a crop on them would cut; None where it cuts none."""
    if not persons_outrank_screen(scene, persons):
        return None
    if cuts_signs(scene, scene.area.on_faces(persons[0], persons[1:]).crop):
        return _frame_with_signs(scene, persons[0].boxes, "person", "a person")
    if scene.is_screen:
        told = f"a person, seen from afar, beside what may be a screen ({scene.screen:.0%} sure)"
        return show_everything(scene, f"{told}: all of it on a blurred ground")
    return None


def _frame_with_signs(scene: AngleScene, bodies: Sequence[Box], shows: Shows, whom: str) -> CropDecision:
    """One crop with both, else as much of the picture as holds both."""
    content, (wide, high) = scene.area.content, scene.area.size
    around, room = hull([*bodies, *signs_of(scene, MIN_WORD_WIDTH_RATIO)]), SIDE_MARGIN_RATIO * wide
    if around.width + 2 * room <= wide and around.height <= high:
        x = around.x + (around.width - wide) / 2
        y = around.y + (around.height - high) / 2
        crop = CropBox(
            x=round_to_even(min(max(content.x, x), content.x + content.width - wide) - 0.5),
            y=round_to_even(min(max(content.y, y), content.y + content.height - high) - 0.5),
            width=wide,
            height=high,
        )
        return CropDecision(crop=crop, shows=shows, reason=f"holds on {whom}, seen from afar, and on letters beside")
    told = f"{whom}, seen from afar, beside {CUT_TEXT}"
    return show_widened(scene, scene.shots.values(), shows, told, bodies)


def _body_box(face: Box) -> Box:
    return Box(
        x=face.x - SHOULDERS_RATIO * face.width,
        y=face.y,
        width=(1 + 2 * SHOULDERS_RATIO) * face.width,
        height=(1 + CHEST_RATIO) * face.height,
    )
