"""Static framings of a camera angle: a still crop, or more where that would cut what matters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from core.domain.framing.boxes import hull
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.scene import Shows
from streams.frame.planning.distant_subject import frame_distant_face, frame_distant_person
from streams.frame.planning.full_frame import CropDecision, show_everything, show_widened
from streams.frame.planning.unseen_subject import is_subject_unseen, loses_something, persons_found
from streams.frame.scene.crop import round_to_even
from streams.frame.scene.persons import person_subjects
from streams.frame.scene.scenes import AngleScene, ShotCrops, detail_profiles
from streams.frame.scene.standing_text import CUT_TEXT_REASON, cuts_signs, signs_of

MAX_FACE_WIDTH_RATIO = 0.98
"""Maximum usual width of a face, as a share of the crop's: a wider one does not fit."""
MIN_SCREEN_HELD_RATIO = 0.75
"""Minimum share of a screen's content that a crop must hold so as not to cut its lines."""
MIN_SURE_SCREEN_RATIO = 0.8
"""Minimum probability of a screen for which the picture is made smaller."""
MIN_SAFE_HELD_RATIO = 0.98
"""Minimum share of looks at which a crop of the safer plan holds the main face."""
UNSEEN_REASON = "no person was found here, but other shots show one"
LINE_MARGIN_RATIO = 0.3
"""Margin on either side of a line of text, in heights of the line."""


def static_decision(scene: AngleScene) -> CropDecision:
    """Choose the still crop of an angle, or the whole frame where a crop would cut what matters."""
    if scene.area.is_tall:
        cut = f"{scene.area.aspect} would cut more than half of a tall picture away"
        return show_everything(scene, f"{cut}: all of it on a blurred ground")
    if scene.cast.subjects:
        return _hold_faces(scene)
    return _frame_without_face(scene)


def safest_decision(scene: AngleScene) -> CropDecision:
    """Choose as `static_decision`, but only crops that hold the subject at nearly every look.

    Elsewhere everything is shown.
    """
    decision = static_decision(scene)
    # A crop that shows nearly everything would gain nothing from the whole frame.
    if decision.mode == "fit" or decision.inside >= MIN_SAFE_HELD_RATIO or scene.area.holds_all:
        return decision
    return show_everything(
        scene, f"a still crop holds the face in {decision.inside:.0%} of its looks: all of the picture"
    )


def crops_of_angle(scene: AngleScene, decision: CropDecision) -> ShotCrops:
    """Give all shots of the angle the same crop."""
    return {number: [crop_shot(decision, when)] for number, when in scene.shots.items()}


def crop_shot(decision: CropDecision, when: TimeRange) -> ShotCrop:
    """Turn a decision into the crop of a time range."""
    return ShotCrop(
        range=when, mode=decision.mode, crop=decision.crop, shows=decision.shows, reason=decision.reason,
        above=decision.above,
    )  # fmt: skip


def single_crop(scene: AngleScene) -> CropBox:
    """Return the one still crop that holds the main subject best, where nothing else may be shown."""
    group = list(scene.shots)
    subjects = scene.cast.subjects or (person_subjects(scene.tracks, group) if not scene.is_screen else [])
    if subjects:
        return scene.area.on_faces(subjects[0], subjects[1:]).crop
    return _hold_detail(scene)[0]


def _hold_faces(scene: AngleScene) -> CropDecision:
    cast, area = scene.cast, scene.area
    subjects = cast.subjects
    shows: Shows = "speaker" if cast.speaks_ms else "face"
    wide = median(box.width for box in subjects[0].boxes)
    if wide > MAX_FACE_WIDTH_RATIO * area.size[0] and not area.holds_all:
        return show_widened(scene, scene.shots.values(), shows, f"the face is wider than a {area.aspect} crop")
    placement = area.on_faces(subjects[0], subjects[1:])
    if distant_decision := frame_distant_face(scene, placement, shows):
        return distant_decision
    subject = "the face" if len(subjects) == 1 else f"the main face of {len(subjects)}"
    if cast.speaks_ms:
        speech = f"{cast.speaks_ms / 1000:.1f} of {cast.of_ms / 1000:.1f} s"
        subject = f"the one of {len(subjects)} faces who speaks ({speech})"
    reason = f"holds on {subject}: in frame in {placement.inside:.0%} of {len(subjects[0].boxes)} looks"
    return CropDecision(crop=placement.crop, shows=shows, reason=reason, inside=placement.inside)


