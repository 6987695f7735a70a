"""Figures for ``benchmarks.vision.framing``: what a plan shows of the faces that a judge found."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from benchmarks.vision.framing_peer import Answer, shots_of
from benchmarks.vision.panels import WIDE, Scene
from core.domain.framing.geometry import painted_box, share_shown, view
from schemas.common import Aspect, Box, CropBox, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.source import SourceIndex, VideoTrack
from streams.frame.analysis.face_tracking import detections_of, track_faces
from streams.frame.planning.plan import plan_crops, scenes_of
from streams.frame.planning.static_crop import crops_of_angle, static_decision
from streams.frame.scene.crop import ASPECT_RATIOS, crop_size

PICTURE_MS, WIDTH_PX = 40, 640
GONE, HALF, WHOLE = 0.1, 0.5, 0.9
MIN_FACE_RATIO = 0.04
"""Minimum width of a face, as a share of the frame's longer side, to be a subject."""
MIN_ALIKE_RATIO = 0.8
"""Ratio of two faces' widths above which neither is known to be the subject."""
RATIO_PX = {aspect: (120 * across, 120 * down) for aspect, (across, down) in ASPECT_RATIOS.items()}
SHORT_MS = 1_000, 2_400
Shots = Sequence[ShotCrop]


class JudgedFace(msgspec.Struct, frozen=True, kw_only=True):
    """A face as the judge found it, in pixels of the source."""

    box: Box
    eyes_y: float


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One video, what frame made of it, and what the judge sees in it."""

    kind: str
    name: str
    index: SourceIndex
    tracks: ClipTracks
    faces: dict[int, list[JudgedFace]]
    scene: Scene | None = None
    unseen: bool = False
    """Of the half that was looked at once, after all was set."""
    peer: dict[Aspect, Answer] = {}

    @property
    def video(self) -> VideoTrack:
        """Its pictures."""
        assert self.index.video is not None
        return self.index.video


def cut_short(case: Case, *, one_angle: bool) -> Case:
    """Cut a case at random every second or two: into shots of one camera angle, or of different ones."""
    chance, seen, time = random.Random(case.name), case.tracks, case.tracks.range
    edges = [time.start_ms]
    while time.end_ms - edges[-1] > sum(SHORT_MS):
        edges.append(edges[-1] + chance.randint(*SHORT_MS))
    shots = [TimeRange(start_ms=one, end_ms=other) for one, other in pairwise([*edges, time.end_ms])]
    cut = msgspec.structs.replace(
        seen,
        shots=shots,
        tracks=track_faces(detections_of(seen.tracks), shots),
        looks=[msgspec.structs.replace(seen.looks[0], shot=number) for number in range(len(shots) * one_angle)],
        transitions=[],
        turns=[],
    )
    kind = f"{case.kind}, {'in jump cuts' if one_angle else 'in short shots'}"
    return msgspec.structs.replace(case, kind=kind, tracks=cut)


class Figures(msgspec.Struct, kw_only=True):
    """Counts over looks of the judge; travel by picture."""

    looks: int = 0
    nobody: int = 0
    cut: int = 0
    speaking: int = 0
    """Looks at which it is known who should be in the crop, and one could hold them."""
    whole: int = 0
    turns: int = 0
    wrong: int = 0
    eyes: list[float] = []
    steps: list[float] = []
    """Of a source that is 640 px wide…"""
    own_steps: list[float] = []
    """…and of a crop that is: what a viewer sees."""
    back: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Counts of another."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def measure_plan(case: Case, shots: Shots, aspect: Aspect) -> Figures:
    """One plan, held against what the judge sees."""
    crop_wide, _ = crop_size(case.video.display_width, case.video.display_height, aspect)
    found = Figures(seconds=case.index.duration_ms / 1000)
    least_wide = MIN_FACE_RATIO * max(case.video.display_width, case.video.display_height)
    for at_ms, seen in case.faces.items():
        faces = [one for one in seen if one.box.width >= least_wide]
        shot = next((one for one in shots if one.range.start_ms <= at_ms < one.range.end_ms), None)
        if not faces or shot is None:
            continue
        shown = [share_shown(_filmed(one.box, case.video), shot, at_ms) for one in faces]
        found.looks += 1
        found.nobody += max(shown) < GONE
        who = expected(case, faces, at_ms, shown)
        if who is None or faces[who].box.width > crop_wide:
            continue
        found.speaking += 1
        found.whole += shown[who] >= WHOLE
        found.cut += GONE <= shown[who] < WHOLE
        if case.scene is not None:
            found.turns += 1
            found.wrong += shown[who] < HALF <= max(shown)
        if shown[who] >= WHOLE and not shot.panes:
            eyes = msgspec.structs.replace(faces[who].box, y=faces[who].eyes_y, height=1.0)
            found.eyes.append(painted_box(eyes, shot, at_ms, *RATIO_PX[aspect]).y / RATIO_PX[aspect][1])
    _add_travel(found, case, shots)
    return found


def _filmed(box: Box, video: VideoTrack) -> Box:
    """What the source itself holds of a face: no crop can show more."""
    left, top = max(0.0, box.x), max(0.0, box.y)
    right, bottom = min(box.x + box.width, video.display_width), min(box.y + box.height, video.display_height)
    return Box(x=left, y=top, width=max(1.0, right - left), height=max(1.0, bottom - top))


def expected(case: Case, faces: Sequence[JudgedFace], at_ms: int, shown: Sequence[float]) -> int | None:
    """Return the subject: the speaker from first to last word, where that is known.

    Else the largest face, or the one shown most of those nearly as large.
    """
    if case.scene is None:
        least = MIN_ALIKE_RATIO * max(one.box.width for one in faces)
        return max((place for place, one in enumerate(faces) if one.box.width >= least), key=lambda one: shown[one])
    turn = next((one for one in case.scene.turns if one.start_ms <= at_ms < one.end_ms), None)
    heard = [] if turn is None else [step for step in case.scene.spoken_ms if turn.start_ms <= step < turn.end_ms]
    if turn is None or not heard or not heard[0] <= at_ms <= heard[-1]:
        return None
    inside = [place for place, one in enumerate(faces) if (one.box.x + one.box.width / 2) // WIDE == turn.who]
    return inside[0] if inside else None


def _add_travel(found: Figures, case: Case, shots: Shots) -> None:
    scale = WIDTH_PX / case.video.display_width
    for shot in shots:
        if shot.mode != "follow":
            still = [0.0] * (shot.range.length_ms // PICTURE_MS)
            found.steps, found.own_steps = found.steps + still, found.own_steps + still
            continue
        places = [view(shot, at_ms) for at_ms in range(shot.range.start_ms, shot.range.end_ms, PICTURE_MS)]
        steps = [other.x - one.x + other.y - one.y for one, other in pairwise(places)]
        moves = [step for step in steps if abs(step * scale) > 0.02]
        found.steps += [abs(step) * scale for step in steps]
        found.own_steps += [abs(step) * WIDTH_PX / one.width for step, one in zip(steps, places, strict=False)]
        found.back += sum(one * other < 0 for one, other in pairwise(moves))


def ours(case: Case, aspect: Aspect) -> Shots:
    """The plan."""
    return plan_crops(case.tracks, case.index, aspect, case.tracks.range).shots


def stills(case: Case, aspect: Aspect) -> Shots:
    """One still crop an angle, as before there were other modes."""
    scenes = scenes_of(case.tracks, case.index, aspect, case.tracks.range)
    shots = [one for scene in scenes for made in crops_of_angle(scene, static_decision(scene)).values() for one in made]
    return sorted(shots, key=lambda shot: shot.range.start_ms)


def peer(case: Case, aspect: Aspect) -> Shots:
    """As the peer crops."""
    return shots_of(case.peer[aspect], case.tracks.shots, case.video.display_width, case.video.display_height)


def middle(case: Case, aspect: Aspect) -> Shots:
    """The middle of the picture."""
    wide, high = case.video.display_width, case.video.display_height
    across, down = crop_size(wide, high, aspect)
    crop = CropBox(x=(wide - across) // 2, y=(high - down) // 2, width=across, height=down)
    return [ShotCrop(range=case.tracks.range, mode="hold", crop=crop, reason="middle")]


def format_figures(name: str, found: Figures) -> str:
    """One line of the table."""
    looks, speaking, turns = max(1, found.looks), max(1, found.speaking), max(1, found.turns)
    wrong = f"{found.wrong / turns:6.1%}" if found.turns else "     -"
    eyes = float(np.median(found.eyes)) if found.eyes else math.nan
    return (
        f"  {name:12} whole {found.whole / speaking:6.1%}  wrong {wrong}  no face {found.nobody / looks:6.1%}  "
        f"cut {found.cut / speaking:6.1%}  eyes at {eyes:.2f}  travel {_travel(found.steps)}, of the crop "
        f"{_travel(found.own_steps)}, {found.back / max(1e-9, found.seconds):.3f} turns/s  ({found.looks} looks)"
    )


def _travel(steps: Sequence[float]) -> str:
    """Mean and 95th percentile."""
    known = np.asarray(steps or [0.0])
    return f"{known.mean():.2f} {np.percentile(known, 95):.2f}"
