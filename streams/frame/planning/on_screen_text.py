"""A name or a headline laid over somebody's picture, where a crop would cut it: it stands below, whole. Pure.

Letters that belong to a place (a shop's sign, a lectern's) stay as long as the shot does; what is laid over it comes or
goes, or is there in other shots too, and stands in the lowest third.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from core.domain.framing.boxes import hull, share_of_smaller
from core.domain.framing.geometry import share_shown, view
from core.domain.time_ranges import clamp_range
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import Pane, PathKey, ShotCrop
from schemas.documents.scene import Letters
from streams.frame.analysis.text_tracking import stretches_of
from streams.frame.planning.following_crop import with_stand_ins
from streams.frame.planning.full_frame import everything
from streams.frame.planning.split_screen import boxes_of
from streams.frame.planning.static_crop import shot_of
from streams.frame.scene.crop import RATIO, even, heads_held
from streams.frame.scene.scenes import Framed, Scene
from streams.frame.scene.standing_text import CUT_LETTERS, is_sign

CROPPED = "hold", "cut", "follow"
"""Modes that show one part of the picture, and may cut a line."""
LEAST_HIGH = 0.025
"""Of the picture's height: smaller print is not there to be read."""
LOWEST = 0.6
"""From here down something is laid over."""
LEAST_MS, BRIDGED_MS = 1_300, 1_500
CUT = 0.02, 0.98
"""Shares of a line that a crop which cuts it shows."""
ROOM = 0.8
"""Heights of a line that are left above and below."""
TO_THE_EDGE = 0.08
"""Of the picture's height: less than this below a line is shown with it."""
THICKEST = 0.3
AGAIN = 0.9
"""A line that stands in another shot too shares so much with itself…"""
LIKE_HIGH = 2.0
"""…and is at most so many times as high."""
HELD = 0.9
"""Share of the looks at which the face must be whole above the strip."""


def with_strips(scene: Scene, made: Framed) -> Framed:
    """The same, but while one crop would cut letters: laid over somebody they stand below, else all is shown."""
    if scene.ground.holds_all or scene.is_screen:
        return made
    return {number: [part for shot in run for part in _parts(scene, number, shot)] for number, run in made.items()}


def _parts(scene: Scene, number: int, shot: ShotCrop) -> list[ShotCrop]:
    """A crop, cut into what it is while letters are there, and without."""
    if shot.mode not in CROPPED:
        return [shot]
    lines = _lines(scene, number, shot)
    if not any(_is_cut(one, shot) for one in lines):
        return [shot]
    found: list[ShotCrop] = []
    at_ms = shot.range.start_ms
    for when in stretches_of(lines, shot.range, BRIDGED_MS):
        if when.length_ms < LEAST_MS:
            continue
        there = _with_letters(scene, number, shot, hull([one.box for one in lines]), when)
        if there is not None:
            found += [_during(shot, at_ms, when.start_ms)] if when.start_ms > at_ms else []
            found.append(there)
            at_ms = when.end_ms
    return [*found, _during(shot, at_ms, shot.range.end_ms)] if at_ms < shot.range.end_ms else found


def _is_cut(line: Letters, shot: ShotCrop) -> bool:
    """Whether the crop shows a part of a line at some time while that is there."""
    time = clamp_range(line.range, shot.range)
    on_path = (key.at_ms for key in shot.path if time.start_ms < key.at_ms < time.end_ms)
    times = [time.start_ms, *on_path, time.end_ms]
    return any(CUT[0] < share_shown(line.box, shot, at_ms) < CUT[1] for at_ms in times)


def _lines(scene: Scene, number: int, shot: ShotCrop) -> list[Letters]:
    """Lines of a stretch that are there to be read; a crop that moves passes by the signs of a place."""
    there = [one for one in scene.tracks.letters if one.range.overlap_ms(shot.range) > 0]
    if shot.mode == "follow" or scene.groups:
        there = [one for one in there if laid_over(scene, number, one)]
    if not scene.groups:
        return [one for one in there if is_sign(one.box, scene.ground.content)]
    least = LEAST_HIGH * scene.ground.content.height
    return [one for one in there if one.box.height >= least]


