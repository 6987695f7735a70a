"""Plans of all aspects that a request asks for, from the analysis of its clip.

An aspect that fails does not stop the others, and an export does not need the suggestions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from core.errors import InputRejected
from core.infra.telemetry import report_bug
from schemas.common import Aspect, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.edit import CropKey, EditList
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from streams.frame.crop_suggestions import suggest_crops
from streams.frame.manual_crops import apply_manual_crops, join_plans
from streams.frame.planning.plan import plan_crops

AnalysedRanges = Sequence[tuple[TimeRange, ClipTracks]]
"""Ranges with their analyses, in order of time."""


class AspectPlans(msgspec.Struct, frozen=True, kw_only=True):
    """The plans that could be made, and the errors of the others."""

    plans: Mapping[Aspect, FramePlan]
    broken: Mapping[Aspect, Exception]


def plan_aspects(
    looks: AnalysedRanges, aspects: Sequence[Aspect], edit: EditList | None, index: SourceIndex
) -> AspectPlans:
    """Plan each aspect. Raises the first error if all fail."""
    plans: dict[Aspect, FramePlan] = {}
    broken: dict[Aspect, Exception] = {}
    for aspect in aspects:
        try:
            plans[aspect] = plan_aspect(looks, aspect, edit, index)
        except Exception as error:  # noqa: BLE001 - an error in one aspect does not stop the others
            broken[aspect] = error
    if broken and not plans:
        raise next(iter(broken.values()))
    for cause in broken.values():
        if not isinstance(cause, InputRejected):
            report_bug(cause, "frame")
    return AspectPlans(plans=plans, broken=broken)


def plan_aspect(looks: AnalysedRanges, aspect: Aspect, edit: EditList | None, index: SourceIndex) -> FramePlan:
    """Plan the crops of one aspect."""
    plan = join_plans([plan_crops(tracks, index, aspect, time) for time, tracks in looks])
    return apply_manual_crops(plan, edit.crops.get(aspect, []) if edit else [])


async def suggest_or_none(looks: AnalysedRanges, index: SourceIndex) -> Mapping[Aspect, Sequence[CropKey]] | None:
    """Suggest crops by aspect; None after an error, which is reported."""
    try:
        return await asyncio.to_thread(suggest_crops, looks, index)
    except Exception as error:  # noqa: BLE001 - an export does not need it
        report_bug(error, "frame")
        return None
