"""Which stretches of the source an edit asks to be looked at, and one plan made of those of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from schemas.documents import FaceSample, FramePlan, ShotCrop
from schemas.edit import CropKey
from schemas.media import CropBox, TimeRange
from schemas.shown import share_shown
from streams.frame.plan import MOSTLY

BRIDGED_MS = 5_000
"""What is left out between two stretches is looked at with them when it is shorter: a shot goes on through a cut."""


def stretches(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """What to look at, in order of time: the ranges, those near each other as one."""
    found: list[TimeRange] = []
    for one in sorted(ranges, key=lambda one: one.start_ms):
        if found and one.start_ms - found[-1].end_ms < BRIDGED_MS:
            last = found.pop()
            found.append(TimeRange(start_ms=last.start_ms, end_ms=max(last.end_ms, one.end_ms)))
        else:
            found.append(one)
    return found


def joined(plans: Sequence[FramePlan]) -> FramePlan:
    """One plan over all stretches, which come in order of time. Raises ValueError when there is none."""
    if not plans:
        raise ValueError("there is nothing to frame: an edit has at least one segment")
    time = TimeRange(start_ms=plans[0].range.start_ms, end_ms=plans[-1].range.end_ms)
    return msgspec.structs.replace(
        plans[0],
        range=time,
        shots=[shot for plan in plans for shot in plan.shots],
        faces=[face for plan in plans for face in plan.faces],
        expected=[one for plan in plans for one in plan.expected],
        safer=[shot for plan in plans for shot in plan.safer],
        safer_faces=[face for plan in plans for face in plan.safer_faces],
    )


def by_hand(plan: FramePlan, keys: Sequence[CropKey]) -> FramePlan:
    """The plan with a person's crops from the first key frame on; each holds until the next, or the end.

    There the person says who is shown: nobody is expected, and the faces are those that these crops hold.
    """
    if not keys:
        return plan
    starts = [key.at_ms for key in keys]
    ends = [*starts[1:], max(plan.range.end_ms, starts[-1] + 1)]
    held = [
        ShotCrop(
            range=TimeRange(start_ms=start, end_ms=end),
            mode="hold",
            crop=fitted(key.crop, plan),
            reason="a person's key frame",
        )
        for key, start, end in zip(keys, starts, ends, strict=True)
    ]
    return msgspec.structs.replace(
        plan,
        shots=_then(plan.shots, held),
        faces=_faces(plan.faces, held),
        expected=[one for one in plan.expected if one.at_ms < starts[0]],
        safer=_then(plan.safer, held),
        safer_faces=_faces(plan.safer_faces, held),
    )


def _then(shots: Sequence[ShotCrop], held: list[ShotCrop]) -> list[ShotCrop]:
    """The machine's shots up to a person's first one, then those."""
    start_ms = held[0].range.start_ms
    return [*(_until(shot, start_ms) for shot in shots if shot.range.start_ms < start_ms), *held]


def _faces(faces: Sequence[FaceSample], held: Sequence[ShotCrop]) -> list[FaceSample]:
    start_ms = held[0].range.start_ms
    return [sample for sample in faces if sample.at_ms < start_ms or _is_shown(sample, held)]


def _is_shown(sample: FaceSample, held: Sequence[ShotCrop]) -> bool:
    shot = next((shot for shot in held if shot.range.start_ms <= sample.at_ms < shot.range.end_ms), None)
    return shot is not None and share_shown(sample.face.box, shot, sample.at_ms) >= MOSTLY


def _until(shot: ShotCrop, end_ms: int) -> ShotCrop:
    end = min(shot.range.end_ms, end_ms)
    return msgspec.structs.replace(shot, range=TimeRange(start_ms=shot.range.start_ms, end_ms=end))


def fitted(crop: CropBox, plan: FramePlan) -> CropBox:
    """The largest crop of the plan's shape around the middle of what was asked for, and inside of the picture."""
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