def _with_letters(scene: Scene, number: int, shot: ShotCrop, box: Box, when: TimeRange) -> ShotCrop | None:
    """What is shown while letters are there; None where nothing holds the face and them."""
    content = scene.ground.content
    if not scene.groups:
        return shot_of(everything(scene, CUT_LETTERS), when)
    panes = _panes(scene, shot, box, _faces(scene, number, shot, when))
    if panes is None:
        return None
    top, strip = panes[0].source.y, panes[-1].source
    around = CropBox(x=content.x, y=top, width=content.width, height=strip.y + strip.height - top)
    reason = f"{shot.reason}; letters laid over the picture, which that would cut, stand below"
    return ShotCrop(range=when, mode="inset", crop=around, shows=shot.shows, reason=reason, panes=panes)


def _faces(scene: Scene, number: int, shot: ShotCrop, when: TimeRange) -> Sequence[Box]:
    """Where whom a crop shows is: of a still one at all looks, of one that moves while the letters are there."""
    if shot.mode == "follow":
        there = [box for at_ms, box in with_stand_ins(scene, number) if when.start_ms <= at_ms < when.end_ms]
        return there or scene.cast.subjects[0].boxes
    if shot.mode == "hold":
        return scene.cast.subjects[0].boxes
    middle = shot.crop.x + shot.crop.width / 2
    people = [boxes_of(group) for group in scene.groups]
    return min(people, key=lambda boxes: abs(_middle(boxes) - middle))


def _middle(boxes: Sequence[Box]) -> float:
    return float(np.median([one.x + one.width / 2 for one in boxes]))


def laid_over(scene: Scene, number: int, line: Letters) -> bool:
    """Whether a line of a shot was put over the picture, and is no part of the place."""
    box, content, own = line.box, scene.ground.content, scene.tracks.shots[number]
    if box.y + box.height / 2 < content.y + LOWEST * content.height:
        return False
    comes_or_goes = max(line.range.start_ms - own.start_ms, own.end_ms - line.range.end_ms) >= BRIDGED_MS // 2
    elsewhere = (one for one in scene.tracks.letters if not one.range.overlap_ms(own))
    return comes_or_goes or any(_is_again(one.box, box) for one in elsewhere)


def _is_again(one: Box, other: Box) -> bool:
    """Whether two lines stand in one place and are of one size, however long: not a line inside of a large sign."""
    low, high = sorted((one.height, other.height))
    return high <= LIKE_HIGH * low and share_of_smaller(one, other) > AGAIN


def _panes(scene: Scene, shot: ShotCrop, box: Box, faces: Sequence[Box]) -> list[Pane] | None:
    """The face above, the strip below it; None where the face does not fit above it."""
    content, (across, down) = scene.ground.content, RATIO[scene.ground.aspect]
    if box.height > THICKEST * content.height:
        return None
    top = even(max(content.y, box.y - ROOM * box.height))
    end = content.y + content.height
    low = box.y + (1 + ROOM) * box.height
    bottom = end if end - low < TO_THE_EDGE * content.height else even(low)
    long = min(
        content.width, max(even(view(shot, shot.range.start_ms).width), even(box.width + 2 * ROOM * (bottom - top)))
    )
    left = even(min(max(content.x, box.x + (box.width - long) / 2), content.x + content.width - long))
    strip = CropBox(x=left, y=top, width=long - long % 2, height=bottom - top)
    share = across * strip.height / (down * strip.width)
    high = top - content.y
    wide = even(high * across / (down * (1 - share)) - 1)
    if high < content.height / 2 or not 2 <= wide <= content.width:
        return None
    x = even(min(max(shot.crop.x, _middle(faces) - wide / 2), shot.crop.x + shot.crop.width - wide))
    face = CropBox(x=min(max(content.x, x), content.x + content.width - wide), y=content.y, width=wide, height=high)
    if heads_held(face, faces) < HELD:
        return None
    return [Pane(source=face, share=1 - share), Pane(source=strip, share=share)]


def _during(shot: ShotCrop, start_ms: int, end_ms: int) -> ShotCrop:
    """Part of a shot, with the part of its way that lies in it."""
    inside = [key for key in shot.path if start_ms < key.at_ms < end_ms]
    path = [_key(shot, start_ms), *inside, _key(shot, end_ms)] if shot.path else []
    return msgspec.structs.replace(shot, range=TimeRange(start_ms=start_ms, end_ms=end_ms), path=path)


def _key(shot: ShotCrop, at_ms: int) -> PathKey:
    return PathKey(at_ms=at_ms, box=view(shot, at_ms))
