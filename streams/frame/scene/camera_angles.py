"""Groups shots by camera angle and faces by person, and picks the main face. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from schemas.common import Box
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, ShotLook, SpeakingTurn
from streams.frame.analysis.face_tracking import box_closeness
from streams.frame.scene.crop import FramingSubject

MIN_SAME_ANGLE_CORRELATION = 0.9
"""Minimum correlation of block luma of two shots of one camera angle."""
MIN_JUMP_CUT_CORRELATION = 0.75
"""The same for neighbours whose main face stays in place: a jump cut."""
MIN_STILL_CLOSENESS = 1.45
"""Minimum ``box_closeness`` of the mean boxes of a face that stayed."""
MIN_EQUAL_TIME_RATIO = 0.85
"""Minimum screen time, relative to the longest, that counts as equal: then the largest wins."""
MIN_STAND_IN_RATIO = 0.6
"""Minimum size of a face, relative to the main one, that stands in where that is missing."""
MIN_FOREGROUND_RATIO = 0.4
"""Minimum size of a foreground face, relative to the largest one."""
MIN_FOREGROUND_TIME_RATIO = 0.55
"""Minimum screen time, relative to the longest-visible face's, of a face that sets the size of the foreground: this
filters out passers-by."""
MIN_TURN_CONFIDENCE = 0.67
"""Minimum confidence of a turn with a known speaker: by lips alone a half is a guess, and voices add up guesses."""

MIN_SPEECH_MS = 1_000
"""Minimum speech of a face to be the angle's speaker."""
MIN_SPEECH_RATIO = 0.55
"""Minimum share of the faces' speech that makes one the speaker of the angle."""
MIN_VISIBLE_RATIO = 0.3
"""Minimum screen time of the speaker, relative to the longest-visible face's."""
MIN_SPEAKER_SIZE_RATIO = 0.3
"""Minimum size, relative to the largest face, at which lips can be judged."""


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """The faces of an angle, the main one first.

    ``speaks_ms`` of the ``of_ms`` given to faces are its own; 0 where the choice does not rest on speech.
    """

    subjects: list[FramingSubject]
    main: int = 0
    """Index of the main group."""
    speaks_ms: int = 0
    of_ms: int = 0


def mean_box(boxes: Sequence[Box]) -> Box:
    """Return the mean of boxes."""
    x, y, width, height = np.mean([(b.x, b.y, b.width, b.height) for b in boxes], axis=0)
    return Box(x=float(x), y=float(y), width=float(width), height=float(height))


def _track_boxes(track: FaceTrack) -> list[Box]:
    return [sample.face.box for sample in track.samples]


def _seen_at_once(first: FaceTrack, second: FaceTrack) -> bool:
    """Tell whether both are on screen at the same looks: then they are two people."""
    return first.shot == second.shot and bool({s.at_ms for s in first.samples} & {s.at_ms for s in second.samples})


def group_faces(tracks: Sequence[FaceTrack]) -> list[list[FaceTrack]]:
    """Group tracks of the same face at the same place, broken by a turn of the head or by a cut and back."""
    groups: list[list[FaceTrack]] = []
    for track in sorted(tracks, key=lambda t: (-len(t.samples), t.track)):
        track_box = mean_box(_track_boxes(track))
        for group in groups:
            near = box_closeness(mean_box([box for member in group for box in _track_boxes(member)]), track_box) > 0
            if near and not any(_seen_at_once(member, track) for member in group):
                group.append(track)
                break
        else:
            groups.append([track])
    return groups


def _main_group(groups: Sequence[Sequence[FaceTrack]]) -> int:
    """Choose the group on screen longest, of nearly equals the largest, none in the background."""
    looks = [sum(len(track.samples) for track in group) for group in groups]
    size = [face_size(group) for group in groups]
    largest = max(
        group_size
        for group_size, count in zip(size, looks, strict=True)
        if count >= MIN_FOREGROUND_TIME_RATIO * max(looks)
    )
    front = [place for place, group_size in enumerate(size) if group_size >= MIN_FOREGROUND_RATIO * largest]
    most = max(looks[place] for place in front)
    equals = [place for place in front if looks[place] >= MIN_EQUAL_TIME_RATIO * most]
    return max(equals, key=lambda place: (size[place], -place))


def face_size(group: Sequence[FaceTrack]) -> float:
    """Return the usual size of a face: the side of a square of its area."""
    return math.sqrt(np.median([box.width * box.height for track in group for box in _track_boxes(track)]))


