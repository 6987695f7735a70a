"""The crops of each shape that a wish asks for, from what was seen of the clip. Stores nothing.

What one shape dies of is not what the others die of, and what people may start from is worth no export.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from core.errors import Rejected
from core.infra.telemetry import report_bug
from schemas.common import Aspect, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.edit import CropKey, EditList
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from streams.frame.crop_suggestions import suggested
from streams.frame.manual_crops import by_hand, joined
from streams.frame.planning.plan import plan

Looks = Sequence[tuple[TimeRange, ClipTracks]]
"""What was seen, in order of time."""


class Shapes(msgspec.Struct, frozen=True, kw_only=True):
    """The plans that could be made, and why the others could not."""

    plans: Mapping[Aspect, FramePlan]
    broken: Mapping[Aspect, Exception]


def shapes_of(looks: Looks, aspects: Sequence[Aspect], edit: EditList | None, index: SourceIndex) -> Shapes:
    """A plan for each shape. Raises the first one's error where there is none at all."""
    plans: dict[Aspect, FramePlan] = {}
    broken: dict[Aspect, Exception] = {}
    for aspect in aspects:
        try:
            plans[aspect] = planned(looks, aspect, edit, index)
        except Exception as error:  # noqa: BLE001 - whatever one dies of, the others go on
            broken[aspect] = error
    if broken and not plans:
        raise next(iter(broken.values()))
    for cause in broken.values():
        if not isinstance(cause, Rejected):
            report_bug(cause, "frame")
    return Shapes(plans=plans, broken=broken)


def planned(looks: Looks, aspect: Aspect, edit: EditList | None, index: SourceIndex) -> FramePlan:
    """The crops of a shape."""
    crops = joined([plan(tracks, index, aspect, stretch) for stretch, tracks in looks])
    return by_hand(crops, edit.crops.get(aspect, []) if edit else [])


async def suggestions(looks: Looks, index: SourceIndex) -> Mapping[Aspect, Sequence[CropKey]] | None:
    """What a person may start from, by shape; None where that cannot be told, which is reported."""
    try:
        return await asyncio.to_thread(suggested, looks, index)
    except Exception as error:  # noqa: BLE001 - an export does not need it
        report_bug(error, "frame")
        return None
