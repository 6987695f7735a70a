"""Which shots show the same camera angle, and whose face matters there: the one who speaks, else the main one.

Pure; decides no pixel of the crop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from schemas.common import Box
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, ShotLook, SpeakingTurn
from streams.frame.analysis.face_tracking import closeness
from streams.frame.scene.crop import Subject

SAME_ANGLE = 0.9
"""Correlation of block luma from which two shots are one camera angle, wherever they stand in the clip."""
SAME_NEXT_ANGLE = 0.75
"""The same for neighbours whose main face stays where it was: a jump cut."""
STAYS = 1.45
"""``closeness`` of two mean boxes of a face that did not move."""
AS_LONG = 0.85
"""Faces on screen for at least this share of the longest count as equally long: then the largest wins."""
STAND_IN = 0.6
"""A face at least this large, in shares of the main one, stands in where that was not found."""
BACKGROUND = 0.4
"""A face smaller than this share of the largest one stands in the background…"""
NOT_PASSING = 0.55
"""…if that is there for so much of the time of whoever is there longest: a head that passes is no foreground."""
SURE = 0.67
"""Confidence of a turn from which it is told who speaks: by lips alone a half is a guess, and voices add up guesses."""

SPEAKS_MS = 1_000
"""Less than this of anybody's speech chooses nobody."""
SPEAKS_MOST = 0.55
"""Share of the speech given to faces that makes one of them the speaker of the angle."""
SEEN_ENOUGH = 0.3
"""The speaker is on screen for at least this share of the looks of whoever is there longest."""
SPEAKER_SIZE = 0.3
"""Share of the largest face's size below which a face is too far away to be judged by its lips."""


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """The faces of an angle, the one to hold first.

    ``speaks_ms`` of the ``of_ms`` that were given to faces are its own; 0 where the choice did not rest on speech.
    """

    subjects: list[Subject]
    main: int = 0
    """Which of the groups is held."""
    speaks_ms: int = 0
    of_ms: int = 0


def mean_box(boxes: Sequence[Box]) -> Box:
    """The mean of boxes."""
    x, y, width, height = np.mean([(b.x, b.y, b.width, b.height) for b in boxes], axis=0)
    return Box(x=float(x), y=float(y), width=float(width), height=float(height))


def _boxes(track: FaceTrack) -> list[Box]:
    return [sample.face.box for sample in track.samples]


def _together(one: FaceTrack, other: FaceTrack) -> bool:
    """True where both are on screen at the same looks: two people, not one."""
    return one.shot == other.shot and bool({s.at_ms for s in one.samples} & {s.at_ms for s in other.samples})


def people(tracks: Sequence[FaceTrack]) -> list[list[FaceTrack]]:
    """Tracks that are the same face at the same place (broken by a turn of the head, or by a cut back), as groups."""
    groups: list[list[FaceTrack]] = []
    for track in sorted(tracks, key=lambda t: (-len(t.samples), t.track)):
        here = mean_box(_boxes(track))
        for group in groups:
            near = closeness(mean_box([box for member in group for box in _boxes(member)]), here) > 0
            if near and not any(_together(member, track) for member in group):
                group.append(track)
                break
        else:
            groups.append([track])
    return groups


def _main(groups: Sequence[Sequence[FaceTrack]]) -> int:
    """Which group to hold: on screen longest; of nearly equals the largest; never one in the background."""
    looks = [sum(len(track.samples) for track in group) for group in groups]
    size = [size_of(group) for group in groups]
    largest = max(own for own, count in zip(size, looks, strict=True) if count >= NOT_PASSING * max(looks))
    front = [place for place, own in enumerate(size) if own >= BACKGROUND * largest]
    most = max(looks[place] for place in front)
    equals = [place for place in front if looks[place] >= AS_LONG * most]
    return max(equals, key=lambda place: (size[place], -place))


def size_of(group: Sequence[FaceTrack]) -> float:
    """How large a face usually is: the side of a square as large as its box."""
    return math.sqrt(np.median([box.width * box.height for track in group for box in _boxes(track)]))