def _stand_in_boxes(main: Sequence[FaceTrack], other_groups: Sequence[Sequence[FaceTrack]]) -> list[Box]:
    """Return the largest other face of each look without the main one.

    Often that is the same person, whom the tracker lost in a pan.
    """
    main_looks = {(track.shot, sample.at_ms) for track in main for sample in track.samples}
    stand_in: dict[tuple[int, int], Box] = {}
    least = MIN_STAND_IN_RATIO * face_size(main)
    for track in (track for group in other_groups for track in group):
        for sample in track.samples:
            look, box = (track.shot, sample.at_ms), sample.face.box
            big = math.sqrt(box.width * box.height) >= least
            if big and look not in main_looks and (look not in stand_in or box.width > stand_in[look].width):
                stand_in[look] = box
    return list(stand_in.values())


def _speaking_group(
    groups: Sequence[Sequence[FaceTrack]], turns: Sequence[SpeakingTurn]
) -> tuple[int, int, int] | None:
    """Return the group that speaks most, its speech and all speech in ms; None without a clear one."""
    sure = [turn for turn in turns if turn.confidence >= MIN_TURN_CONFIDENCE]
    looks = [sum(len(track.samples) for track in group) for group in groups]
    sizes = [face_size(group) for group in groups]
    speaks = [
        sum(turn.range.length_ms for turn in sure for track in group if track.track == turn.track) for group in groups
    ]
    able = [
        place
        for place in range(len(groups))
        if looks[place] >= MIN_VISIBLE_RATIO * max(looks) and sizes[place] >= MIN_SPEAKER_SIZE_RATIO * max(sizes)
    ]
    best, total = max(able, key=lambda place: speaks[place]), sum(speaks)
    if speaks[best] < MIN_SPEECH_MS or speaks[best] < MIN_SPEECH_RATIO * total:
        return None
    return best, speaks[best], total


def build_cast(groups: Sequence[Sequence[FaceTrack]], turns: Sequence[SpeakingTurn] = ()) -> Cast:
    """Order the groups, the main one first, with stand-ins of like size where its face was not found."""
    if not groups:
        return Cast(subjects=[])
    speaker = _speaking_group(groups, turns) if len(groups) > 1 else None
    main, speaks_ms, of_ms = speaker or (_main_group(groups), 0, 0)
    other_groups = [group for place, group in enumerate(groups) if place != main]
    main_boxes = [box for track in groups[main] for box in _track_boxes(track)] + _stand_in_boxes(
        groups[main], other_groups
    )
    rest = [FramingSubject(boxes=[box for track in group for box in _track_boxes(track)]) for group in other_groups]
    return Cast(subjects=[FramingSubject(boxes=main_boxes), *rest], main=main, speaks_ms=speaks_ms, of_ms=of_ms)


def _layout_correlation(first: ShotLook | None, second: ShotLook | None) -> float:
    """Correlate the blocks of two shots, -1..1; 0 where one was not seen or is flat."""
    if first is None or second is None or not first.blocks or len(first.blocks) != len(second.blocks):
        return 0.0
    first_blocks = np.asarray(first.blocks, np.float64) - np.mean(first.blocks)
    second_blocks = np.asarray(second.blocks, np.float64) - np.mean(second.blocks)
    norm = float(np.sqrt((first_blocks**2).sum() * (second_blocks**2).sum()))
    return float((first_blocks * second_blocks).sum()) / norm if norm > 1e-6 else 0.0


def _stays_in_place(before: Sequence[FaceTrack], after: Sequence[FaceTrack]) -> bool:
    first, second = build_cast(group_faces(before)).subjects, build_cast(group_faces(after)).subjects
    if not first or not second:
        return False
    return box_closeness(mean_box(first[0].boxes), mean_box(second[0].boxes)) > MIN_STILL_CLOSENESS


def group_angles(tracks: ClipTracks) -> list[list[int]]:
    """Group shot numbers by camera angle, by first appearance; each group gets one crop."""
    looks = {look.shot: look for look in tracks.looks}
    of_shot = [[track for track in tracks.tracks if track.shot == shot] for shot in range(len(tracks.shots))]
    groups: list[list[int]] = []
    for shot in range(len(tracks.shots)):
        for group in groups:
            correlation = max(_layout_correlation(looks.get(member), looks.get(shot)) for member in group)
            follows = group[-1] == shot - 1
            stays = (
                follows
                and correlation >= MIN_JUMP_CUT_CORRELATION
                and _stays_in_place(of_shot[group[-1]], of_shot[shot])
            )
            if correlation >= MIN_SAME_ANGLE_CORRELATION or stays:
                group.append(shot)
                break
        else:
            groups.append([shot])
    return groups
