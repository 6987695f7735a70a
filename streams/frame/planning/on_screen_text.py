"""Show a name or headline laid over somebody in a pane of its own, where a crop would cut it. Pure.

Text that belongs to a place (a shop's sign, a lectern's) stays as long as the shot. Overlaid text comes or goes within
the shot, or stands in other shots too, in the lowest two fifths of the frame.
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
from streams.frame.analysis.text_tracking import text_ranges
from streams.frame.planning.following_crop import main_face_boxes
from streams.frame.planning.full_frame import show_everything
from streams.frame.planning.split_screen import boxes_of
from streams.frame.planning.static_crop import crop_shot
from streams.frame.scene.crop import ASPECT_RATIOS, round_to_even, share_of_heads_held
from streams.frame.scene.scenes import AngleScene, ShotCrops
from streams.frame.scene.standing_text import CUT_TEXT_REASON, is_sign

CROPPING_MODES = "hold", "cut", "follow"
"""Modes that show one part of the frame, and may cut a line."""
MIN_LINE_HEIGHT_RATIO = 0.025
"""Minimum height of readable text, as a share of the frame's."""
MIN_OVERLAY_POSITION_RATIO = 0.6
"""Highest middle of overlaid text, as a share of the frame's height from the top."""
MIN_TEXT_MS, BRIDGED_MS = 1_300, 1_500
"""Minimum time of text that gets a pane, and the gap in it that is bridged."""
CUT_LINE_RATIOS = 0.02, 0.98
"""A line is cut if a share between these is shown."""
LINE_MARGIN_RATIO = 0.8
"""Margin above and below a line, in heights of the line."""
MIN_EDGE_RATIO = 0.08
"""Minimum height below a line, as a share of the frame's, that is left out of its pane."""
MAX_TEXT_HEIGHT_RATIO = 0.3
"""Maximum height of text in a pane, as a share of the frame's."""
MIN_REPEATED_LINE_RATIO = 0.9
"""Minimum shared area of the same line in another shot."""
MAX_REPEATED_HEIGHT_RATIO = 2.0
"""Maximum ratio of heights of the same line in two shots."""
MIN_HELD_RATIO = 0.9
"""Minimum share of looks at which the face must be whole above the text."""


def add_text_panes(scene: AngleScene, crops: ShotCrops) -> ShotCrops:
    """Split crops that would cut text: overlaid text stands below the face, else the whole frame is shown."""
    if scene.area.holds_all or scene.is_screen:
        return crops
    return {
        number: [part for shot in run for part in _split_shot(scene, number, shot)] for number, run in crops.items()
    }


def _split_shot(scene: AngleScene, number: int, shot: ShotCrop) -> list[ShotCrop]:
    """Split a crop into its parts with and without text."""
    if shot.mode not in CROPPING_MODES:
        return [shot]
    lines = _readable_lines(scene, number, shot)
    if not any(_is_line_cut(line, shot) for line in lines):
        return [shot]
    shots: list[ShotCrop] = []
    at_ms = shot.range.start_ms
    for when in text_ranges(lines, shot.range, BRIDGED_MS):
        if when.length_ms < MIN_TEXT_MS:
            continue
        text_shot = _frame_with_text(scene, number, shot, hull([line.box for line in lines]), when)
        if text_shot is not None:
            shots += [_shot_part(shot, at_ms, when.start_ms)] if when.start_ms > at_ms else []
            shots.append(text_shot)
            at_ms = when.end_ms
    return [*shots, _shot_part(shot, at_ms, shot.range.end_ms)] if at_ms < shot.range.end_ms else shots


def _is_line_cut(line: Letters, shot: ShotCrop) -> bool:
    """Tell whether the crop shows only a part of a line at some time."""
    time = clamp_range(line.range, shot.range)
    on_path = (key.at_ms for key in shot.path if time.start_ms < key.at_ms < time.end_ms)
    times = [time.start_ms, *on_path, time.end_ms]
    return any(CUT_LINE_RATIOS[0] < share_shown(line.box, shot, at_ms) < CUT_LINE_RATIOS[1] for at_ms in times)


def _readable_lines(scene: AngleScene, number: int, shot: ShotCrop) -> list[Letters]:
    """Return the readable lines of a shot; a moving crop passes by the signs of a place."""
    lines = [line for line in scene.tracks.letters if line.range.overlap_ms(shot.range) > 0]
    if shot.mode == "follow" or scene.groups:
        lines = [line for line in lines if is_overlay(scene, number, line)]
    if not scene.groups:
        return [line for line in lines if is_sign(line.box, scene.area.content)]
    min_height = MIN_LINE_HEIGHT_RATIO * scene.area.content.height
    return [line for line in lines if line.box.height >= min_height]


