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
from streams.frame.analysis.camera_angles import SEEN_ENOUGH, SPEAKER_SIZE, size_of
from streams.frame.planning.full_frame import widened
from streams.frame.planning.split_screen import boxes_of, share_a_crop
from streams.frame.planning.static_crop import framed
from streams.frame.planning.unknown_speaker import stacked
from streams.frame.scene.crop import Subject, heads_held
from streams.frame.scene.scenes import Framed, Scene, seen_together
from streams.frame.speaker.pauses import pauses

LEAST_SAID_MS, LEAST_SHARE = 1_500, 0.1
"""Whoever says less in an angle, or less than this share of it, is not one of those who talk in turn."""
WORD_MS = 500
"""A shorter turn is a word in between."""
BREATH_MS = 700
EARLY_MS = 800
"""Somebody is cut to up to so long before their first word: the start of a turn is found late."""
REACH_MS = 1_000
"""A pause so near to where one turn ends and the next begins is where they really do: lips are told over a second."""
LEAD_MS = 320
"""Whoever begins to speak after a pause is there so long before: many a word begins softly."""
STAYS_MS = 1_200
"""A face that is cut to stays at least so long…"""
QUICK_MS = 2_500
"""…and where cuts would come faster than this, everybody is shown at once."""
SERVED = 0.85
"""Share of what is said during which whoever says it must be on screen, or else everybody is."""
HELD = 0.97
"""Share of the looks at which a crop on somebody holds the head of somebody else, for both to be shown in it."""
APART = 0.3
"""Of the crop's width: two crops that are nearer than this are one picture that jumps."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (a place in ``Scene.groups``) has the picture."""

    who: int
    range: TimeRange


def in_turn(scene: Scene) -> Framed | None:
    """Cuts between people who talk in turn, or all of them stacked; None where one still crop does."""
    who = talkers(scene)
    people = [scene.groups[one] for one in who]
    if len(who) < 2 or not seen_together(people) or share_a_crop(people, scene.ground):
        return None
    takers = _takers(scene, who)
    said = {number: _given(spoken(scene, number, who), takers) for number in scene.shots}
    quiet = pauses(scene.tracks.voice)
    shown = {number: stretches(said[number], scene.shots[number], who[0], quiet) for number in scene.shots}
    cuts = sum(max(0, len(run) - 1) for run in shown.values())
    share = served(said, shown)
    quick = cuts * QUICK_MS > scene.length_ms or share < SERVED
    changes = sum(max(0, len(run) - 1) for run in said.values())
    told = f"they talk in quick turn ({changes} changes in {scene.length_ms / 1000:.1f} s)"
    if quick and (all_of_them := stacked(scene, people, told)):
        return all_of_them
    if not cuts:
        return None
    if not _come_apart(scene, takers):
        reason = f"{len(who)} people who talk in turn, too near to each other for cuts and too far apart for one crop"
        return framed(scene, widened(scene, scene.shots.values(), "people", reason))
    crops = _crops(scene, takers, [one for run in shown.values() for one in run])
    reason = f"cuts between {len(who)} people who talk in turn: whoever speaks is shown in {share:.0%} of what is said"
    return {
        number: [ShotCrop(range=one.range, mode="cut", crop=crops[one], shows="speaker", reason=reason) for one in run]
        for number, run in shown.items()
    }


def talkers(scene: Scene) -> list[int]:
    """Places of the people who say something, who says most first."""
    groups = scene.groups
    if len(groups) < 2:
        return []
    looks, sizes = [sum(len(track.samples) for track in group) for group in groups], [size_of(one) for one in groups]
    said = [_said_ms(scene, group) for group in groups]
    least = max(LEAST_SAID_MS, LEAST_SHARE * sum(said))
    able = [
        place
        for place in range(len(groups))
        if looks[place] >= SEEN_ENOUGH * max(looks)
        and sizes[place] >= SPEAKER_SIZE * max(sizes)
        and said[place] >= least
    ]
    return sorted(able, key=lambda place: -said[place])


def _said_ms(scene: Scene, group: Sequence[FaceTrack]) -> int:
    numbers = {track.track for track in group}
    times = [turn.range for turn in scene.tracks.turns if turn.track in numbers]
    return sum(time.overlap_ms(when) for time in times for when in scene.shots.values())


def spoken(scene: Scene, number: int, who: Sequence[int]) -> list[Stretch]:
    """Who says something in one shot, in order of time; turns of one person that follow each other are one."""
    when, said = scene.shots[number], list[Stretch]()
    for one in who:
        numbers = {track.track for track in scene.groups[one]}
        turns = (turn.range for turn in scene.tracks.turns if turn.track in numbers)
        said += [Stretch(who=one, range=time) for time in merge_ranges(turns, BREATH_MS) if time.overlap_ms(when)]
    found = list[Stretch]()
    for turn in sorted(said, key=lambda turn: turn.range.start_ms):
        if found and found[-1].who == turn.who:
            found[-1] = Stretch(who=turn.who, range=_joined(found[-1].range, turn.range))
        elif turn.range.length_ms >= WORD_MS:
            found.append(turn)
    return found


def _joined(one: TimeRange, other: TimeRange) -> TimeRange:
    return TimeRange(start_ms=one.start_ms, end_ms=max(one.end_ms, other.end_ms))


