"""Several people who might matter, and no telling which: all are stacked, so that nobody wrong is shown alone. Pure.

Showing one of them would be a guess: where it is not sure whose words are heard, or where nobody's are and two or three
stand there alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.framing.boxes import crop_hull
from schemas.documents.clip_tracks import FaceTrack
from schemas.documents.frame_plan import ShotCrop
from streams.frame.analysis.camera_angles import BACKGROUND, SPEAKER_SIZE, SURE, size_of
from streams.frame.planning.full_frame import everything
from streams.frame.planning.split_screen import people_panes, share_a_crop
from streams.frame.planning.static_crop import framed
from streams.frame.scene.scenes import Framed, Scene, seen_together

MOSTLY_SURE = 0.8
"""Share of what is said that must be told so surely."""
LEAST_SAID_MS = 1_500
"""Of less speech nothing is made."""
THERE = 0.5
"""Whoever may be meant is there in so many of the looks of whoever is there longest…"""
ALIKE, ALWAYS = 0.6, 0.8
"""…and where nobody speaks they are so large beside the largest, and there so long."""
MOST_ALIKE = 3
"""More people are a crowd."""
LEAST_MS = 3_000
"""Less of an angle is a glance at people: an audience, whoever listens."""
SAID = 0.3
"""Share of such a shot from which somebody speaks in it."""


def undecided(scene: Scene) -> Framed | None:
    """All who may be meant, one below the other; None where it is known who is, or where they fit into one crop."""
    if len(scene.groups) < 2 or scene.length_ms < LEAST_MS:
        return None
    turns = [turn for turn in scene.tracks.turns if turn.track in scene.numbers]
    said_ms = sum(turn.range.overlap_ms(when) for turn in turns for when in scene.shots.values())
    sure_ms = sum(
        turn.range.overlap_ms(when) for turn in turns for when in scene.shots.values() if turn.confidence >= SURE
    )
    if said_ms >= LEAST_SAID_MS and sure_ms < MOSTLY_SURE * said_ms:
        who = _prominent(scene, THERE, SPEAKER_SIZE)
        told = f"it is sure of {sure_ms / 1000:.1f} of {said_ms / 1000:.1f} s only which of them speaks"
        return stacked(scene, who, told) or _whole(scene, who, told)
    if said_ms < SAID * scene.length_ms:
        alike = _prominent(scene, ALWAYS, ALIKE)
        if len(alike) <= MOST_ALIKE and len(alike) == len(_prominent(scene, THERE, BACKGROUND)):
            return stacked(scene, alike, "nobody is known to speak, and they stand there alike")
    return None


def stacked(scene: Scene, who: Sequence[Sequence[FaceTrack]], told: str) -> Framed | None:
    """These people one below the other; None where they fit into one crop, or do not come apart."""
    if len(who) < 2 or not seen_together(who) or share_a_crop(who, scene.ground):
        return None
    panes = people_panes(who, scene.groups, scene.ground)
    if panes is None:
        return None
    reason = f"{len(who)} people who do not fit into one crop, and {told}: one below the other"
    crop = crop_hull([pane.source for pane in panes])
    return {
        number: [ShotCrop(range=when, mode="split", crop=crop, shows="people", reason=reason, panes=panes)]
        for number, when in scene.shots.items()
    }


def _whole(scene: Scene, who: Sequence[Sequence[FaceTrack]], told: str) -> Framed | None:
    """All of the picture, where they neither fit into one crop nor come apart."""
    if len(who) < 2 or not seen_together(who) or share_a_crop(who, scene.ground) or scene.ground.holds_all:
        return None
    reason = f"{len(who)} people who fit neither into one crop nor below each other, and {told}"
    return framed(scene, everything(scene, f"{reason}: all of it on a blurred ground"))


def _prominent(scene: Scene, there: float, size: float) -> list[list[FaceTrack]]:
    """Groups that are there for so much of the time of whoever is there longest, and so large beside the largest."""
    looks = [sum(len(track.samples) for track in group) for group in scene.groups]
    sizes = [size_of(group) for group in scene.groups]
    long = [place for place, count in enumerate(looks) if count >= there * max(looks)]
    largest = max(sizes[place] for place in long)
    return [scene.groups[place] for place in long if sizes[place] >= size * largest]
