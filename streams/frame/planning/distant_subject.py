"""Frame a distant speaker together with the screen or the text that a crop on them would cut. Pure.

A distant speaker outranks a screen and an audience. Where speaker and text do not fit into one crop, more is shown.
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
"""Highest face, as a share of the frame's height, that counts as distant."""
SHOULDERS_RATIO, CHEST_RATIO = 0.9, 2.2
"""Room for the body of a distant face, in shares of its box: on either side, and below."""
MIN_STANDING_RATIO = 0.9
"""Minimum share of looks in which a still crop holds a person who stands."""
CUT_TEXT = "letters that a crop would cut"


def is_face_distant(scene: AngleScene) -> bool:
    """Tell whether the main face is distant."""
    subjects, high = scene.cast.subjects, scene.area.content.height
    return bool(subjects) and median(box.height for box in subjects[0].boxes) < MAX_DISTANT_FACE_RATIO * high


def persons_outrank_screen(scene: AngleScene, persons: Sequence[FramingSubject]) -> bool:
    """Tell whether persons matter more than a screen.

    Distant ones stand next to it; a large one is a picture on it.
    """
    return not scene.area.holds_all and are_distant(persons, scene.area.content.height)


def frame_distant_face(scene: AngleScene, placement: Placement, shows: Shows) -> CropDecision | None:
    """Frame a distant face with the text that the crop on it cuts; None where it cuts none.

    People who walk are followed past the signs of a place.
    """
    if not is_face_distant(scene) or placement.inside < MIN_STANDING_RATIO or not cuts_signs(scene, placement.crop):
        return None
    return _frame_with_signs(scene, [_body_box(box) for box in scene.cast.subjects[0].boxes], shows, "a face")


def frame_distant_person(scene: AngleScene, persons: Sequence[FramingSubject]) -> CropDecision | None:
    """Frame a distant person with the screen or text that a crop would cut; None where it cuts none."""
    if not persons_outrank_screen(scene, persons):
        return None
    if cuts_signs(scene, scene.area.on_faces(persons[0], persons[1:]).crop):
        return _frame_with_signs(scene, persons[0].boxes, "person", "a person")
    if scene.is_screen:
        subject = f"a person, seen from afar, next to what may be a screen ({scene.screen:.0%} sure)"
        return show_everything(scene, f"{subject}: all of it on a blurred ground")
    return None


def _frame_with_signs(scene: AngleScene, bodies: Sequence[Box], shows: Shows, subject: str) -> CropDecision:
    """Hold bodies and signs in one crop, else show as much of the frame as holds both."""
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
        return CropDecision(
            crop=crop, shows=shows, reason=f"holds on {subject}, seen from afar, and on letters next to it"
        )
    reason = f"{subject}, seen from afar, next to {CUT_TEXT}"
    return show_widened(scene, scene.shots.values(), shows, reason, bodies)


def _body_box(face: Box) -> Box:
    return Box(
        x=face.x - SHOULDERS_RATIO * face.width,
        y=face.y,
        width=(1 + 2 * SHOULDERS_RATIO) * face.width,
        height=(1 + CHEST_RATIO) * face.height,
    )
