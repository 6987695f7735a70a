"""Cut between people who talk in turn within one shot, or show them all at once. Pure.

There are no pans between people and no cuts too quick to follow: each face stays for a while, and a short interjection
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from core.domain.time_ranges import merge_ranges
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.clip_tracks import FaceTrack
from schemas.documents.frame_plan import ShotCrop
from streams.frame.planning.full_frame import show_widened
from streams.frame.planning.split_screen import boxes_of, fit_one_crop
from streams.frame.planning.static_crop import crops_of_angle
from streams.frame.planning.unknown_speaker import stack_people
from streams.frame.scene.camera_angles import MIN_SPEAKER_SIZE_RATIO, MIN_VISIBLE_RATIO, face_size
from streams.frame.scene.crop import FramingSubject, share_of_heads_held
from streams.frame.scene.scenes import AngleScene, ShotCrops, seen_together
from streams.frame.speaker.pauses import find_pauses

MIN_SPEECH_MS, MIN_SPEECH_RATIO = 1_500, 0.1
"""Minimum speech of a person in an angle, as time and share, to take part in the cuts."""
MIN_TURN_MS = 500
"""Minimum turn that is cut to: a shorter one is an interjection."""
MAX_BREATH_MS = 700
"""Maximum pause within one turn."""
MAX_EARLY_MS = 800
"""Longest time before their first word that a speaker is cut to: turns are detected late."""
MAX_PAUSE_DISTANCE_MS = 1_000
"""Farthest pause that marks a change of speaker: lip evidence is spread over a second."""
LEAD_MS = 320
"""Time that a speaker is shown before the first word after a pause: many words begin softly."""
MIN_ON_SCREEN_MS = 1_200
"""Minimum time that a face stays after a cut."""
MIN_CUT_INTERVAL_MS = 2_500
"""Minimum mean time between cuts: for quicker ones all people are shown at once."""
MIN_SERVED_RATIO = 0.85
"""Minimum share of the speech whose speaker must be on screen: below it all are shown."""
MIN_HELD_RATIO = 0.97
"""Minimum share of a person's looks that another's crop must hold for both to share it."""
MIN_CROP_DISTANCE_RATIO = 0.3
"""Minimum distance of two crops, in crop widths: nearer ones look like one jumping picture."""


class PictureTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A person (an index of ``AngleScene.groups``) has the picture for a time range."""

    member: int
    range: TimeRange


def cut_between_speakers(scene: AngleScene) -> ShotCrops | None:
    """Cut between people who talk in turn, or stack them; None where one still crop does."""
    members = talkers(scene)
    people = [scene.groups[member] for member in members]
    # People who are never seen together are one person who walked and was tracked as several.
    if len(members) < 2 or not seen_together(people) or fit_one_crop(people, scene.area):
        return None
    takers = _shared_crops(scene, members)
    speech = {number: _with_shared_crops(speech_turns(scene, number, members), takers) for number in scene.shots}
    quiet = find_pauses(scene.tracks.voice)
    pictures = {
        number: assign_picture(speech[number], scene.shots[number], members[0], quiet) for number in scene.shots
    }
    cuts = sum(max(0, len(run) - 1) for run in pictures.values())
    share = served_ratio(speech, pictures)
    quick = cuts * MIN_CUT_INTERVAL_MS > scene.length_ms or share < MIN_SERVED_RATIO
    changes = sum(max(0, len(run) - 1) for run in speech.values())
    quick_reason = f"they talk in quick turn ({changes} changes in {scene.length_ms / 1000:.1f} s)"
    if quick and (stacked := stack_people(scene, people, quick_reason)):
        return stacked
    if not cuts:
        return None
    if not _crops_differ(scene, takers):
        reason = (
            f"{len(members)} people who talk in turn, too near to each other for cuts and too far apart for one crop"
        )
        return crops_of_angle(scene, show_widened(scene, scene.shots.values(), "people", reason))
    crops = _crops_by_turn(scene, takers, [turn for run in pictures.values() for turn in run])
    reason = f"cuts between {len(members)} people who talk in turn: the speaker is shown in {share:.0%} of what is said"
    return {
        number: [
            ShotCrop(range=turn.range, mode="cut", crop=crops[turn], shows="speaker", reason=reason) for turn in run
        ]
        for number, run in pictures.items()
    }


