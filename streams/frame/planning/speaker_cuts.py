"""People who talk in turn inside one shot: the picture is cut between them, or shows them all at once. Pure.

Never a pan between two people, and no cut that a viewer could not follow: each face stays for a while, and a word in
between changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from core.domain.time_ranges import merge_ranges
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.clip_tracks import FaceTrack
from schemas.documents.frame_plan import ShotCrop
from streams.frame.analysis.camera_angles import MIN_SPEAKER_SIZE_RATIO, MIN_VISIBLE_RATIO, face_size
from streams.frame.planning.full_frame import show_widened
from streams.frame.planning.split_screen import boxes_of, fit_one_crop
from streams.frame.planning.static_crop import crops_of_angle
from streams.frame.planning.unknown_speaker import stack_people
from streams.frame.scene.crop import FramingSubject, share_of_heads_held
from streams.frame.scene.scenes import AngleScene, ShotCrops, seen_together
from streams.frame.speaker.pauses import find_pauses

MIN_SPEECH_MS, MIN_SPEECH_RATIO = 1_500, 0.1
"""Whoever says less in an angle, or less than this share of it, is not one of those who talk in turn."""
MIN_TURN_MS = 500
"""A shorter turn is a word in between."""
MAX_BREATH_MS = 700
MAX_EARLY_MS = 800
"""Somebody is cut to up to so long before their first word: the start of a turn is found late."""
MAX_PAUSE_DISTANCE_MS = 1_000
"""A pause so near to where one turn ends and the next begins is where they really do: lips are told over a second."""
LEAD_MS = 320
"""Whoever begins to speak after a pause is there so long before: many a word begins softly."""
MIN_ON_SCREEN_MS = 1_200
"""A face that is cut to stays at least so long…"""
MIN_CUT_INTERVAL_MS = 2_500
"""…and where cuts would come faster than this, everybody is shown at once."""
MIN_SERVED_RATIO = 0.85
"""Share of what is said during which whoever says it must be on screen, or else everybody is."""
MIN_HELD_RATIO = 0.97
"""Share of the looks at which a crop on somebody holds the head of somebody else, for both to be shown in it."""
MIN_CROP_DISTANCE_RATIO = 0.3
"""Of the crop's width: two crops that are nearer than this are one picture that jumps."""


