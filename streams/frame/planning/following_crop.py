"""A crop that follows somebody who leaves it, where a still one does not hold them. Pure; moves only as it must."""

from __future__ import annotations

import msgspec
import numpy as np

from core.domain.framing.boxes import crop_hull
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import PathKey, ShotCrop
from streams.frame.analysis.camera_angles import STAND_IN, size_of
from streams.frame.planning.camera_path import Track, inside_share, way
from streams.frame.planning.full_frame import Decision, everything, widened
from streams.frame.planning.static_crop import shot_of
from streams.frame.planning.unseen_subject import is_subject_unseen
from streams.frame.scene.crop import Floats, Subject, heads, heads_held
from streams.frame.scene.persons import Part, largest_persons, parts
from streams.frame.scene.scenes import Framed, Scene

HELD = 0.97
"""Share of the looks at a shot at which a still crop that does holds whoever matters."""
GAIN = 0.03
"""A crop moves only where that holds them at so many more of the looks…"""
FACES_GAIN = 0.015
"""…or their faces alone."""
NEAR = 0.1
"""Of a face's width: so much on either side is not cut off while something else will do."""
FOLLOWED = 0.7
"""A crop that moves and holds them less often loses them, where a still one does too."""
FACES_HELD = 0.92
"""A crop that moves and cuts their face more often is too slow for them."""
LEAST_MS, LEAST_LOOKS = 1_000, 5
"""A shorter glance, or who is seen less often, is shown as its angle is."""
SHORT_MS, SHORT_GAIN = 2_500, 0.15
"""In a shorter shot a crop moves only where it holds the face itself at so many more of the looks."""
GONE = 0.25
"""Share of the looks without the face from which neither a still crop nor a slow one will do; of a face that is cut off
it may be as much as of one that is followed."""


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Where whoever matters is in one shot."""

    at_ms: list[int]
    boxes: list[Box]
    heads: list[Box]
    """The same, as wide as heads that are turned aside."""


def follow(scene: Scene, still: Decision) -> Framed:
    """Each shot of an angle: still where that holds, else with a crop that moves, or whole where none does."""
    return {number: _shot(scene, still, number) for number in scene.shots}


def _shot(scene: Scene, still: Decision, number: int) -> list[ShotCrop]:
    when = scene.shots[number]
    if still.mode != "hold":
        return [shot_of(still, when)]
    stretches = parts(scene.tracks.persons, when) if still.shows == "person" and not scene.ground.holds_all else []
    if len(stretches) < 2:
        walk = walk_of(scene, number, when)
        return [shot_of(still, when) if walk is None else _of_shot(scene, still, walk, when)]
    return [_part(scene, number, one) for one in stretches]


def _part(scene: Scene, number: int, part: Part) -> ShotCrop:
    """A stretch of a shot: whoever is there in it, or all of an empty place."""
    if not part.there:
        return shot_of(everything(scene, "nobody is there: all of the picture on a blurred ground"), part.range)
    boxes = [box for _, box in largest_persons(scene.tracks, part.range)]
    placed = scene.ground.on_faces(Subject(boxes=boxes), [])
    reason = f"no face: holds on a person while they are there, seen in {len(boxes)} looks"
    still = Decision(crop=placed.crop, shows="person", reason=reason, inside=placed.inside)
    walk = walk_of(scene, number, part.range)
    return shot_of(still, part.range) if walk is None else _of_shot(scene, still, walk, part.range)


def walk_of(scene: Scene, number: int, when: TimeRange) -> Walk | None:
    """The main face of the angle in a stretch of a shot, else the largest person; None where too little was seen."""
    if scene.groups:
        seen = with_stand_ins(scene, number)
    else:
        seen = [] if scene.is_screen or is_subject_unseen(scene) else largest_persons(scene.tracks, when)
    inside = [(at_ms, box) for at_ms, box in seen if when.start_ms <= at_ms < when.end_ms]
    if when.length_ms < LEAST_MS or len(inside) < LEAST_LOOKS:
        return None
    wider = [scene.heads.get(look, look[1]) for look in inside]
    return Walk(at_ms=[at_ms for at_ms, _ in inside], boxes=[box for _, box in inside], heads=wider)


def with_stand_ins(scene: Scene, number: int) -> list[tuple[int, Box]]:
    """The main face of the angle at each look of a shot; where it is not found, the largest other one of like size.

    Somebody who walks is lost now and then, and found again as another.
    """
    main = scene.groups[scene.cast.main]
    least = STAND_IN * size_of(main)
    own = {sample.at_ms: sample.face.box for track in main if track.shot == number for sample in track.samples}
    others: dict[int, Box] = {}
    for track in (track for group in scene.groups if group is not main for track in group if track.shot == number):
        for sample in track.samples:
            box = sample.face.box
            big = (box.width * box.height) ** 0.5 >= least
            if big and (sample.at_ms not in others or box.width > others[sample.at_ms].width):
                others[sample.at_ms] = box
    return sorted((others | own).items())


def _of_shot(scene: Scene, still: Decision, walk: Walk, when: TimeRange) -> ShotCrop:
    across = scene.ground.size[0] < scene.ground.content.width
    crop, content = still.crop, scene.ground.content
    start, length = (crop.x, crop.width) if across else (crop.y, crop.height)
    low, limit = (content.x, content.width) if across else (content.y, content.height)
    spans = np.clip(heads(Subject(boxes=walk.heads), across=across), low, low + limit)
    own = _sides(walk, across=across)
    near = NEAR * (own[:, 1] - own[:, 0])
    faces = np.clip(own + np.stack([-near, near], axis=1), low, low + limit)
    track = Track(at_ms=np.asarray(walk.at_ms, np.float64), spans=spans, faces=faces)
    held = inside_share(spans, np.full(len(walk.boxes), float(start)), length)
    faces_held = inside_share(faces, np.full(len(walk.boxes), float(start)), length)
    if held >= HELD:
        return shot_of(still, when)
    if len(scene.shots) > 1 and (alone := _alone(scene, still, walk)):
        return shot_of(alone, when)
    found = way(track, when, length=length, low=low, high=low + limit, source_px=scene.ground.width, crop_px=crop.width)
    middles = track.spans.mean(axis=1)
    gone = float(((middles < start) | (middles > start + length)).mean())
    gains = found is not None and (found.inside >= held + GAIN or found.faces >= faces_held + FACES_GAIN)
    if found is not None and when.length_ms < SHORT_MS:
        cut = 1 - inside_share(own, np.interp(walk.at_ms, found.at_ms, found.starts), length)
        gains = found.inside >= held and cut <= _cut_off(walk, float(start), length, across=across) - SHORT_GAIN
    too_fast = found is not None and found.faces < FACES_HELD
    if found is not None and gains and not too_fast and (found.inside >= FOLLOWED or gone < GONE):
        path = [_key(at_ms, at, crop, across) for at_ms, at in zip(found.at_ms, found.starts, strict=True)]
        reason = (
            f"follows {_whom(scene)}: in frame in {found.inside:.0%} of {len(walk.boxes)} looks, still in {held:.0%}"
        )
        around = crop_hull([key.box for key in path])
        return ShotCrop(range=when, mode="follow", crop=around, shows=still.shows, reason=reason, path=path)
    out = max(gone, _cut_off(walk, float(start), length, across=across))
    if (gone >= GONE or out > 1 - FOLLOWED or (gains and too_fast)) and not scene.ground.holds_all:
        reason = f"{_whom(scene)} moves out of a still crop in {out:.0%} of the looks, too fast to be followed"
        return shot_of(widened(scene, [when], still.shows, reason), when)
    return shot_of(still, when)


def _alone(scene: Scene, still: Decision, walk: Walk) -> Decision | None:
    """A still crop for one shot of an angle, in which whoever matters is elsewhere; None where they leave that too."""
    placed = scene.ground.on_faces(Subject(boxes=walk.heads), [])
    if heads_held(placed.crop, walk.heads) < HELD:
        return None
    reason = f"holds on {_whom(scene)} of this shot, elsewhere than in others of its camera angle"
    return msgspec.structs.replace(still, crop=placed.crop, reason=reason, inside=placed.inside)


def _cut_off(walk: Walk, start: float, length: float, *, across: bool) -> float:
    """Share of the looks at which a still crop cuts the face itself, hair and ears aside."""
    return 1 - inside_share(_sides(walk, across=across), np.full(len(walk.boxes), start), length)


def _sides(walk: Walk, *, across: bool) -> Floats:
    sides = [(b.x, b.x + b.width) if across else (b.y, b.y + b.height) for b in walk.boxes]
    return np.asarray(sides, np.float64)


def _whom(scene: Scene) -> str:
    return "the face" if scene.groups else "a person"


def _key(at_ms: int, start: float, crop: CropBox, across: bool) -> PathKey:
    x, y = (start, float(crop.y)) if across else (float(crop.x), start)
    return PathKey(at_ms=at_ms, box=Box(x=x, y=y, width=crop.width, height=crop.height))