def talkers(scene: AngleScene) -> list[int]:
    """Return the people who speak, as indexes of the groups, most speech first."""
    groups = scene.groups
    if len(groups) < 2:
        return []
    looks, sizes = (
        [sum(len(track.samples) for track in group) for group in groups],
        [face_size(group) for group in groups],
    )
    speech_ms = [_speech_ms(scene, group) for group in groups]
    min_speech_ms = max(MIN_SPEECH_MS, MIN_SPEECH_RATIO * sum(speech_ms))
    talking = [
        place
        for place in range(len(groups))
        if looks[place] >= MIN_VISIBLE_RATIO * max(looks)
        and sizes[place] >= MIN_SPEAKER_SIZE_RATIO * max(sizes)
        and speech_ms[place] >= min_speech_ms
    ]
    return sorted(talking, key=lambda place: -speech_ms[place])


def _speech_ms(scene: AngleScene, group: Sequence[FaceTrack]) -> int:
    numbers = {track.track for track in group}
    times = [turn.range for turn in scene.tracks.turns if turn.track in numbers]
    return sum(time.overlap_ms(when) for time in times for when in scene.shots.values())


def speech_turns(scene: AngleScene, number: int, members: Sequence[int]) -> list[PictureTurn]:
    """Return who speaks when in one shot, in order; neighbouring turns of one person are merged."""
    when, turns = scene.shots[number], list[PictureTurn]()
    for member in members:
        numbers = {track.track for track in scene.groups[member]}
        ranges = (turn.range for turn in scene.tracks.turns if turn.track in numbers)
        turns += [
            PictureTurn(member=member, range=time)
            for time in merge_ranges(ranges, MAX_BREATH_MS)
            if time.overlap_ms(when)
        ]
    joined = list[PictureTurn]()
    for turn in sorted(turns, key=lambda turn: turn.range.start_ms):
        if joined and joined[-1].member == turn.member:
            joined[-1] = PictureTurn(member=turn.member, range=_join_ranges(joined[-1].range, turn.range))
        elif turn.range.length_ms >= MIN_TURN_MS:
            joined.append(turn)
    return joined


def _join_ranges(first: TimeRange, second: TimeRange) -> TimeRange:
    return TimeRange(start_ms=first.start_ms, end_ms=max(first.end_ms, second.end_ms))


def assign_picture(
    turns: Sequence[PictureTurn], when: TimeRange, usual: int, quiet: Sequence[TimeRange] = ()
) -> list[PictureTurn]:
    """Return who has the picture when: from a speaker's first word to that of the next.

    The turns cover the shot. Where no one speaks, ``usual`` has it; ``quiet``: ranges without a voice.
    """
    if not turns:
        return [PictureTurn(member=usual, range=when)]
    starts = [when.start_ms]
    for turn, following in pairwise(turns):
        starts.append(min(when.end_ms, max(starts[-1], _cut_ms(turn, following, quiet))))
    ends = [*starts[1:], when.end_ms]
    run = _merge_turns(
        PictureTurn(member=turn.member, range=TimeRange(start_ms=start, end_ms=end))
        for turn, start, end in zip(turns, starts, ends, strict=True)
        if end > start
    )
    while (
        len(run) > 1
        and (shortest := min(run, key=lambda turn: turn.range.length_ms)).range.length_ms < MIN_ON_SCREEN_MS
    ):
        # The edges of the shot count too, so that no cut comes close to one of the camera's.
        run = _drop_turn(run, run.index(shortest))
    return run


def _cut_ms(turn: PictureTurn, following: PictureTurn, quiet: Sequence[TimeRange]) -> int:
    """Return when the picture changes: in the first pause between two turns, else in the nearest one.

    Without a pause it changes when the first turn has ended, and not long before the second begins.
    """
    begins = following.range.start_ms
    ends = min(turn.range.end_ms, begins)
    low, high = (
        max(turn.range.start_ms, ends - MAX_PAUSE_DISTANCE_MS),
        min(following.range.end_ms, begins + MAX_PAUSE_DISTANCE_MS),
    )

    def distance(pause: TimeRange) -> tuple[int, int]:
        # Every pause between the two turns has distance 0: the first of them is taken.
        return max(0, ends - pause.end_ms, pause.start_ms - begins), pause.start_ms

    near = min((pause for pause in quiet if low < pause.end_ms and pause.start_ms < high), key=distance, default=None)
    if near is None:
        return max(ends, begins - MAX_EARLY_MS)
    return min(high, max(near.start_ms, near.end_ms - LEAD_MS))