class PictureTurn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (a place in ``Scene.groups``) has the picture."""

    who: int
    range: TimeRange


def cut_between_speakers(scene: AngleScene) -> ShotCrops | None:
    """Cuts between people who talk in turn, or all of them stacked; None where one still crop does."""
    who = talkers(scene)
    people = [scene.groups[one] for one in who]
    if len(who) < 2 or not seen_together(people) or fit_one_crop(people, scene.area):
        return None
    takers = _shared_crops(scene, who)
    said = {number: _with_shared_crops(speech_turns(scene, number, who), takers) for number in scene.shots}
    quiet = find_pauses(scene.tracks.voice)
    shown = {number: assign_picture(said[number], scene.shots[number], who[0], quiet) for number in scene.shots}
    cuts = sum(max(0, len(run) - 1) for run in shown.values())
    share = served_ratio(said, shown)
    quick = cuts * MIN_CUT_INTERVAL_MS > scene.length_ms or share < MIN_SERVED_RATIO
    changes = sum(max(0, len(run) - 1) for run in said.values())
    told = f"they talk in quick turn ({changes} changes in {scene.length_ms / 1000:.1f} s)"
    if quick and (all_of_them := stack_people(scene, people, told)):
        return all_of_them
    if not cuts:
        return None
    if not _crops_differ(scene, takers):
        reason = f"{len(who)} people who talk in turn, too near to each other for cuts and too far apart for one crop"
        return crops_of_angle(scene, show_widened(scene, scene.shots.values(), "people", reason))
    crops = _crops_by_turn(scene, takers, [one for run in shown.values() for one in run])
    reason = f"cuts between {len(who)} people who talk in turn: whoever speaks is shown in {share:.0%} of what is said"
    return {
        number: [ShotCrop(range=one.range, mode="cut", crop=crops[one], shows="speaker", reason=reason) for one in run]
        for number, run in shown.items()
    }


def talkers(scene: AngleScene) -> list[int]:
    """Places of the people who say something, who says most first."""
    groups = scene.groups
    if len(groups) < 2:
        return []
    looks, sizes = [sum(len(track.samples) for track in group) for group in groups], [face_size(one) for one in groups]
    said = [_speech_ms(scene, group) for group in groups]
    least = max(MIN_SPEECH_MS, MIN_SPEECH_RATIO * sum(said))
    able = [
        place
        for place in range(len(groups))
        if looks[place] >= MIN_VISIBLE_RATIO * max(looks)
        and sizes[place] >= MIN_SPEAKER_SIZE_RATIO * max(sizes)
        and said[place] >= least
    ]
    return sorted(able, key=lambda place: -said[place])


def _speech_ms(scene: AngleScene, group: Sequence[FaceTrack]) -> int:
    numbers = {track.track for track in group}
    times = [turn.range for turn in scene.tracks.turns if turn.track in numbers]
    return sum(time.overlap_ms(when) for time in times for when in scene.shots.values())


def speech_turns(scene: AngleScene, number: int, who: Sequence[int]) -> list[PictureTurn]:
    """Who says something in one shot, in order of time; turns of one person that follow each other are one."""
    when, said = scene.shots[number], list[PictureTurn]()
    for one in who:
        numbers = {track.track for track in scene.groups[one]}
        turns = (turn.range for turn in scene.tracks.turns if turn.track in numbers)
        said += [
            PictureTurn(who=one, range=time) for time in merge_ranges(turns, MAX_BREATH_MS) if time.overlap_ms(when)
        ]
    found = list[PictureTurn]()
    for turn in sorted(said, key=lambda turn: turn.range.start_ms):
        if found and found[-1].who == turn.who:
            found[-1] = PictureTurn(who=turn.who, range=_join_ranges(found[-1].range, turn.range))
        elif turn.range.length_ms >= MIN_TURN_MS:
            found.append(turn)
    return found


def _join_ranges(one: TimeRange, other: TimeRange) -> TimeRange:
    return TimeRange(start_ms=one.start_ms, end_ms=max(one.end_ms, other.end_ms))


def assign_picture(
    said: Sequence[PictureTurn], when: TimeRange, usual: int, quiet: Sequence[TimeRange] = ()
) -> list[PictureTurn]:
    """Who has the picture when: from about their first word to that of the next, each for a while. Covers the shot.

    Where nobody speaks, ``usual`` has it; ``quiet``: where no voice is heard.
    """
    if not said:
        return [PictureTurn(who=usual, range=when)]
    starts = [when.start_ms]
    for one, other in pairwise(said):
        starts.append(min(when.end_ms, max(starts[-1], _cut_ms(one, other, quiet))))
    ends = [*starts[1:], when.end_ms]
    run = _merge_turns(
        PictureTurn(who=one.who, range=TimeRange(start_ms=start, end_ms=end))
        for one, start, end in zip(said, starts, ends, strict=True)
        if end > start
    )
    while (
        len(run) > 1 and (shortest := min(run, key=lambda one: one.range.length_ms)).range.length_ms < MIN_ON_SCREEN_MS
    ):
        run = _drop_turn(run, run.index(shortest))
    return run


def _cut_ms(one: PictureTurn, other: PictureTurn, quiet: Sequence[TimeRange]) -> int:
    """When the picture goes from one to the other: in the first pause after the one, else in the nearest.

    Without a pause when the one has ended, and not long before the other begins.
    """
    begins = other.range.start_ms
    ends = min(one.range.end_ms, begins)
    low, high = (
        max(one.range.start_ms, ends - MAX_PAUSE_DISTANCE_MS),
        min(other.range.end_ms, begins + MAX_PAUSE_DISTANCE_MS),
    )

    def away(pause: TimeRange) -> tuple[int, int]:
        return max(0, ends - pause.end_ms, pause.start_ms - begins), pause.start_ms

    near = min((pause for pause in quiet if low < pause.end_ms and pause.start_ms < high), key=away, default=None)
    if near is None:
        return max(ends, begins - MAX_EARLY_MS)
    return min(high, max(near.start_ms, near.end_ms - LEAD_MS))


def _drop_turn(run: list[PictureTurn], place: int) -> list[PictureTurn]:
    """The stretch goes to the one before it, the first to the next."""
    taker = run[place - 1] if place else run[1]
    return _merge_turns([*run[:place], msgspec.structs.replace(run[place], who=taker.who), *run[place + 1 :]])


def _merge_turns(run: Iterable[PictureTurn]) -> list[PictureTurn]:
    """The same, neighbours of one person as one."""
    joined: list[PictureTurn] = []
    for one in run:
        if joined and joined[-1].who == one.who:
            joined[-1] = PictureTurn(who=one.who, range=_join_ranges(joined[-1].range, one.range))
        else:
            joined.append(one)
    return joined


def served_ratio(said: Mapping[int, Sequence[PictureTurn]], shown: Mapping[int, Sequence[PictureTurn]]) -> float:
    """Share of what is said during which whoever says it is on screen."""
    total = sum(one.range.length_ms for run in said.values() for one in run)
    seen = sum(
        one.range.overlap_ms(other.range)
        for number, run in said.items()
        for one in run
        for other in shown[number]
        if one.who == other.who
    )
    return seen / total if total else 1.0


def _shared_crops(scene: AngleScene, who: Sequence[int]) -> dict[int, int]:
    """In whose picture each of them is shown: their own, unless the crop on somebody who says more holds them too."""
    takers: dict[int, int] = {}
    for one in who:
        boxes = boxes_of(scene.groups[one])
        crops = ((taker, _crop_on(scene, [taker])) for taker in dict.fromkeys(takers.values()))
        takers[one] = next((taker for taker, crop in crops if share_of_heads_held(crop, boxes) >= MIN_HELD_RATIO), one)
    return takers


def _with_shared_crops(run: Sequence[PictureTurn], takers: Mapping[int, int]) -> list[PictureTurn]:
    """What is said, as if by those in whose picture it is shown."""
    return _merge_turns(msgspec.structs.replace(one, who=takers[one.who]) for one in run)


def _crops_by_turn(
    scene: AngleScene, takers: Mapping[int, int], run: Sequence[PictureTurn]
) -> dict[PictureTurn, CropBox]:
    """The still crop of each stretch: the same whenever somebody has the picture, unless they have moved since."""
    found: dict[PictureTurn, CropBox] = {}
    for taker in {one.who for one in run}:
        members, own = [one for one in takers if takers[one] == taker], [one for one in run if one.who == taker]
        usual = _crop_on(scene, members, [one.range for one in own])
        for one in own:
            boxes = _heads_during(scene, members, [one.range])
            stays = not boxes or share_of_heads_held(usual, boxes) >= MIN_HELD_RATIO
            found[one] = usual if stays else _crop_on(scene, members, [one.range])
    return found


def _crop_on(scene: AngleScene, members: Sequence[int], times: Sequence[TimeRange] = ()) -> CropBox:
    """The still crop on some of them while they have the picture; without ``times`` wherever they are seen."""
    others = [FramingSubject(boxes=boxes_of(group)) for place, group in enumerate(scene.groups) if place not in members]
    boxes = _heads_during(scene, members, times) or _heads_during(scene, members, list(scene.shots.values()))
    return scene.area.on_faces(FramingSubject(boxes=boxes), others).crop


def _heads_during(scene: AngleScene, members: Sequence[int], times: Sequence[TimeRange]) -> list[Box]:
    samples = (sample for one in members for track in scene.groups[one] for sample in track.samples)
    inside = (one for one in samples if any(when.start_ms <= one.at_ms < when.end_ms for when in times))
    return [scene.heads[one.at_ms, one.face.box] for one in inside]


def _crops_differ(scene: AngleScene, takers: Mapping[int, int]) -> bool:
    """Whether no two of their pictures are nearly the same."""
    crops = [
        _crop_on(scene, [one for one in takers if takers[one] == taker]) for taker in dict.fromkeys(takers.values())
    ]
    pairs = ((one, other) for place, one in enumerate(crops) for other in crops[:place])
    return all(
        max(abs(one.x - other.x) / one.width, abs(one.y - other.y) / one.height) >= MIN_CROP_DISTANCE_RATIO
        for one, other in pairs
    )