def _frame_with_text(scene: AngleScene, number: int, shot: ShotCrop, box: Box, when: TimeRange) -> ShotCrop | None:
    """Return what is shown while text stands; None where nothing holds the face and the text."""
    content = scene.area.content
    if not scene.groups:
        return crop_shot(show_everything(scene, CUT_TEXT_REASON), when)
    panes = _face_and_text_panes(scene, shot, box, _shown_face_boxes(scene, number, shot, when))
    if panes is None:
        return None
    top, strip = panes[0].source.y, panes[-1].source
    around = CropBox(x=content.x, y=top, width=content.width, height=strip.y + strip.height - top)
    reason = f"{shot.reason}; letters laid over the picture, which that would cut, stand below"
    return ShotCrop(range=when, mode="inset", crop=around, shows=shot.shows, reason=reason, panes=panes)


def _shown_face_boxes(scene: AngleScene, number: int, shot: ShotCrop, when: TimeRange) -> Sequence[Box]:
    """Return the boxes of the face that a crop shows.

    Of a still crop all looks count, of a moving one those of ``when``.
    """
    if shot.mode == "follow":
        face_boxes = [box for at_ms, box in main_face_boxes(scene, number) if when.start_ms <= at_ms < when.end_ms]
        return face_boxes or scene.cast.subjects[0].boxes
    if shot.mode == "hold":
        return scene.cast.subjects[0].boxes
    # A cut does not name its speaker: the person nearest to the middle of its crop is taken.
    middle = shot.crop.x + shot.crop.width / 2
    people = [boxes_of(group) for group in scene.groups]
    return min(people, key=lambda boxes: abs(_median_x(boxes) - middle))


def _median_x(boxes: Sequence[Box]) -> float:
    return float(np.median([box.x + box.width / 2 for box in boxes]))


def is_overlay(scene: AngleScene, number: int, line: Letters) -> bool:
    """Tell whether a line was laid over the picture and is no part of the place."""
    box, content, shot_range = line.box, scene.area.content, scene.tracks.shots[number]
    if box.y + box.height / 2 < content.y + MIN_OVERLAY_POSITION_RATIO * content.height:
        return False
    comes_or_goes = (
        max(line.range.start_ms - shot_range.start_ms, shot_range.end_ms - line.range.end_ms) >= BRIDGED_MS // 2
    )
    elsewhere = (text for text in scene.tracks.letters if not text.range.overlap_ms(shot_range))
    return comes_or_goes or any(_is_repeated(text.box, box) for text in elsewhere)


def _is_repeated(first: Box, second: Box) -> bool:
    """Tell whether two lines have one place and size: a line inside a large sign is another."""
    low, high = sorted((first.height, second.height))
    return high <= MAX_REPEATED_HEIGHT_RATIO * low and share_of_smaller(first, second) > MIN_REPEATED_LINE_RATIO


def _face_and_text_panes(scene: AngleScene, shot: ShotCrop, box: Box, faces: Sequence[Box]) -> list[Pane] | None:
    """Return panes of the face above and the text below; None where the face does not fit."""
    content, (across, down) = scene.area.content, ASPECT_RATIOS[scene.area.aspect]
    if box.height > MAX_TEXT_HEIGHT_RATIO * content.height:
        return None
    top = round_to_even(max(content.y, box.y - LINE_MARGIN_RATIO * box.height))
    end = content.y + content.height
    low = box.y + (1 + LINE_MARGIN_RATIO) * box.height
    bottom = end if end - low < MIN_EDGE_RATIO * content.height else round_to_even(low)
    long = min(
        content.width,
        max(
            round_to_even(view(shot, shot.range.start_ms).width),
            round_to_even(box.width + 2 * LINE_MARGIN_RATIO * (bottom - top)),
        ),
    )
    strip_x = round_to_even(min(max(content.x, box.x + (box.width - long) / 2), content.x + content.width - long))
    strip = CropBox(x=strip_x, y=top, width=long - long % 2, height=bottom - top)
    share = across * strip.height / (down * strip.width)
    high = top - content.y
    wide = round_to_even(high * across / (down * (1 - share)) - 1)
    if high < content.height / 2 or not 2 <= wide <= content.width:
        return None
    x = round_to_even(min(max(shot.crop.x, _median_x(faces) - wide / 2), shot.crop.x + shot.crop.width - wide))
    face = CropBox(x=min(max(content.x, x), content.x + content.width - wide), y=content.y, width=wide, height=high)
    if share_of_heads_held(face, faces) < MIN_HELD_RATIO:
        return None
    return [Pane(source=face, share=1 - share), Pane(source=strip, share=share)]


def _shot_part(shot: ShotCrop, start_ms: int, end_ms: int) -> ShotCrop:
    """Cut a time range out of a shot, with its part of the path."""
    inside = [key for key in shot.path if start_ms < key.at_ms < end_ms]
    path = [_path_key(shot, start_ms), *inside, _path_key(shot, end_ms)] if shot.path else []
    return msgspec.structs.replace(shot, range=TimeRange(start_ms=start_ms, end_ms=end_ms), path=path)


def _path_key(shot: ShotCrop, at_ms: int) -> PathKey:
    return PathKey(at_ms=at_ms, box=view(shot, at_ms))
