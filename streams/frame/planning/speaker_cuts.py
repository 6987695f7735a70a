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
from streams.frame.analysis.camera_angles import MIN_SPEAKER_SIZE_RATIO, MIN_VISIBLE_RATIO, face_size
from streams.frame.planning.full_frame import show_widened
from streams.frame.planning.split_screen import boxes_of, fit_one_crop
from streams.frame.planning.static_crop import crops_of_angle
from streams.frame.planning.unknown_speaker import stack_people
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

    who: int
    range: TimeRange


def cut_between_speakers(scene: AngleScene) -> ShotCrops | None:
    """Cut between people who talk in turn, or stack them; None where one still crop does."""
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
    reason = f"cuts between {len(who)} people who talk in turn: the speaker is shown in {share:.0%} of what is said"
    return {
        number: [ShotCrop(range=one.range, mode="cut", crop=crops[one], shows="speaker", reason=reason) for one in run]
        for number, run in shown.items()
    }


def talkers(scene: AngleScene) -> list[int]:
    """Return the people who speak, as indexes of the groups, most speech first."""
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
    """Return who speaks when in one shot, in order; neighbouring turns of one person are merged."""
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
    """Return who has the picture when: from a speaker's first word to that of the next.

    The turns cover the shot. Where no one speaks, ``usual`` has it; ``quiet``: ranges without a voice.
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
    """Return when the picture changes: in the first pause between two turns, else in the nearest one.

    Without a pause it changes when the first turn has ended, and not long before the second begins.
    """
    begins = other.range.start_ms
    ends = min(one.range.end_ms, begins)
    low, high = (
        max(one.range.start_ms, ends - MAX_PAUSE_DISTANCE_MS),
        min(other.range.end_ms, begins + MAX_PAUSE_DISTANCE_MS),
    )

    def distance(pause: TimeRange) -> tuple[int, int]:
        return max(0, ends - pause.end_ms, pause.start_ms - begins), pause.start_ms

    near = min((pause for pause in quiet if low < pause.end_ms and pause.start_ms < high), key=distance, default=None)
    if near is None:
        return max(ends, begins - MAX_EARLY_MS)
    return min(high, max(near.start_ms, near.end_ms - LEAD_MS))


def _drop_turn(run: list[PictureTurn], place: int) -> list[PictureTurn]:
    """Give a turn's time to the one before it, the first one's to the next."""
    taker = run[place - 1] if place else run[1]
    return _merge_turns([*run[:place], msgspec.structs.replace(run[place], who=taker.who), *run[place + 1 :]])


def _merge_turns(run: Iterable[PictureTurn]) -> list[PictureTurn]:
    """Merge neighbouring turns of one person."""
    joined: list[PictureTurn] = []
    for one in run:
        if joined and joined[-1].who == one.who:
            joined[-1] = PictureTurn(who=one.who, range=_join_ranges(joined[-1].range, one.range))
        else:
            joined.append(one)
    return joined


def served_ratio(said: Mapping[int, Sequence[PictureTurn]], shown: Mapping[int, Sequence[PictureTurn]]) -> float:
    """Return the share of the speech during which its speaker is on screen."""
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
    """Return whose crop shows each person.

    It is their own, unless that of somebody who speaks more holds them too.
    """
    takers: dict[int, int] = {}
    for one in who:
        boxes = boxes_of(scene.groups[one])
        crops = ((taker, _crop_on(scene, [taker])) for taker in dict.fromkeys(takers.values()))
        takers[one] = next((taker for taker, crop in crops if share_of_heads_held(crop, boxes) >= MIN_HELD_RATIO), one)
    return takers


def _with_shared_crops(run: Sequence[PictureTurn], takers: Mapping[int, int]) -> list[PictureTurn]:
    """Assign turns to the people whose crop shows them."""
    return _merge_turns(msgspec.structs.replace(one, who=takers[one.who]) for one in run)


def _crops_by_turn(
    scene: AngleScene, takers: Mapping[int, int], run: Sequence[PictureTurn]
) -> dict[PictureTurn, CropBox]:
    """Return the still crop of each turn: a person's usual one, unless they have moved since."""
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
    """Return the still crop on some people while they have the picture.

    Without ``times`` all their looks count.
    """
    others = [FramingSubject(boxes=boxes_of(group)) for place, group in enumerate(scene.groups) if place not in members]
    boxes = _heads_during(scene, members, times) or _heads_during(scene, members, list(scene.shots.values()))
    return scene.area.on_faces(FramingSubject(boxes=boxes), others).crop


def _heads_during(scene: AngleScene, members: Sequence[int], times: Sequence[TimeRange]) -> list[Box]:
    samples = (sample for one in members for track in scene.groups[one] for sample in track.samples)
    inside = (one for one in samples if any(when.start_ms <= one.at_ms < when.end_ms for when in times))
    return [scene.heads[one.at_ms, one.face.box] for one in inside]


def _crops_differ(scene: AngleScene, takers: Mapping[int, int]) -> bool:
    """Tell whether no two of the crops are nearly the same."""
    crops = [
        _crop_on(scene, [one for one in takers if takers[one] == taker]) for taker in dict.fromkeys(takers.values())
    ]
    pairs = ((one, other) for place, one in enumerate(crops) for other in crops[:place])
    return all(
        max(abs(one.x - other.x) / one.width, abs(one.y - other.y) / one.height) >= MIN_CROP_DISTANCE_RATIO
        for one, other in pairs
    )