def _drop_turn(run: list[PictureTurn], place: int) -> list[PictureTurn]:
    """Give a turn's time to the one before it, the first one's to the next."""
    taker = run[place - 1] if place else run[1]
    return _merge_turns([*run[:place], msgspec.structs.replace(run[place], member=taker.member), *run[place + 1 :]])


def _merge_turns(run: Iterable[PictureTurn]) -> list[PictureTurn]:
    """Merge neighbouring turns of one person."""
    joined: list[PictureTurn] = []
    for turn in run:
        if joined and joined[-1].member == turn.member:
            joined[-1] = PictureTurn(member=turn.member, range=_join_ranges(joined[-1].range, turn.range))
        else:
            joined.append(turn)
    return joined


def served_ratio(speech: Mapping[int, Sequence[PictureTurn]], pictures: Mapping[int, Sequence[PictureTurn]]) -> float:
    """Return the share of the speech during which its speaker is on screen."""
    total_ms = sum(turn.range.length_ms for run in speech.values() for turn in run)
    served_ms = sum(
        turn.range.overlap_ms(picture.range)
        for number, run in speech.items()
        for turn in run
        for picture in pictures[number]
        if turn.member == picture.member
    )
    return served_ms / total_ms if total_ms else 1.0


def _shared_crops(scene: AngleScene, members: Sequence[int]) -> dict[int, int]:
    """Return whose crop shows each person.

    It is their own, unless that of somebody who speaks more holds them too.
    """
    takers: dict[int, int] = {}
    for member in members:
        boxes = boxes_of(scene.groups[member])
        crops = ((taker, _crop_on(scene, [taker])) for taker in dict.fromkeys(takers.values()))
        takers[member] = next(
            (taker for taker, crop in crops if share_of_heads_held(crop, boxes) >= MIN_HELD_RATIO), member
        )
    return takers


def _with_shared_crops(run: Sequence[PictureTurn], takers: Mapping[int, int]) -> list[PictureTurn]:
    """Assign turns to the people whose crop shows them."""
    return _merge_turns(msgspec.structs.replace(turn, member=takers[turn.member]) for turn in run)


def _crops_by_turn(
    scene: AngleScene, takers: Mapping[int, int], run: Sequence[PictureTurn]
) -> dict[PictureTurn, CropBox]:
    """Return the still crop of each turn: a person's usual one, unless they have moved since."""
    crops: dict[PictureTurn, CropBox] = {}
    for taker in {turn.member for turn in run}:
        members = [member for member in takers if takers[member] == taker]
        turns = [turn for turn in run if turn.member == taker]
        usual = _crop_on(scene, members, [turn.range for turn in turns])
        for turn in turns:
            boxes = _heads_during(scene, members, [turn.range])
            stays = not boxes or share_of_heads_held(usual, boxes) >= MIN_HELD_RATIO
            crops[turn] = usual if stays else _crop_on(scene, members, [turn.range])
    return crops


def _crop_on(scene: AngleScene, members: Sequence[int], times: Sequence[TimeRange] = ()) -> CropBox:
    """Return the still crop on some people while they have the picture.

    Without ``times`` all their looks count.
    """
    bystanders = [
        FramingSubject(boxes=boxes_of(group)) for place, group in enumerate(scene.groups) if place not in members
    ]
    boxes = _heads_during(scene, members, times) or _heads_during(scene, members, list(scene.shots.values()))
    return scene.area.on_faces(FramingSubject(boxes=boxes), bystanders).crop


def _heads_during(scene: AngleScene, members: Sequence[int], times: Sequence[TimeRange]) -> list[Box]:
    samples = (sample for member in members for track in scene.groups[member] for sample in track.samples)
    inside = (sample for sample in samples if any(when.start_ms <= sample.at_ms < when.end_ms for when in times))
    return [scene.heads[sample.at_ms, sample.face.box] for sample in inside]


def _crops_differ(scene: AngleScene, takers: Mapping[int, int]) -> bool:
    """Tell whether no two of the crops are nearly the same."""
    crops = [
        _crop_on(scene, [member for member in takers if takers[member] == taker])
        for taker in dict.fromkeys(takers.values())
    ]
    pairs = ((first, second) for place, first in enumerate(crops) for second in crops[:place])
    return all(
        max(abs(first.x - second.x) / first.width, abs(first.y - second.y) / first.height) >= MIN_CROP_DISTANCE_RATIO
        for first, second in pairs
    )
