"""Show all candidates, stacked, where it is not known which of several people speaks. Pure.

One of them alone would be a guess: where the speaker is uncertain, or where no one speaks and two or three people are
equally prominent.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.framing.boxes import crop_hull
from schemas.documents.clip_tracks import FaceTrack
from schemas.documents.frame_plan import ShotCrop
from streams.frame.planning.full_frame import show_everything
from streams.frame.planning.split_screen import fit_one_crop, people_panes
from streams.frame.planning.static_crop import crops_of_angle
from streams.frame.scene.camera_angles import (
    MIN_FOREGROUND_RATIO,
    MIN_SPEAKER_SIZE_RATIO,
    MIN_TURN_CONFIDENCE,
    face_size,
)
from streams.frame.scene.scenes import AngleScene, ShotCrops, seen_together

MIN_SURE_RATIO = 0.8
"""Minimum share of the speech whose speaker must be certain."""
MIN_SPEECH_MS = 1_500
"""Minimum speech in an angle for its certainty to matter."""
MIN_CANDIDATE_TIME_RATIO = 0.5
"""Minimum screen time of a candidate, relative to the most visible one."""
MIN_ALIKE_SIZE_RATIO, MIN_ALIKE_TIME_RATIO = 0.6, 0.8
"""Minimum screen time of a silent candidate, relative to the most visible one."""
MAX_ALIKE_COUNT = 3
"""Maximum silent candidates: more people are a crowd."""
MIN_ANGLE_MS = 3_000
"""Minimum length of an angle: a shorter one is a glance at an audience or a listener."""
MIN_SPEECH_RATIO = 0.3
"""Minimum share of the angle with a known speaker for it to be a talk."""


def frame_candidates(scene: AngleScene) -> ShotCrops | None:
    """Stack all candidates; None where the speaker is known, or all fit into one crop."""
    if len(scene.groups) < 2 or scene.length_ms < MIN_ANGLE_MS:
        return None
    turns = [turn for turn in scene.tracks.turns if turn.track in scene.track_numbers]
    speech_ms = sum(turn.range.overlap_ms(when) for turn in turns for when in scene.shots.values())
    sure_ms = sum(
        turn.range.overlap_ms(when)
        for turn in turns
        for when in scene.shots.values()
        if turn.confidence >= MIN_TURN_CONFIDENCE
    )
    if speech_ms >= MIN_SPEECH_MS and sure_ms < MIN_SURE_RATIO * speech_ms:
        candidates = _prominent_groups(scene, MIN_CANDIDATE_TIME_RATIO, MIN_SPEAKER_SIZE_RATIO)
        why = f"it is sure of {sure_ms / 1000:.1f} of {speech_ms / 1000:.1f} s only which of them speaks"
        return stack_people(scene, candidates, why) or _show_candidates(scene, candidates, why)
    if speech_ms < MIN_SPEECH_RATIO * scene.length_ms:
        prominent = _prominent_groups(scene, MIN_ALIKE_TIME_RATIO, MIN_ALIKE_SIZE_RATIO)
        # Another face in the foreground would be missing from the stack: then they are not equally prominent.
        if len(prominent) <= MAX_ALIKE_COUNT and len(prominent) == len(
            _prominent_groups(scene, MIN_CANDIDATE_TIME_RATIO, MIN_FOREGROUND_RATIO)
        ):
            return stack_people(scene, prominent, "no speaker is known, and they are equally prominent")
    return None


def stack_people(scene: AngleScene, groups: Sequence[Sequence[FaceTrack]], why: str) -> ShotCrops | None:
    """Stack these people; None where they fit into one crop, or stand too close to be separated."""
    if len(groups) < 2 or not seen_together(groups) or fit_one_crop(groups, scene.area):
        return None
    panes = people_panes(groups, scene.groups, scene.area)
    if panes is None:
        return None
    reason = f"{len(groups)} people who do not fit into one crop, and {why}: one below the other"
    crop = crop_hull([pane.source for pane in panes])
    return {
        number: [ShotCrop(range=when, mode="split", crop=crop, shows="people", reason=reason, panes=panes)]
        for number, when in scene.shots.items()
    }


def _show_candidates(scene: AngleScene, groups: Sequence[Sequence[FaceTrack]], why: str) -> ShotCrops | None:
    """Show the whole frame where they neither fit into one crop nor can be separated."""
    if len(groups) < 2 or not seen_together(groups) or fit_one_crop(groups, scene.area) or scene.area.holds_all:
        return None
    reason = f"{len(groups)} people who fit neither into one crop nor below each other, and {why}"
    return crops_of_angle(scene, show_everything(scene, f"{reason}: all of it on a blurred ground"))


def _prominent_groups(scene: AngleScene, min_time_ratio: float, min_size_ratio: float) -> list[list[FaceTrack]]:
    """Return groups with enough screen time and size, relative to the most visible and the largest one."""
    looks = [sum(len(track.samples) for track in group) for group in scene.groups]
    sizes = [face_size(group) for group in scene.groups]
    long_visible = [place for place, count in enumerate(looks) if count >= min_time_ratio * max(looks)]
    largest = max(sizes[place] for place in long_visible)
    return [scene.groups[place] for place in long_visible if sizes[place] >= min_size_ratio * largest]
