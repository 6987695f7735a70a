"""A camera angle of a clip as its framing sees it: its shots, who is there, what may be shown. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from schemas.common import Aspect, Box, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, ShotLook
from schemas.documents.frame_plan import ShotCrop
from streams.frame.analysis.camera_angles import Cast, build_cast, face_size, group_faces
from streams.frame.scene.content_area import ContentArea, content_area_of
from streams.frame.scene.head_pose import widen_turned_heads
from streams.frame.scene.persons import screen_share_of
from streams.vision.screen_detection import SCREEN_MIN_PROBABILITY

MAX_SAME_PERSON_SIZE_RATIO = 2.5
"""How much nearer to the camera the same person may come…"""
MAX_FALSE_FACE_RATIO = 0.05
"""…and at what share of the looks a false face may stand beside the true one."""
MIN_TOGETHER_RATIO = 0.3
"""Share of the looks at one of two people at which the other is seen too."""
ShotCrops = dict[int, list[ShotCrop]]
"""By number of the shot what it shows, in order of time."""


class AngleScene(msgspec.Struct, frozen=True, kw_only=True):
    """One camera angle: ``shots`` are its numbered stretches, stretched to cover what is asked for."""

    tracks: ClipTracks
    shots: Mapping[int, TimeRange]
    area: ContentArea
    groups: list[list[FaceTrack]]
    """The tracks of each face."""
    cast: Cast
    """Their boxes as wide as heads that are turned aside."""
    heads: Mapping[tuple[int, Box], Box]
    """By time and box of a face how wide its head is."""
    screen: float
    """How surely a screen or a slide is shown."""

    @property
    def is_screen(self) -> bool:
        """Whether it shows a screen or a slide."""
        return self.screen >= SCREEN_MIN_PROBABILITY

    @property
    def track_numbers(self) -> set[int]:
        """Of the tracks of its faces."""
        return {track.track for group in self.groups for track in group}

    @property
    def length_ms(self) -> int:
        """Of all its shots."""
        return sum(when.length_ms for when in self.shots.values())


def build_scene(
    tracks: ClipTracks, group: list[int], shots: Mapping[int, TimeRange], size: tuple[int, int], aspect: Aspect
) -> AngleScene:
    """The scene of the shots with numbers ``group``; only those in ``shots`` are to be framed."""
    groups = merge_walkers(group_faces([track for track in tracks.tracks if track.shot in group]))
    wider = [widen_turned_heads(one, tracks.mouths) for one in groups]
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
    return [(one.at_ms, one.face.box) for group in groups for track in group for one in track.samples]


def detail_profiles(scene: AngleScene) -> tuple[list[float], list[float]]:
    """Mean shares of detail and movement along x and y of the display picture; empty where none was measured."""
    looks = shot_looks(scene)
    return _mean_profile([look.columns for look in looks]), _mean_profile([look.rows for look in looks])


def shot_looks(scene: AngleScene) -> list[ShotLook]:
    """What was measured in each shot of the angle."""
    return [look for look in scene.tracks.looks if look.shot in scene.shots]


def _mean_profile(profiles: Sequence[Sequence[float]]) -> list[float]:
    kept = [profile for profile in profiles if profile]
    return [sum(values) / len(kept) for values in zip(*kept, strict=True)] if kept else []


def seen_together(groups: Sequence[Sequence[FaceTrack]]) -> bool:
    """Whether each is seen beside all others: one who walks may be taken for two, but is never in two places."""
    looks = [{(track.shot, s.at_ms) for track in group for s in track.samples} for group in groups]
    pairs = ((one, other) for place, one in enumerate(looks) for other in looks[:place])
    return all(len(one & other) >= MIN_TOGETHER_RATIO * min(len(one), len(other)) for one, other in pairs)


def merge_walkers(groups: Sequence[Sequence[FaceTrack]]) -> list[list[FaceTrack]]:
    """The groups, those joined that are one who walks about: in one shot at different places, and never together."""
    joined: list[list[FaceTrack]] = []
    for group in groups:
        taker = next((other for other in joined if _is_same_person(other, group)), None)
        if taker is None:
            joined.append(list(group))
        else:
            taker += group
    return joined


def _is_same_person(one: Sequence[FaceTrack], other: Sequence[FaceTrack]) -> bool:
    looks, others = ({(track.shot, s.at_ms) for track in group for s in track.samples} for group in (one, other))
    meet = {track.shot for track in one} & {track.shot for track in other}
    sizes = sorted((face_size(one), face_size(other)))
    together = len(looks & others)
    return (
        bool(meet)
        and sizes[1] <= MAX_SAME_PERSON_SIZE_RATIO * sizes[0]
        and together <= MAX_FALSE_FACE_RATIO * min(len(looks), len(others))
    )
