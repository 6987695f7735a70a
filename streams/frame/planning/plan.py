"""Plan what each shot of an export shows, from the analysis of its clip, with the reasons. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.domain.framing.boxes import shared_area
from core.domain.framing.geometry import views
from schemas.common import Aspect, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceSample
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from streams.frame.planning.expectations import expected_signs, expected_subjects
from streams.frame.planning.following_crop import follow_subject
from streams.frame.planning.on_screen_text import add_text_panes
from streams.frame.planning.speaker_cuts import cut_between_speakers
from streams.frame.planning.split_screen import FACE_LOOK_MS, inset_face
from streams.frame.planning.static_crop import crops_of_angle, safest_decision, static_decision
from streams.frame.planning.unknown_speaker import frame_candidates
from streams.frame.scene.camera_angles import MIN_TURN_CONFIDENCE, group_angles
from streams.frame.scene.scenes import AngleScene, ShotCrops, build_scene
from streams.frame.speaker.eye_openness import EyeMarks

MIN_FACE_SHOWN_RATIO = 0.6
"""Minimum share of a face's box that is shown for the face to count as shown."""


def shots_within(shots: Sequence[TimeRange], time: TimeRange) -> list[tuple[int, TimeRange]]:
    """Return the numbered shots inside ``time``, extended so that they cover it without a gap."""
    inside = [(number, shot) for number, shot in enumerate(shots) if shot.overlap_ms(time) > 0]
    if not inside:
        return []
    starts = [time.start_ms, *(shot.start_ms for _, shot in inside[1:])]
    ends = [*starts[1:], time.end_ms]
    return [
        (number, TimeRange(start_ms=start, end_ms=end))
        for (number, _), start, end in zip(inside, starts, ends, strict=True)
    ]


def plan_crops(tracks: ClipTracks, index: SourceIndex, aspect: Aspect, time: TimeRange) -> FramePlan:
    """Plan what each shot of ``time`` shows; shots of one camera angle are framed alike.

    Raises ValueError when the source has no video or ``tracks`` has nothing of ``time``.
    """
    if index.video is None:
        raise ValueError("the source has no picture to frame")
    # The second try of an export whose certificate failed uses the safer plan (ADR 18).
    best, safer = ShotCrops(), ShotCrops()
    scenes = scenes_of(tracks, index, aspect, time)
    presence = screen_time_shares(scenes)
    for scene in scenes:
        best |= _with_content(scene, choose_crops(scene))
        safer |= _with_content(scene, crops_of_angle(scene, safest_decision(scene)))
    shots, safer_shots = (
        [shot for number in sorted(angle_crops) for shot in angle_crops[number]] for angle_crops in (best, safer)
    )
    return FramePlan(
        clip_id=tracks.clip_id,
        aspect=aspect,
        range=time,
        source_width=index.video.display_width,
        source_height=index.video.display_height,
        shots=shots,
        faces=faces_shown(tracks, shots, presence),
        model=tracks.model,
        expected=expected_subjects(scenes, tracks, time),
        safer=safer_shots,
        safer_faces=faces_shown(tracks, safer_shots, presence),
        letters=[line for line in tracks.letters if line.range.overlap_ms(time) > 0],
        signs=expected_signs(scenes),
    )


def scenes_of(tracks: ClipTracks, index: SourceIndex, aspect: Aspect, time: TimeRange) -> list[AngleScene]:
    """Return the camera angles of a time range. Raises ValueError as `plan_crops`."""
    if index.video is None:
        raise ValueError("the source has no picture to frame")
    size, shots = (index.video.display_width, index.video.display_height), dict(shots_within(tracks.shots, time))
    if not shots:
        raise ValueError(f"nothing of {time.start_ms}..{time.end_ms} ms was looked at: call analyse_clip first")
    angles = [group for group in group_angles(tracks) if any(number in shots for number in group)]
    return [build_scene(tracks, group, shots, size, aspect) for group in angles]


def choose_crops(scene: AngleScene) -> ShotCrops:
    """Choose what is shown of an angle: a still crop, unless there is a reason for something else."""
    crops = (
        inset_face(scene)
        # Uncertain speakers come before cuts, which would show one of them alone by a guess.
        or frame_candidates(scene)
        or cut_between_speakers(scene)
        or follow_subject(scene, static_decision(scene))
    )
    return add_text_panes(scene, crops)


def _with_content(scene: AngleScene, crops: ShotCrops) -> ShotCrops:
    """Add the content area to the crops where the source has bars: a second try may show all of it."""
    area = scene.area
    if (area.content.width, area.content.height) == (area.width, area.height):
        return crops
    return {
        number: [msgspec.structs.replace(shot, content=area.content) for shot in run] for number, run in crops.items()
    }


def faces_shown(
    tracks: ClipTracks, shots: Sequence[ShotCrop], presence: Mapping[int, float] | None = None
) -> list[FaceSample]:
    """Return at each look the face that shows most, of those mostly shown, in order of time.

    Each pane has its own. ``presence``: each track's screen time share (`screen_time_shares`).
    """
    best_by_look: dict[tuple[int, int], tuple[float, FaceSample, int]] = {}
    for sample, number in ((sample, track.track) for track in tracks.tracks for sample in track.samples):
        shot = next((s for s in shots if s.range.start_ms <= sample.at_ms < s.range.end_ms), None)
        box = sample.face.box
        for pane, part in enumerate(views(shot, sample.at_ms) if shot is not None else []):
            area, look = shared_area(part, box), (sample.at_ms, pane)
            mostly = area > 0 and area >= MIN_FACE_SHOWN_RATIO * box.width * box.height
            if mostly and area > best_by_look.get(look, (0.0, sample, 0))[0]:
                best_by_look[look] = area, sample, number
    eyes, presence_by_track = EyeMarks(tracks.mouths), presence or {}
    return [
        msgspec.structs.replace(face, eyes=eyes.openness_of(face), standing=presence_by_track.get(number))
        for _, (_, face, number) in sorted(best_by_look.items())
    ]


def screen_time_shares(scenes: Sequence[AngleScene]) -> dict[int, float]:
    """Return for each track how much of the clip is its person's, 0..1 relative to the most present one.

    Looks and speech both count: a listener who fills the frame for two seconds is not the subject of the clip.
    """
    turns = [turn for turn in (scenes[0].tracks.turns if scenes else []) if turn.confidence >= MIN_TURN_CONFIDENCE]
    screen_times: dict[int, float] = {}
    for group, shots in ((group, scene.shots) for scene in scenes for group in scene.groups):
        numbers, times = {track.track for track in group}, list(shots.values())
        looks = sum(
            any(time.start_ms <= sample.at_ms < time.end_ms for time in times)
            for track in group
            for sample in track.samples
        )
        speech_ms = sum(turn.range.overlap_ms(time) for turn in turns if turn.track in numbers for time in times)
        screen_times |= dict.fromkeys(numbers, looks + speech_ms / FACE_LOOK_MS)
    longest = max(screen_times.values(), default=0.0)
    return {number: round(value / longest, 3) for number, value in screen_times.items()} if longest > 0 else {}
