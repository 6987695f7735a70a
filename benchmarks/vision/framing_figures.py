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
    """One video, frame's tracks of it, and the faces that the judge finds in it."""

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
    dice, clip_tracks, time = random.Random(case.name), case.tracks, case.tracks.range
    edges = [time.start_ms]
    while time.end_ms - edges[-1] > sum(SHORT_MS):
        edges.append(edges[-1] + dice.randint(*SHORT_MS))
    shots = [TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in pairwise([*edges, time.end_ms])]
    cut = msgspec.structs.replace(
        clip_tracks,
        shots=shots,
        tracks=track_faces(detections_of(clip_tracks.tracks), shots),
        looks=[msgspec.structs.replace(clip_tracks.looks[0], shot=number) for number in range(len(shots) * one_angle)],
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
        """Add the counts of another."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def measure_plan(case: Case, shots: Shots, aspect: Aspect) -> Figures:
    """Figures of one plan, compared with the judge's faces."""
    crop_wide, _ = crop_size(case.video.display_width, case.video.display_height, aspect)
    figures = Figures(seconds=case.index.duration_ms / 1000)
    least_wide = MIN_FACE_RATIO * max(case.video.display_width, case.video.display_height)
    for at_ms, judged_faces in case.faces.items():
        faces = [face for face in judged_faces if face.box.width >= least_wide]
        shot = next(
            (candidate for candidate in shots if candidate.range.start_ms <= at_ms < candidate.range.end_ms), None
        )
        if not faces or shot is None:
            continue
        shares = [share_shown(_filmed(face.box, case.video), shot, at_ms) for face in faces]
        figures.looks += 1
        figures.nobody += max(shares) < GONE
        who = expected(case, faces, at_ms, shares)
        if who is None or faces[who].box.width > crop_wide:
            continue
        figures.speaking += 1
        figures.whole += shares[who] >= WHOLE
        figures.cut += GONE <= shares[who] < WHOLE
        if case.scene is not None:
            figures.turns += 1
            figures.wrong += shares[who] < HALF <= max(shares)
        if shares[who] >= WHOLE and not shot.panes:
            eyes = msgspec.structs.replace(faces[who].box, y=faces[who].eyes_y, height=1.0)
            figures.eyes.append(painted_box(eyes, shot, at_ms, *RATIO_PX[aspect]).y / RATIO_PX[aspect][1])
    _add_travel(figures, case, shots)
    return figures


def _filmed(box: Box, video: VideoTrack) -> Box:
    """The part of a face that lies in the source: no crop can show more."""
    left, top = max(0.0, box.x), max(0.0, box.y)
    right, bottom = min(box.x + box.width, video.display_width), min(box.y + box.height, video.display_height)
    return Box(x=left, y=top, width=max(1.0, right - left), height=max(1.0, bottom - top))


def expected(case: Case, faces: Sequence[JudgedFace], at_ms: int, shares: Sequence[float]) -> int | None:
    """Return the subject: the speaker from first to last word, where that is known.

    Else the largest face, or the one shown most of those nearly as large.
    """
    if case.scene is None:
        least = MIN_ALIKE_RATIO * max(face.box.width for face in faces)
        return max(
            (place for place, face in enumerate(faces) if face.box.width >= least), key=lambda place: shares[place]
        )
    turn = next((candidate for candidate in case.scene.turns if candidate.start_ms <= at_ms < candidate.end_ms), None)
    spoken_steps = (
        [] if turn is None else [step for step in case.scene.spoken_ms if turn.start_ms <= step < turn.end_ms]
    )
    if turn is None or not spoken_steps or not spoken_steps[0] <= at_ms <= spoken_steps[-1]:
        return None
    inside = [place for place, face in enumerate(faces) if (face.box.x + face.box.width / 2) // WIDE == turn.who]
    return inside[0] if inside else None


def _add_travel(figures: Figures, case: Case, shots: Shots) -> None:
    scale = WIDTH_PX / case.video.display_width
    for shot in shots:
        if shot.mode != "follow":
            still = [0.0] * (shot.range.length_ms // PICTURE_MS)
            figures.steps, figures.own_steps = figures.steps + still, figures.own_steps + still
            continue
        places = [view(shot, at_ms) for at_ms in range(shot.range.start_ms, shot.range.end_ms, PICTURE_MS)]
        steps = [after.x - before.x + after.y - before.y for before, after in pairwise(places)]
        moves = [step for step in steps if abs(step * scale) > 0.02]
        figures.steps += [abs(step) * scale for step in steps]
        figures.own_steps += [abs(step) * WIDTH_PX / crop.width for step, crop in zip(steps, places, strict=False)]
        figures.back += sum(move * following < 0 for move, following in pairwise(moves))


def ours(case: Case, aspect: Aspect) -> Shots:
    """The crops of our plan."""
    return plan_crops(case.tracks, case.index, aspect, case.tracks.range).shots


def stills(case: Case, aspect: Aspect) -> Shots:
    """One still crop an angle, as before there were other modes."""
    scenes = scenes_of(case.tracks, case.index, aspect, case.tracks.range)
    shots = [
        crop
        for scene in scenes
        for angle_crops in crops_of_angle(scene, static_decision(scene)).values()
        for crop in angle_crops
    ]
    return sorted(shots, key=lambda shot: shot.range.start_ms)


def peer(case: Case, aspect: Aspect) -> Shots:
    """The peer's crops."""
    return shots_of(case.peer[aspect], case.tracks.shots, case.video.display_width, case.video.display_height)


def middle(case: Case, aspect: Aspect) -> Shots:
    """The middle of the picture."""
    wide, high = case.video.display_width, case.video.display_height
    across, down = crop_size(wide, high, aspect)
    crop = CropBox(x=(wide - across) // 2, y=(high - down) // 2, width=across, height=down)
    return [ShotCrop(range=case.tracks.range, mode="hold", crop=crop, reason="middle")]


def format_figures(name: str, figures: Figures) -> str:
    """One line of the table."""
    looks, speaking, turns = max(1, figures.looks), max(1, figures.speaking), max(1, figures.turns)
    wrong = f"{figures.wrong / turns:6.1%}" if figures.turns else "     -"
    eyes = float(np.median(figures.eyes)) if figures.eyes else math.nan
    return (
        f"  {name:12} whole {figures.whole / speaking:6.1%}  wrong {wrong}  no face {figures.nobody / looks:6.1%}  "
        f"cut {figures.cut / speaking:6.1%}  eyes at {eyes:.2f}  travel {_travel(figures.steps)}, of the crop "
        f"{_travel(figures.own_steps)}, {figures.back / max(1e-9, figures.seconds):.3f} turns/s  "
        f"({figures.looks} looks)"
    )


def _travel(steps: Sequence[float]) -> str:
    """Mean and 95th percentile."""
    distances = np.asarray(steps or [0.0])
    return f"{distances.mean():.2f} {np.percentile(distances, 95):.2f}"