def stretches(said: Sequence[Stretch], when: TimeRange, usual: int, quiet: Sequence[TimeRange] = ()) -> list[Stretch]:
    """Who has the picture when: from about their first word to that of the next, each for a while. Covers the shot.

    Where nobody speaks, ``usual`` has it; ``quiet``: where no voice is heard.
    """
    if not said:
        return [Stretch(who=usual, range=when)]
    starts = [when.start_ms]
    for one, other in pairwise(said):
        starts.append(min(when.end_ms, max(starts[-1], _turn_ms(one, other, quiet))))
    ends = [*starts[1:], when.end_ms]
    run = _merged(
        Stretch(who=one.who, range=TimeRange(start_ms=start, end_ms=end))
        for one, start, end in zip(said, starts, ends, strict=True)
        if end > start
    )
    while len(run) > 1 and (shortest := min(run, key=lambda one: one.range.length_ms)).range.length_ms < STAYS_MS:
        run = _without(run, run.index(shortest))
    return run


def _turn_ms(one: Stretch, other: Stretch, quiet: Sequence[TimeRange]) -> int:
    """When the picture goes from one to the other: in the first pause after the one, else in the nearest.

    Without a pause when the one has ended, and not long before the other begins.
    """
    begins = other.range.start_ms
    ends = min(one.range.end_ms, begins)
    low, high = max(one.range.start_ms, ends - REACH_MS), min(other.range.end_ms, begins + REACH_MS)

    def away(pause: TimeRange) -> tuple[int, int]:
        return max(0, ends - pause.end_ms, pause.start_ms - begins), pause.start_ms

    near = min((pause for pause in quiet if low < pause.end_ms and pause.start_ms < high), key=away, default=None)
    if near is None:
        return max(ends, begins - EARLY_MS)
    return min(high, max(near.start_ms, near.end_ms - LEAD_MS))


def _without(run: list[Stretch], place: int) -> list[Stretch]:
    """The stretch goes to the one before it, the first to the next."""
    taker = run[place - 1] if place else run[1]
    return _merged([*run[:place], msgspec.structs.replace(run[place], who=taker.who), *run[place + 1 :]])


def _merged(run: Iterable[Stretch]) -> list[Stretch]:
    """The same, neighbours of one person as one."""
    joined: list[Stretch] = []
    for one in run:
        if joined and joined[-1].who == one.who:
            joined[-1] = Stretch(who=one.who, range=_joined(joined[-1].range, one.range))
        else:
            joined.append(one)
    return joined


def served(said: Mapping[int, Sequence[Stretch]], shown: Mapping[int, Sequence[Stretch]]) -> float:
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


def _takers(scene: Scene, who: Sequence[int]) -> dict[int, int]:
    """In whose picture each of them is shown: their own, unless the crop on somebody who says more holds them too."""
    takers: dict[int, int] = {}
    for one in who:
        boxes = boxes_of(scene.groups[one])
        crops = ((taker, _crop_of(scene, [taker])) for taker in dict.fromkeys(takers.values()))
        takers[one] = next((taker for taker, crop in crops if heads_held(crop, boxes) >= HELD), one)
    return takers


def _given(run: Sequence[Stretch], takers: Mapping[int, int]) -> list[Stretch]:
    """What is said, as if by those in whose picture it is shown."""
    return _merged(msgspec.structs.replace(one, who=takers[one.who]) for one in run)


def _crops(scene: Scene, takers: Mapping[int, int], run: Sequence[Stretch]) -> dict[Stretch, CropBox]:
    """The still crop of each stretch: the same whenever somebody has the picture, unless they have moved since."""
    found: dict[Stretch, CropBox] = {}
    for taker in {one.who for one in run}:
        members, own = [one for one in takers if takers[one] == taker], [one for one in run if one.who == taker]
        usual = _crop_of(scene, members, [one.range for one in own])
        for one in own:
            boxes = _heads_in(scene, members, [one.range])
            stays = not boxes or heads_held(usual, boxes) >= HELD
            found[one] = usual if stays else _crop_of(scene, members, [one.range])
    return found


def _crop_of(scene: Scene, members: Sequence[int], times: Sequence[TimeRange] = ()) -> CropBox:
    """The still crop on some of them while they have the picture; without ``times`` wherever they are seen."""
    others = [Subject(boxes=boxes_of(group)) for place, group in enumerate(scene.groups) if place not in members]
    boxes = _heads_in(scene, members, times) or _heads_in(scene, members, list(scene.shots.values()))
    return scene.ground.on_faces(Subject(boxes=boxes), others).crop


def _heads_in(scene: Scene, members: Sequence[int], times: Sequence[TimeRange]) -> list[Box]:
    samples = (sample for one in members for track in scene.groups[one] for sample in track.samples)
    inside = (one for one in samples if any(when.start_ms <= one.at_ms < when.end_ms for when in times))
    return [scene.heads[one.at_ms, one.face.box] for one in inside]


def _come_apart(scene: Scene, takers: Mapping[int, int]) -> bool:
    """Whether no two of their pictures are nearly the same."""
    crops = [
        _crop_of(scene, [one for one in takers if takers[one] == taker]) for taker in dict.fromkeys(takers.values())
    ]
    pairs = ((one, other) for place, one in enumerate(crops) for other in crops[:place])
    return all(
        max(abs(one.x - other.x) / one.width, abs(one.y - other.y) / one.height) >= APART for one, other in pairs
    )
