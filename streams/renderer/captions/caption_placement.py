"""Places each cue so that it covers no face and no on-screen text where there is room. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product
from operator import itemgetter

import msgspec

from core.domain.editing.clock import output_time_ms
from core.domain.framing.boxes import overlaps
from core.domain.framing.geometry import painted_box
from schemas.common import Box, CropBox, Value
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan
from streams.renderer.captions.burn_in import CaptionBurner, place_caption
from streams.renderer.captions.cue_painter import ink_box
from streams.renderer.captions.look import CaptionLook
from streams.renderer.captions.safe_area import clear_area_of
from streams.renderer.timeline.slots import ShotIndex

FACE_MARGIN_MS = 200
"""Faces are detected every 160 ms: one this near to a cue is visible during it."""
HEIGHT_STEPS = 40
"""Heights tried, from the top of the clear area to its bottom."""


class CueObstacles(Value, frozen=True, kw_only=True):
    """The area that a cue covers at its usual height, and the faces of its time, in px of the output."""

    ink: Box
    faces: list[Box]
    letters: list[Box] = []
    """On-screen text of its time: avoided where faces leave room for that."""


def place_captions(
    cues: Sequence[CaptionCue],
    look: CaptionLook,
    plan: FramePlan,
    played: Sequence[PlacedSegment],
    looks: Sequence[CaptionLook] | None = None,
) -> CaptionBurner:
    """Place the captions of a clip clear of faces and on-screen text where possible.

    ``look`` is the clip's; ``looks`` has the look of each cue where segments differ.
    """
    placed_looks: list[CaptionLook] = []
    cue_looks = [look] * len(cues) if looks is None else looks
    for run_look, run in groupby(zip(cue_looks, cues, strict=True), key=itemgetter(0)):
        run_cues = [cue for _, cue in run]
        centres = [run_look.centre_y_px] * len(run_cues)
        if run_look.template.avoid_faces and (plan.faces or plan.letters):
            centres = choose_centres(find_obstacles(run_cues, run_look, plan, played), run_look)
        placed_looks += [msgspec.structs.replace(run_look, centre_y_px=centre) for centre in centres]
    return CaptionBurner(cues, look, placed_looks)


def find_obstacles(
    cues: Sequence[CaptionCue], look: CaptionLook, plan: FramePlan, played: Sequence[PlacedSegment]
) -> list[CueObstacles]:
    """Find the faces and letters near each cue; the plan is on the source's clock, cues on the output's."""
    faces = faces_on_output(plan, played, (look.width_px, look.height_px))
    letters = list(_source_text_boxes(look, plan, played))
    return [
        CueObstacles(
            ink=ink_box(place_caption(cue, look), look),
            faces=[
                box for at_ms, box in faces if cue.start_ms - FACE_MARGIN_MS <= at_ms <= cue.end_ms + FACE_MARGIN_MS
            ],
            letters=[box for start, end, box in letters if start < cue.end_ms and end > cue.start_ms],
        )
        for cue in cues
    ]


def faces_on_output(
    plan: FramePlan, played: Sequence[PlacedSegment], size_px: tuple[int, int]
) -> list[tuple[float, Box]]:
    """The plan's faces on the output's clock and picture."""
    shots = ShotIndex(plan) if plan.faces else None
    return [
        (
            output_time_ms(piece, sample.at_ms),
            painted_box(sample.face.box, shots.at(sample.at_ms), sample.at_ms, *size_px),
        )
        for piece in played
        for sample in plan.faces
        if shots is not None and piece.source.start_ms <= sample.at_ms < piece.source.end_ms
    ]


def _source_text_boxes(
    look: CaptionLook, plan: FramePlan, played: Sequence[PlacedSegment]
) -> Iterator[tuple[float, float, Box]]:
    """Start, end and box on the output of the source's letters, while a shot shows them."""
    for piece, line, shot in product(played, plan.letters, plan.shots):
        times = (piece.source, line.range, shot.range)
        start, end = max(time.start_ms for time in times), min(time.end_ms for time in times)
        if start < end:
            box = painted_box(line.box, shot, start, look.width_px, look.height_px)
            yield output_time_ms(piece, start), output_time_ms(piece, end), box


def choose_centres(obstacles: Sequence[CueObstacles], look: CaptionLook) -> list[int]:
    """Height of each cue.

    Consecutive cues share one while it is clear for all of them, so that they seldom move.
    """
    centres: list[int] = []
    run: list[CueObstacles] = []
    for cue_obstacles in obstacles:
        avoided = (
            cue_obstacles
            if not cue_obstacles.letters or clear_centres([cue_obstacles], look)
            else msgspec.structs.replace(cue_obstacles, letters=[])
        )
        if not clear_centres([avoided], look):
            centres += [*_run_centres(run, look), look.centre_y_px]
            run = []
        elif clear_centres([*run, avoided], look):
            run.append(avoided)
        else:
            centres += _run_centres(run, look)
            run = [avoided]
    return centres + _run_centres(run, look)


def _run_centres(run: Sequence[CueObstacles], look: CaptionLook) -> list[int]:
    if not run:
        return []
    best = min(clear_centres(run, look), key=lambda height: (abs(height - look.centre_y_px), -height))
    return [best] * len(run)


def clear_centres(run: Sequence[CueObstacles], look: CaptionLook) -> list[int]:
    """Heights at which no cue of the run covers a face or on-screen text of its time, the usual one first."""
    area = clear_area_for(look)
    top = max(look.centre_y_px - cue_obstacles.ink.y for cue_obstacles in run)
    bottom = max(cue_obstacles.ink.y + cue_obstacles.ink.height - look.centre_y_px for cue_obstacles in run)
    low, high = area.y + top, area.y + area.height - bottom
    heights = (
        [round(low + (high - low) * step / HEIGHT_STEPS) for step in range(HEIGHT_STEPS + 1)] if high > low else []
    )
    return [
        height
        for height in [look.centre_y_px, *heights]
        if all(_is_clear(cue_obstacles, height, look) for cue_obstacles in run)
    ]


def clear_area_for(look: CaptionLook) -> CropBox:
    """The clear area of the look's frame size."""
    return clear_area_of(look.width_px, look.height_px)


def _is_clear(cue_obstacles: CueObstacles, height: int, look: CaptionLook) -> bool:
    ink = msgspec.structs.replace(cue_obstacles.ink, y=cue_obstacles.ink.y + height - look.centre_y_px)
    return not any(overlaps(ink, face) for face in (*cue_obstacles.faces, *cue_obstacles.letters))
