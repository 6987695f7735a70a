"""A camera angle of a clip as framing sees it: its shots, its people, its content area. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from schemas.common import Aspect, Box, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, ShotLook
from schemas.documents.frame_plan import ShotCrop
from streams.frame.scene.camera_angles import Cast, build_cast, face_size, group_faces
from streams.frame.scene.content_area import ContentArea, content_area_of
from streams.frame.scene.head_pose import widen_turned_heads
from streams.frame.scene.persons import screen_share_of
from streams.vision.screen_detection import SCREEN_MIN_PROBABILITY

MAX_SAME_PERSON_SIZE_RATIO = 2.5
"""Largest ratio of sizes of one person who walks to or from the camera."""
MAX_FALSE_FACE_RATIO = 0.05
"""Maximum share of looks at which a false face may be seen together with the true one."""
MIN_TOGETHER_RATIO = 0.3
"""Minimum share of the looks at one of two people in which the other is seen too."""
ShotCrops = dict[int, list[ShotCrop]]
"""By shot number, the crops of the shot in order of time."""


class AngleScene(msgspec.Struct, frozen=True, kw_only=True):
    """One camera angle: ``shots`` are its numbered time ranges, extended to cover what is framed."""

    tracks: ClipTracks
    shots: Mapping[int, TimeRange]
    area: ContentArea
    groups: list[list[FaceTrack]]
    """The tracks of each face."""
    cast: Cast
    """The faces of the angle, the main one first, with boxes as wide as turned heads."""
    heads: Mapping[tuple[int, Box], Box]
    """The head's box by time and face box."""
    screen: float
    """Probability that a screen or a slide is shown."""

    @property
    def is_screen(self) -> bool:
        """Whether it shows a screen or a slide."""
        return self.screen >= SCREEN_MIN_PROBABILITY

    @property
    def track_numbers(self) -> set[int]:
        """Numbers of the tracks of its faces."""
        return {track.track for group in self.groups for track in group}

    @property
    def length_ms(self) -> int:
        """Length of all its shots."""
        return sum(when.length_ms for when in self.shots.values())


def build_scene(
    tracks: ClipTracks, group: list[int], shots: Mapping[int, TimeRange], size: tuple[int, int], aspect: Aspect
) -> AngleScene:
    """Build the scene of the shots in ``group``; only those in ``shots`` are to be framed."""
    groups = merge_walkers(group_faces([track for track in tracks.tracks if track.shot in group]))
    wider = [widen_turned_heads(face_tracks, tracks.mouths) for face_tracks in groups]
    return AngleScene(
        tracks=tracks,
        shots={number: shots[number] for number in group if number in shots},
        area=content_area_of(tracks, group, *size, aspect),
        groups=groups,
        cast=build_cast(wider, tracks.turns),
        heads=dict(zip(_timed_boxes(groups), (box for _, box in _timed_boxes(wider)), strict=True)),
        screen=screen_share_of(tracks, group) or 0.0,
    )


def _timed_boxes(groups: Sequence[Sequence[FaceTrack]]) -> list[tuple[int, Box]]:
    return [(sample.at_ms, sample.face.box) for group in groups for track in group for sample in track.samples]


def detail_profiles(scene: AngleScene) -> tuple[list[float], list[float]]:
    """Return mean shares of detail and movement along x and y; empty where none was measured."""
    looks = shot_looks(scene)
    return _mean_profile([look.columns for look in looks]), _mean_profile([look.rows for look in looks])


def shot_looks(scene: AngleScene) -> list[ShotLook]:
    """Return the measurements of each shot of the angle."""
    return [look for look in scene.tracks.looks if look.shot in scene.shots]


def _mean_profile(profiles: Sequence[Sequence[float]]) -> list[float]:
    measured = [profile for profile in profiles if profile]
    return [sum(values) / len(measured) for values in zip(*measured, strict=True)] if measured else []


def seen_together(groups: Sequence[Sequence[FaceTrack]]) -> bool:
    """Tell whether each of these people is seen together with all others.

    One person who walks may be tracked as two, but is never in two places at once.
    """
    looks = [{(track.shot, s.at_ms) for track in group for s in track.samples} for group in groups]
    pairs = ((first, second) for place, first in enumerate(looks) for second in looks[:place])
    return all(len(first & second) >= MIN_TOGETHER_RATIO * min(len(first), len(second)) for first, second in pairs)


def merge_walkers(groups: Sequence[Sequence[FaceTrack]]) -> list[list[FaceTrack]]:
    """Merge groups that are one person who walks: in one shot at different places, never together."""
    joined: list[list[FaceTrack]] = []
    for group in groups:
        taker = next((person for person in joined if _is_same_person(person, group)), None)
        if taker is None:
            joined.append(list(group))
        else:
            taker += group
    return joined


def _is_same_person(first: Sequence[FaceTrack], second: Sequence[FaceTrack]) -> bool:
    first_looks, second_looks = (
        {(track.shot, s.at_ms) for track in group for s in track.samples} for group in (first, second)
    )
    meet = {track.shot for track in first} & {track.shot for track in second}
    sizes = sorted((face_size(first), face_size(second)))
    together = len(first_looks & second_looks)
    return (
        bool(meet)
        and sizes[1] <= MAX_SAME_PERSON_SIZE_RATIO * sizes[0]
        and together <= MAX_FALSE_FACE_RATIO * min(len(first_looks), len(second_looks))
    )
