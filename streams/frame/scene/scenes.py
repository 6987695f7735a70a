"""A camera angle of a clip as its framing sees it: its shots, who is there, what may be shown. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from schemas.common import Aspect, Box, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, ShotLook
from schemas.documents.frame_plan import ShotCrop
from streams.frame.analysis.camera_angles import Cast, main_first, people, size_of
from streams.frame.scene.content_area import Ground, ground_of
from streams.frame.scene.head_pose import with_backs
from streams.frame.scene.persons import screen_in
from streams.vision.screen_detection import SCREEN_MIN_PROBABILITY

LIKE_SIZE = 2.5
"""How much nearer to the camera the same person may come…"""
AT_ONCE = 0.05
"""…and at what share of the looks a false face may stand beside the true one."""
TOGETHER = 0.3
"""Share of the looks at one of two people at which the other is seen too."""
Framed = dict[int, list[ShotCrop]]
"""By number of the shot what it shows, in order of time."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One camera angle: ``shots`` are its numbered stretches, stretched to cover what is asked for."""

    tracks: ClipTracks
    shots: Mapping[int, TimeRange]
    ground: Ground
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
    def numbers(self) -> set[int]:
        """Of the tracks of its faces."""
        return {track.track for group in self.groups for track in group}

    @property
    def length_ms(self) -> int:
        """Of all its shots."""
        return sum(when.length_ms for when in self.shots.values())


def scene_of(
    tracks: ClipTracks, group: list[int], shots: Mapping[int, TimeRange], size: tuple[int, int], aspect: Aspect
) -> Scene:
    """The scene of the shots with numbers ``group``; only those in ``shots`` are to be framed."""
    groups = wanderers(people([track for track in tracks.tracks if track.shot in group]))
    wider = [with_backs(one, tracks.mouths) for one in groups]
    return Scene(
        tracks=tracks,
        shots={number: shots[number] for number in group if number in shots},
        ground=ground_of(tracks, group, *size, aspect),
        groups=groups,
        cast=main_first(wider, tracks.turns),
        heads=dict(zip(_looks(groups), (box for _, box in _looks(wider)), strict=True)),
        screen=screen_in(tracks, group) or 0.0,
    )


def _looks(groups: Sequence[Sequence[FaceTrack]]) -> list[tuple[int, Box]]:
    return [(one.at_ms, one.face.box) for group in groups for track in group for one in track.samples]


def detail_profiles(scene: Scene) -> tuple[list[float], list[float]]:
    """Mean shares of detail and movement along x and y of the display picture; empty where none was measured."""
    looks = looks_of(scene)
    return _mean([look.columns for look in looks]), _mean([look.rows for look in looks])


def looks_of(scene: Scene) -> list[ShotLook]:
    """What was measured in each shot of the angle."""
    return [look for look in scene.tracks.looks if look.shot in scene.shots]


def _mean(profiles: Sequence[Sequence[float]]) -> list[float]:
    kept = [profile for profile in profiles if profile]
    return [sum(values) / len(kept) for values in zip(*kept, strict=True)] if kept else []


def seen_together(groups: Sequence[Sequence[FaceTrack]]) -> bool:
    """Whether each is seen beside all others: one who walks may be taken for two, but is never in two places."""
    looks = [{(track.shot, s.at_ms) for track in group for s in track.samples} for group in groups]
    pairs = ((one, other) for place, one in enumerate(looks) for other in looks[:place])
    return all(len(one & other) >= TOGETHER * min(len(one), len(other)) for one, other in pairs)


def wanderers(groups: Sequence[Sequence[FaceTrack]]) -> list[list[FaceTrack]]:
    """The groups, those joined that are one who walks about: in one shot at different places, and never together."""
    joined: list[list[FaceTrack]] = []
    for group in groups:
        taker = next((other for other in joined if _is_one(other, group)), None)
        if taker is None:
            joined.append(list(group))
        else:
            taker += group
    return joined


def _is_one(one: Sequence[FaceTrack], other: Sequence[FaceTrack]) -> bool:
    looks, others = ({(track.shot, s.at_ms) for track in group for s in track.samples} for group in (one, other))
    meet = {track.shot for track in one} & {track.shot for track in other}
    sizes = sorted((size_of(one), size_of(other)))
    together = len(looks & others)
    return bool(meet) and sizes[1] <= LIKE_SIZE * sizes[0] and together <= AT_ONCE * min(len(looks), len(others))
