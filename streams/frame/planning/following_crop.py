"""Follow a subject who leaves a still crop. Pure; moves only as far as needed."""

from __future__ import annotations

import msgspec
import numpy as np

from core.domain.framing.boxes import crop_hull
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import PathKey, ShotCrop
from streams.frame.planning.camera_path import SubjectTrack, inside_share, plan_path
from streams.frame.planning.full_frame import CropDecision, show_everything, show_widened
from streams.frame.planning.static_crop import crop_shot
from streams.frame.planning.unseen_subject import is_subject_unseen
from streams.frame.scene.camera_angles import MIN_STAND_IN_RATIO, face_size
from streams.frame.scene.crop import Floats, FramingSubject, head_spans, share_of_heads_held
from streams.frame.scene.persons import PresenceRange, largest_persons, presence_ranges
from streams.frame.scene.scenes import AngleScene, ShotCrops

MIN_HELD_RATIO = 0.97
"""Minimum share of a shot's looks in which a still crop must hold the subject to be kept."""
MIN_HELD_GAIN = 0.03
"""Minimum gain in looks that hold the head for which a crop moves."""
MIN_FACES_GAIN = 0.015
"""Minimum gain in looks that hold the face alone for which a crop moves."""
FACE_MARGIN_RATIO = 0.1
"""Margin on either side of a face, in face widths, that is kept where possible."""
MIN_FOLLOWED_RATIO = 0.7
"""Minimum share of looks in which a moving crop must hold the subject."""
MIN_FACES_HELD_RATIO = 0.92
"""Minimum share of looks in which a moving crop must hold the face: else it is too slow."""
MIN_WALK_MS, MIN_WALK_COUNT = 1_000, 5
"""Minimum time and looks of a subject in a shot to be followed: otherwise the angle's crop is used."""
SHORT_SHOT_MS, MIN_SHORT_SHOT_GAIN = 2_500, 0.15
"""In a shorter shot than this, a crop moves only for ``MIN_SHORT_SHOT_GAIN`` more looks at the face."""
MAX_GONE_RATIO = 0.25
"""Maximum share of looks without the face up to which a still or a slow crop is kept. A cut-off face is allowed as much
as one that is followed."""


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes of the subject at the looks of one shot."""

    at_ms: list[int]
    boxes: list[Box]
    heads: list[Box]
    """The boxes, as wide as heads that are turned aside."""


def follow_subject(scene: AngleScene, still: CropDecision) -> ShotCrops:
    """Frame each shot of an angle: still where that holds, else moving, or whole where neither does."""
    return {number: _plan_shot(scene, still, number) for number in scene.shots}


def _plan_shot(scene: AngleScene, still: CropDecision, number: int) -> list[ShotCrop]:
    when = scene.shots[number]
    if still.mode != "hold":
        return [crop_shot(still, when)]
    # A crop on a person who is away would show an empty place that they are about to enter.
    ranges = presence_ranges(scene.tracks.persons, when) if still.shows == "person" and not scene.area.holds_all else []
    if len(ranges) < 2:
        walk = walk_of(scene, number, when)
        return [crop_shot(still, when) if walk is None else _plan_walk(scene, still, walk, when)]
    return [_plan_presence(scene, number, part) for part in ranges]


def _plan_presence(scene: AngleScene, number: int, part: PresenceRange) -> ShotCrop:
    """Frame a range of a shot: the person present in it, or all of an empty place."""
    if not part.there:
        return crop_shot(
            show_everything(scene, "no person is there: all of the picture on a blurred ground"), part.range
        )
    boxes = [box for _, box in largest_persons(scene.tracks, part.range)]
    placement = scene.area.on_faces(FramingSubject(boxes=boxes), [])
    reason = f"no face: holds on a person while they are there, seen in {len(boxes)} looks"
    still = CropDecision(crop=placement.crop, shows="person", reason=reason, inside=placement.inside)
    walk = walk_of(scene, number, part.range)
    return crop_shot(still, part.range) if walk is None else _plan_walk(scene, still, walk, part.range)


def walk_of(scene: AngleScene, number: int, when: TimeRange) -> Walk | None:
    """Return the main face, else the largest person, in a range of a shot; None where too little was seen."""
    if scene.groups:
        looks = main_face_boxes(scene, number)
    else:
        # A person on a screen is a part of it; where the subject is unseen, the one found may be of the audience.
        looks = [] if scene.is_screen or is_subject_unseen(scene) else largest_persons(scene.tracks, when)
    inside = [(at_ms, box) for at_ms, box in looks if when.start_ms <= at_ms < when.end_ms]
    if when.length_ms < MIN_WALK_MS or len(inside) < MIN_WALK_COUNT:
        return None
    wider = [scene.heads.get(look, look[1]) for look in inside]
    return Walk(at_ms=[at_ms for at_ms, _ in inside], boxes=[box for _, box in inside], heads=wider)


def main_face_boxes(scene: AngleScene, number: int) -> list[tuple[int, Box]]:
    """Return the main face of the angle at each look of a shot, with stand-ins where it is missing.

    A stand-in is the largest other face of like size: the tracker loses people who walk, and finds them as another.
    """
    main = scene.groups[scene.cast.main]
    min_size = MIN_STAND_IN_RATIO * face_size(main)
    main_boxes = {sample.at_ms: sample.face.box for track in main if track.shot == number for sample in track.samples}
    stand_ins: dict[int, Box] = {}
    for track in (track for group in scene.groups if group is not main for track in group if track.shot == number):
        for sample in track.samples:
            box = sample.face.box
            big = (box.width * box.height) ** 0.5 >= min_size
            if big and (sample.at_ms not in stand_ins or box.width > stand_ins[sample.at_ms].width):
                stand_ins[sample.at_ms] = box
    return sorted((stand_ins | main_boxes).items())


def _plan_walk(scene: AngleScene, still: CropDecision, walk: Walk, when: TimeRange) -> ShotCrop:
    across = scene.area.size[0] < scene.area.content.width
    crop, content = still.crop, scene.area.content
    start, length = (crop.x, crop.width) if across else (crop.y, crop.height)
    low, limit = (content.x, content.width) if across else (content.y, content.height)
    spans = np.clip(head_spans(FramingSubject(boxes=walk.heads), across=across), low, low + limit)
    face_spans = _face_spans(walk, across=across)
    near = FACE_MARGIN_RATIO * (face_spans[:, 1] - face_spans[:, 0])
    faces = np.clip(face_spans + np.stack([-near, near], axis=1), low, low + limit)
    track = SubjectTrack(at_ms=np.asarray(walk.at_ms, np.float64), spans=spans, faces=faces)
    still_held = inside_share(spans, np.full(len(walk.boxes), float(start)), length)
    still_faces_held = inside_share(faces, np.full(len(walk.boxes), float(start)), length)
    if still_held >= MIN_HELD_RATIO:
        return crop_shot(still, when)
    # After a jump cut the subject stands elsewhere: a still crop of this shot alone is tried before a moving one.
    if len(scene.shots) > 1 and (alone := _own_still_crop(scene, still, walk)):
        return crop_shot(alone, when)
    camera_path = plan_path(
        track, when, length=length, low=low, high=low + limit, source_px=scene.area.width, crop_px=crop.width
    )
    middles = track.spans.mean(axis=1)
    gone_ratio = float(((middles < start) | (middles > start + length)).mean())
    # The face counts alone too: where no crop can hold its hair, heads alone would let the face be cut.
    gains = camera_path is not None and (
        camera_path.inside >= still_held + MIN_HELD_GAIN or camera_path.faces >= still_faces_held + MIN_FACES_GAIN
    )
    if camera_path is not None and when.length_ms < SHORT_SHOT_MS:
        cut = 1 - inside_share(face_spans, np.interp(walk.at_ms, camera_path.at_ms, camera_path.starts), length)
        gains = (
            camera_path.inside >= still_held
            and cut <= _cut_ratio(walk, float(start), length, across=across) - MIN_SHORT_SHOT_GAIN
        )
    too_fast = camera_path is not None and camera_path.faces < MIN_FACES_HELD_RATIO
    if (
        camera_path is not None
        and gains
        and not too_fast
        and (camera_path.inside >= MIN_FOLLOWED_RATIO or gone_ratio < MAX_GONE_RATIO)
    ):
        path = [
            _path_key(at_ms, at, crop, across) for at_ms, at in zip(camera_path.at_ms, camera_path.starts, strict=True)
        ]
        looks = f"in frame in {camera_path.inside:.0%} of {len(walk.boxes)} looks, still in {still_held:.0%}"
        reason = f"follows {_subject_name(scene)}: {looks}"
        around = crop_hull([key.box for key in path])
        return ShotCrop(range=when, mode="follow", crop=around, shows=still.shows, reason=reason, path=path)
    # A face that a still crop cuts through is as much lost as one that leaves it.
    out_ratio = max(gone_ratio, _cut_ratio(walk, float(start), length, across=across))
    if (
        gone_ratio >= MAX_GONE_RATIO or out_ratio > 1 - MIN_FOLLOWED_RATIO or (gains and too_fast)
    ) and not scene.area.holds_all:
        reason = (
            f"{_subject_name(scene)} moves out of a still crop in {out_ratio:.0%} of the looks, too fast to be followed"
        )
        return crop_shot(show_widened(scene, [when], still.shows, reason), when)
    return crop_shot(still, when)


def _own_still_crop(scene: AngleScene, still: CropDecision, walk: Walk) -> CropDecision | None:
    """Return a still crop for one shot in which the subject is elsewhere; None where they leave that too."""
    placement = scene.area.on_faces(FramingSubject(boxes=walk.heads), [])
    if share_of_heads_held(placement.crop, walk.heads) < MIN_HELD_RATIO:
        return None
    reason = f"holds on {_subject_name(scene)} of this shot, elsewhere than in others of its camera angle"
    return msgspec.structs.replace(still, crop=placement.crop, reason=reason, inside=placement.inside)


def _cut_ratio(walk: Walk, start: float, length: float, *, across: bool) -> float:
    """Return the share of looks at which a still crop cuts the face itself, without hair and ears."""
    return 1 - inside_share(_face_spans(walk, across=across), np.full(len(walk.boxes), start), length)


def _face_spans(walk: Walk, *, across: bool) -> Floats:
    sides = [(b.x, b.x + b.width) if across else (b.y, b.y + b.height) for b in walk.boxes]
    return np.asarray(sides, np.float64)


def _subject_name(scene: AngleScene) -> str:
    return "the face" if scene.groups else "a person"


def _path_key(at_ms: int, start: float, crop: CropBox, across: bool) -> PathKey:
    x, y = (start, float(crop.y)) if across else (float(crop.x), start)
    return PathKey(at_ms=at_ms, box=Box(x=x, y=y, width=crop.width, height=crop.height))
