"""Joins the plans of an edit's ranges, and replaces crops by a person's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.framing.geometry import share_shown
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.edit import CropKey
from schemas.documents.frame_plan import FramePlan, PathKey, ShotCrop
from streams.frame.planning.plan import MIN_FACE_SHOWN_RATIO

EASING_STEPS = 16
"""Straight parts of an eased move."""


def join_plans(plans: Sequence[FramePlan]) -> FramePlan:
    """Join the plans of all ranges, in order of time. Raises ValueError without any."""
    if not plans:
        raise ValueError("there is nothing to frame: an edit has at least one segment")
    time = TimeRange(start_ms=plans[0].range.start_ms, end_ms=plans[-1].range.end_ms)
    return msgspec.structs.replace(
        plans[0],
        range=time,
        shots=[shot for plan in plans for shot in plan.shots],
        faces=[face for plan in plans for face in plan.faces],
        expected=[expectation for plan in plans for expectation in plan.expected],
        safer=[shot for plan in plans for shot in plan.safer],
        safer_faces=[face for plan in plans for face in plan.safer_faces],
        signs=[line for plan in plans for line in plan.signs],
    )


def apply_manual_crops(plan: FramePlan, keys: Sequence[CropKey]) -> FramePlan:
    """Replace the plan by a person's crops from the first key frame to the end.

    There the person decides what is shown: no subject is expected, and the faces are those inside the crops.
    """
    if not keys:
        return plan
    start_ms = keys[0].at_ms
    ends = [*(key.at_ms for key in keys[1:]), max(plan.range.end_ms, keys[-1].at_ms + 1)]
    manual = [
        _crop_between(key, after, end_ms, plan)
        for key, after, end_ms in zip(keys, [*keys[1:], None], ends, strict=True)
    ]
    return msgspec.structs.replace(
        plan,
        shots=_replace_shots(plan.shots, manual),
        faces=_shown_faces(plan.faces, manual),
        expected=[expectation for expectation in plan.expected if expectation.at_ms < start_ms],
        signs=[line for line in plan.signs if line.range.start_ms < start_ms],
        safer=_replace_shots(plan.safer, manual),
        safer_faces=_shown_faces(plan.safer_faces, manual),
    )


def _crop_between(key: CropKey, after: CropKey | None, end_ms: int, plan: FramePlan) -> ShotCrop:
    """Return the crop from one key frame to the next: still, or moving to it."""
    crop, time = fit_to_aspect(key.crop, plan), TimeRange(start_ms=key.at_ms, end_ms=end_ms)
    if after is None or after.ease == "cut":
        return ShotCrop(range=time, mode="hold", crop=crop, reason="a person's key frame")
    goal, count = fit_to_aspect(after.crop, plan), EASING_STEPS if after.ease == "smooth" else 1
    path = []
    for step in range(count + 1):
        progress = step / count
        progress = progress * progress * (3 - 2 * progress) if after.ease == "smooth" else progress
        path.append(
            PathKey(at_ms=round(key.at_ms + step / count * time.length_ms), box=_interpolate_box(crop, goal, progress))
        )
    return ShotCrop(range=time, mode="follow", crop=crop, reason="from a person's key frame to the next", path=path)


def _interpolate_box(start: CropBox, goal: CropBox, progress: float) -> Box:
    x, y, width, height = (
        getattr(start, name) + progress * (getattr(goal, name) - getattr(start, name))
        for name in CropBox.__struct_fields__
    )
    return Box(x=x, y=y, width=width, height=height)


def _replace_shots(shots: Sequence[ShotCrop], manual: list[ShotCrop]) -> list[ShotCrop]:
    """Keep the planned shots up to the first of the person's, then those."""
    start_ms = manual[0].range.start_ms
    return [*(_shorten_shot(shot, start_ms) for shot in shots if shot.range.start_ms < start_ms), *manual]


def _shown_faces(faces: Sequence[FaceSample], manual: Sequence[ShotCrop]) -> list[FaceSample]:
    start_ms = manual[0].range.start_ms
    return [sample for sample in faces if sample.at_ms < start_ms or _is_shown(sample, manual)]


def _is_shown(sample: FaceSample, manual: Sequence[ShotCrop]) -> bool:
    shot = next((shot for shot in manual if shot.range.start_ms <= sample.at_ms < shot.range.end_ms), None)
    return shot is not None and share_shown(sample.face.box, shot, sample.at_ms) >= MIN_FACE_SHOWN_RATIO


def _shorten_shot(shot: ShotCrop, end_ms: int) -> ShotCrop:
    end = min(shot.range.end_ms, end_ms)
    return msgspec.structs.replace(shot, range=TimeRange(start_ms=shot.range.start_ms, end_ms=end))


def fit_to_aspect(crop: CropBox, plan: FramePlan) -> CropBox:
    """Return the largest crop of the plan's aspect around the middle of a crop, inside the frame."""
    across, down = (int(part) for part in plan.aspect.split(":"))
    height = min(crop.height, crop.width * down // across, plan.source_height, plan.source_width * down // across)
    height = max(2 * down, height)
    width = min(plan.source_width, max(2, round(height * across / down / 2) * 2))
    height = min(plan.source_height, height)
    x = round(crop.x + (crop.width - width) / 2)
    y = round(crop.y + (crop.height - height) / 2)
    return CropBox(
        x=min(max(0, x), plan.source_width - width),
        y=min(max(0, y), plan.source_height - height),
        width=width,
        height=height,
    )
