"""From what was seen in a clip to the crop of each shot of an export, with the reason. Pure; opens no picture."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.documents import Aspect, ClipTracks, FaceSample, FramePlan, ShotCrop, SourceIndex
from schemas.media import Box, CropBox, TimeRange
from schemas.proof import FaceExpectation
from schemas.scenery import Shows
from streams.frame.angles import main_first, people, same_angles
from streams.frame.crop import must_fit, place_on_detail, place_on_faces
from streams.frame.figures import figures, screen_in
from streams.sight.screens import SURE


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A crop, what it holds on, and why."""

    crop: CropBox
    shows: Shows
    reason: str


MOSTLY = 0.6
"""Share of a face's box that must be in the crop for the face to count as shown; of a close-up not more may be."""


def _decide(tracks: ClipTracks, group: Sequence[int], *, width: int, height: int, aspect: Aspect) -> Decision:
    """The one crop of all shots of a camera angle."""
    cast = main_first(people([track for track in tracks.tracks if track.shot in group]), tracks.turns)
    subjects = cast.subjects
    if subjects:
        placed = place_on_faces(subjects[0], subjects[1:], width=width, height=height, aspect=aspect)
        shows: Shows = "speaker" if cast.speaks_ms else "face"
        whose = "the face" if len(subjects) == 1 else f"the main face of {len(subjects)}"
        if cast.speaks_ms:
            heard = f"{cast.speaks_ms / 1000:.1f} of {cast.of_ms / 1000:.1f} s"
            whose = f"the one of {len(subjects)} faces who speaks ({heard})"
        reason = f"holds on {whose}: in frame in {placed.inside:.0%} of {len(subjects[0].boxes)} looks"
        return Decision(crop=placed.crop, shows=shows, reason=reason)
    return _without_face(tracks, group, width=width, height=height, aspect=aspect)


def _without_face(tracks: ClipTracks, group: Sequence[int], *, width: int, height: int, aspect: Aspect) -> Decision:
    """On a person, else on what a screen or the picture has most of."""
    screen = screen_in(tracks, group) or 0.0
    persons = figures(tracks, group) if screen < SURE else []
    if persons:
        placed = place_on_faces(persons[0], persons[1:], width=width, height=height, aspect=aspect)
        reason = f"no face: holds on a person, seen in {len(persons[0].boxes)} looks"
        return Decision(crop=placed.crop, shows="person", reason=reason)
    looks = [look for look in tracks.looks if look.shot in group]
    columns, rows = _mean([look.columns for look in looks]), _mean([look.rows for look in looks])
    crop, stands_out = place_on_detail(columns, rows, width=width, height=height, aspect=aspect)
    shown = f"a screen or a slide ({screen:.0%} sure)" if screen >= SURE else "no face"
    reason = f"{shown}: most detail and movement" if stands_out else f"{shown}, nothing stands out: centre"
    held: Shows = "detail" if stands_out else "centre"
    return Decision(crop=crop, shows="screen" if screen >= SURE else held, reason=reason)


def _mean(profiles: Sequence[Sequence[float]]) -> list[float]:
    kept = [profile for profile in profiles if profile]
    return [sum(values) / len(kept) for values in zip(*kept, strict=True)] if kept else []


def cut_to(shots: Sequence[TimeRange], time: TimeRange) -> list[tuple[int, TimeRange]]:
    """The shots (with their numbers) inside ``time``, stretched so that they cover it without a gap."""
    inside = [(number, shot) for number, shot in enumerate(shots) if shot.overlap_ms(time) > 0]
    if not inside:
        return []
    starts = [time.start_ms, *(shot.start_ms for _, shot in inside[1:])]
    ends = [*starts[1:], time.end_ms]
    return [
        (number, TimeRange(start_ms=start, end_ms=end))
        for (number, _), start, end in zip(inside, starts, ends, strict=True)
    ]


def plan(tracks: ClipTracks, index: SourceIndex, aspect: Aspect, time: TimeRange) -> FramePlan:
    """The crop of each shot of ``time``; shots of one camera angle share theirs.

    Raises ValueError when the source has no picture or ``tracks`` saw nothing of ``time``.
    """
    if index.video is None:
        raise ValueError("the source has no picture to frame")
    width, height = index.video.display_width, index.video.display_height
    shots = cut_to(tracks.shots, time)
    if not shots:
        raise ValueError(f"nothing of {time.start_ms}..{time.end_ms} ms was looked at: call look_closely first")
    if must_fit(width, height, aspect):
        whole = CropBox(x=0, y=0, width=width, height=height)
        reason = f"{aspect} would cut more than half of a tall picture away: all of it on a blurred ground"
        crops = [ShotCrop(range=time, mode="fit", crop=whole, shows="whole", reason=reason)]
    else:
        decided: dict[int, Decision] = {}
        for group in same_angles(tracks):
            decision = _decide(tracks, group, width=width, height=height, aspect=aspect)
            decided |= dict.fromkeys(group, decision)
        crops = [
            ShotCrop(range=when, mode="hold", crop=one.crop, shows=one.shows, reason=one.reason)
            for one, when in ((decided[number], when) for number, when in shots)
        ]
    return FramePlan(
        clip_id=tracks.clip_id,
        aspect=aspect,
        range=time,
        source_width=width,
        source_height=height,
        shots=crops,
        faces=faces_shown(tracks, crops),
        model=tracks.model,
        expected=faces_expected(tracks, time),
    )


def faces_shown(tracks: ClipTracks, crops: Sequence[ShotCrop]) -> list[FaceSample]:
    """At each look the face that shows most, of those mostly inside the crop of their shot; in order of time."""
    shown: dict[int, tuple[float, FaceSample]] = {}
    for sample in (sample for track in tracks.tracks for sample in track.samples):
        crop = next((c.crop for c in crops if c.range.start_ms <= sample.at_ms < c.range.end_ms), None)
        area = area_inside(crop, sample.face.box) if crop is not None else 0.0
        mostly = area >= MOSTLY * sample.face.box.width * sample.face.box.height
        if area > 0 and mostly and area > shown.get(sample.at_ms, (0.0, sample))[0]:
            shown[sample.at_ms] = area, sample
    return [shown[at_ms][1] for at_ms in sorted(shown)]


def faces_expected(tracks: ClipTracks, time: TimeRange) -> list[FaceExpectation]:
    """At each look of ``time`` the face that a crop ought to hold: who speaks then, else the largest; in order."""
    found: dict[int, tuple[bool, float, FaceSample]] = {}
    for track in tracks.tracks:
        said = [turn.range for turn in tracks.turns if turn.track == track.track]
        for sample in track.samples:
            if time.start_ms <= sample.at_ms < time.end_ms:
                speaks = any(one.start_ms <= sample.at_ms < one.end_ms for one in said)
                rank = speaks, sample.face.box.width * sample.face.box.height
                if sample.at_ms not in found or rank > found[sample.at_ms][:2]:
                    found[sample.at_ms] = *rank, sample
    return [
        FaceExpectation(at_ms=at_ms, box=sample.face.box, speaks=speaks)
        for at_ms, (speaks, _, sample) in sorted(found.items())
    ]


def area_inside(crop: CropBox, box: Box) -> float:
    """How much of a box a crop holds, in px²."""
    wide = min(crop.x + crop.width, box.x + box.width) - max(crop.x, box.x)
    high = min(crop.y + crop.height, box.y + box.height) - max(crop.y, box.y)
    return max(0.0, wide) * max(0.0, high)
