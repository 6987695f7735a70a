"""From what was seen in a clip to what each shot of an export shows, with the reason. Pure; opens no picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.domain.framing.boxes import shared_area
from core.domain.framing.geometry import views
from schemas.common import Aspect, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceSample
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from streams.frame.analysis.camera_angles import SURE, same_angles
from streams.frame.planning.expectations import expected, signs_expected
from streams.frame.planning.following_crop import follow
from streams.frame.planning.on_screen_text import with_strips
from streams.frame.planning.speaker_cuts import in_turn
from streams.frame.planning.split_screen import LOOK_MS, inset
from streams.frame.planning.static_crop import framed, held, safest
from streams.frame.planning.unknown_speaker import undecided
from streams.frame.scene.scenes import Framed, Scene, scene_of
from streams.frame.speaker.eye_openness import Eyes

MOSTLY = 0.6
"""Share of a face's box that must be shown for the face to count as shown; of a close-up not more may be."""


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
    """What each shot of ``time`` shows; shots of one camera angle are framed alike.

    Raises ValueError when the source has no picture or ``tracks`` saw nothing of ``time``.
    """
    if index.video is None:
        raise ValueError("the source has no picture to frame")
    best, safer = Framed(), Framed()
    scenes = scenes_of(tracks, index, aspect, time)
    who = standing(scenes)
    for scene in scenes:
        best |= _between_bars(scene, chosen(scene))
        safer |= _between_bars(scene, framed(scene, safest(scene)))
    first, second = ([one for number in sorted(made) for one in made[number]] for made in (best, safer))
    return FramePlan(
        clip_id=tracks.clip_id,
        aspect=aspect,
        range=time,
        source_width=index.video.display_width,
        source_height=index.video.display_height,
        shots=first,
        faces=faces_shown(tracks, first, who),
        model=tracks.model,
        expected=expected(scenes, tracks, time),
        safer=second,
        safer_faces=faces_shown(tracks, second, who),
        letters=[one for one in tracks.letters if one.range.overlap_ms(time) > 0],
        signs=signs_expected(scenes),
    )


def scenes_of(tracks: ClipTracks, index: SourceIndex, aspect: Aspect, time: TimeRange) -> list[Scene]:
    """The camera angles of a stretch. Raises ValueError as `plan`."""
    if index.video is None:
        raise ValueError("the source has no picture to frame")
    size, shots = (index.video.display_width, index.video.display_height), dict(cut_to(tracks.shots, time))
    if not shots:
        raise ValueError(f"nothing of {time.start_ms}..{time.end_ms} ms was looked at: call look_closely first")
    angles = [group for group in same_angles(tracks) if any(number in shots for number in group)]
    return [scene_of(tracks, group, shots, size, aspect) for group in angles]


def chosen(scene: Scene) -> Framed:
    """What is shown of an angle: a still crop, unless there is a reason for something else."""
    made = inset(scene) or undecided(scene) or in_turn(scene) or follow(scene, held(scene))
    return with_strips(scene, made)


def _between_bars(scene: Scene, made: Framed) -> Framed:
    """The same, told what of the picture may be shown where it has bars: a second try may want all of it."""
    ground = scene.ground
    if (ground.content.width, ground.content.height) == (ground.width, ground.height):
        return made
    return {
        number: [msgspec.structs.replace(one, content=ground.content) for one in run] for number, run in made.items()
    }


def faces_shown(
    tracks: ClipTracks, crops: Sequence[ShotCrop], who: Mapping[int, float] | None = None
) -> list[FaceSample]:
    """At each look the face that shows most, of those mostly shown; of panes that of each. In order of time.

    ``who``: how each track stands (`standing`).
    """
    shown: dict[tuple[int, int], tuple[float, FaceSample, int]] = {}
    for sample, number in ((sample, track.track) for track in tracks.tracks for sample in track.samples):
        crop = next((c for c in crops if c.range.start_ms <= sample.at_ms < c.range.end_ms), None)
        box = sample.face.box
        for pane, part in enumerate(views(crop, sample.at_ms) if crop is not None else []):
            area, look = shared_area(part, box), (sample.at_ms, pane)
            mostly = area > 0 and area >= MOSTLY * box.width * box.height
            if mostly and area > shown.get(look, (0.0, sample, 0))[0]:
                shown[look] = area, sample, number
    eyes, known = Eyes(tracks.mouths), who or {}
    return [
        msgspec.structs.replace(one, eyes=eyes.of(one), standing=known.get(number))
        for _, (_, one, number) in sorted(shown.items())
    ]


def standing(scenes: Sequence[Scene]) -> dict[int, float]:
    """Of each track how much of the clip is its person's, 0..1 beside whoever has most: looks, and the time of words.

    A listener who fills the picture for two seconds is not whom a clip is about.
    """
    turns = [turn for turn in (scenes[0].tracks.turns if scenes else []) if turn.confidence >= SURE]
    found: dict[int, float] = {}
    for group, shots in ((group, scene.shots) for scene in scenes for group in scene.groups):
        numbers, times = {track.track for track in group}, list(shots.values())
        looks = sum(
            any(time.start_ms <= sample.at_ms < time.end_ms for time in times)
            for track in group
            for sample in track.samples
        )
        said_ms = sum(turn.range.overlap_ms(time) for turn in turns if turn.track in numbers for time in times)
        found |= dict.fromkeys(numbers, looks + said_ms / LOOK_MS)
    most = max(found.values(), default=0.0)
    return {number: round(value / most, 3) for number, value in found.items()} if most > 0 else {}