def _frame_without_face(scene: AngleScene) -> CropDecision:
    """Hold a person, else text, a screen or detail; show all where a crop may lose an unseen person."""
    persons = persons_found(scene)
    if persons and (distant_decision := frame_distant_person(scene, persons)):
        return distant_decision
    if persons and not scene.is_screen:
        placement = scene.area.on_faces(persons[0], persons[1:])
        reason = f"no face: holds on a person, seen in {len(persons[0].boxes)} looks"
        return CropDecision(crop=placement.crop, shows="person", reason=reason, inside=placement.inside)
    decision = _frame_without_person(scene)
    # The speaker of the other shots may stand here too small to be found: a crop is kept only where it loses nothing.
    if decision.mode == "hold" and is_subject_unseen(scene) and loses_something(scene, decision.crop):
        whole_frame = show_everything(scene, f"{UNSEEN_REASON}: all of it on a blurred ground")
        return msgspec.structs.replace(whole_frame, shows="screen" if scene.is_screen else "whole")
    return decision


def _frame_without_person(scene: AngleScene) -> CropDecision:
    """Hold text, a screen, or the most detail."""
    area = scene.area
    if not scene.is_screen and (signs := _hold_text(scene)):
        return signs
    crop, stands_out = _hold_detail(scene)
    if not scene.is_screen:
        reason = "no face: most detail and movement" if stands_out else "no face, nothing stands out: centre"
        return CropDecision(crop=crop, shows="detail" if stands_out else "centre", reason=reason)
    screen = f"a screen or a slide ({scene.screen:.0%} sure)"
    held_ratio = profile_share_held(detail_profiles(scene)[0], crop.x, crop.width, area.width)
    harm = (
        f"a crop holds {held_ratio:.0%} of it"
        if held_ratio < MIN_SCREEN_HELD_RATIO and scene.screen >= MIN_SURE_SCREEN_RATIO
        else ""
    )
    # A screen that is only possible is shown whole for its letters alone: the ratio needs a certain one.
    harm = harm or ("a crop would cut its letters" if cuts_signs(scene, crop) else "")
    if harm and not area.holds_all:
        all_of_it = show_everything(scene, f"{screen}, and {harm}: all of it on a blurred ground")
        return msgspec.structs.replace(all_of_it, shows="screen")
    shown_part = "most detail and movement" if stands_out else "nothing stands out: centre"
    return CropDecision(crop=crop, shows="screen", reason=f"{screen}{': ' if stands_out else ', '}{shown_part}")


def _hold_text(scene: AngleScene) -> CropDecision | None:
    """Hold titles and signs, the subject of a frame without people, in a crop; else show everything."""
    content, area = scene.area.content, scene.area
    signs = signs_of(scene)
    if not signs or area.holds_all:
        return None
    box = hull(signs)
    roomy = Box(
        x=box.x - LINE_MARGIN_RATIO * box.height,
        y=box.y,
        width=box.width + 2 * LINE_MARGIN_RATIO * box.height,
        height=box.height,
    )
    wide, high = area.size
    if roomy.width > wide or box.height > high:
        return show_everything(scene, CUT_TEXT_REASON)
    x = min(max(content.x, roomy.x + (roomy.width - wide) / 2), content.x + content.width - wide)
    y = min(max(content.y, box.y + box.height / 2 - high / 2), content.y + content.height - high)
    crop = CropBox(x=round_to_even(x - 0.5), y=round_to_even(y - 0.5), width=wide, height=high)
    return CropDecision(crop=crop, shows="detail", reason="no face: holds the letters in it")


def _hold_detail(scene: AngleScene) -> tuple[CropBox, bool]:
    return scene.area.on_detail(*detail_profiles(scene))


def profile_share_held(profile: Sequence[float], start: int, length: int, limit: int) -> float:
    """Return the share of a profile over ``limit`` pixels that lies in a range of them."""
    if not profile:
        return 1.0
    width = limit / len(profile)
    return sum(
        value * max(0.0, min(start + length, (place + 1) * width) - max(start, place * width)) / width
        for place, value in enumerate(profile)
    )