def _while_away(main: Sequence[FaceTrack], others: Sequence[Sequence[FaceTrack]]) -> list[Box]:
    """The largest other face of each look at which the main one was not found: often the same person, lost in a pan."""
    there = {(track.shot, sample.at_ms) for track in main for sample in track.samples}
    stand_in: dict[tuple[int, int], Box] = {}
    least = STAND_IN * size_of(main)
    for track in (track for group in others for track in group):
        for sample in track.samples:
            look, box = (track.shot, sample.at_ms), sample.face.box
            big = math.sqrt(box.width * box.height) >= least
            if big and look not in there and (look not in stand_in or box.width > stand_in[look].width):
                stand_in[look] = box
    return list(stand_in.values())


def _speaker(groups: Sequence[Sequence[FaceTrack]], turns: Sequence[SpeakingTurn]) -> tuple[int, int, int] | None:
    """The group that speaks most, its speech and all of it in ms; None where nobody clearly does."""
    sure = [turn for turn in turns if turn.confidence >= SURE]
    looks = [sum(len(track.samples) for track in group) for group in groups]
    sizes = [size_of(group) for group in groups]
    speaks = [
        sum(turn.range.length_ms for turn in sure for track in group if track.track == turn.track) for group in groups
    ]
    able = [
        place
        for place in range(len(groups))
        if looks[place] >= SEEN_ENOUGH * max(looks) and sizes[place] >= SPEAKER_SIZE * max(sizes)
    ]
    best, total = max(able, key=lambda place: speaks[place]), sum(speaks)
    if speaks[best] < SPEAKS_MS or speaks[best] < SPEAKS_MOST * total:
        return None
    return best, speaks[best], total


def main_first(groups: Sequence[Sequence[FaceTrack]], turns: Sequence[SpeakingTurn] = ()) -> Cast:
    """The cast, the one to hold first; where its face was not found, a stand-in of like size counts for it."""
    if not groups:
        return Cast(subjects=[])
    speaker = _speaker(groups, turns) if len(groups) > 1 else None
    main, speaks_ms, of_ms = speaker or (_main(groups), 0, 0)
    others = [group for place, group in enumerate(groups) if place != main]
    held = [box for track in groups[main] for box in _boxes(track)] + _while_away(groups[main], others)
    rest = [Subject(boxes=[box for track in group for box in _boxes(track)]) for group in others]
    return Cast(subjects=[Subject(boxes=held), *rest], main=main, speaks_ms=speaks_ms, of_ms=of_ms)


def _alike(one: ShotLook | None, other: ShotLook | None) -> float:
    """Correlation of the blocks of two shots, -1..1; 0 where one was not seen or is flat."""
    if one is None or other is None or not one.blocks or len(one.blocks) != len(other.blocks):
        return 0.0
    first = np.asarray(one.blocks, np.float64) - np.mean(one.blocks)
    second = np.asarray(other.blocks, np.float64) - np.mean(other.blocks)
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm > 1e-6 else 0.0


def _face_stays(one: Sequence[FaceTrack], other: Sequence[FaceTrack]) -> bool:
    first, second = main_first(people(one)).subjects, main_first(people(other)).subjects
    if not first or not second:
        return False
    return closeness(mean_box(first[0].boxes), mean_box(second[0].boxes)) > STAYS


def same_angles(tracks: ClipTracks) -> list[list[int]]:
    """Shot numbers grouped by camera angle, by first appearance; each group gets one crop, so nothing jumps."""
    looks = {look.shot: look for look in tracks.looks}
    of_shot = [[track for track in tracks.tracks if track.shot == shot] for shot in range(len(tracks.shots))]
    groups: list[list[int]] = []
    for shot in range(len(tracks.shots)):
        for group in groups:
            alike = max(_alike(looks.get(member), looks.get(shot)) for member in group)
            follows = group[-1] == shot - 1
            stays = follows and alike >= SAME_NEXT_ANGLE and _face_stays(of_shot[group[-1]], of_shot[shot])
            if alike >= SAME_ANGLE or stays:
                group.append(shot)
                break
        else:
            groups.append([shot])
    return groups
