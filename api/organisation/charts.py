"""Charts of an organisation: projects, cost, clips, times of stages, failures; as JSON or CSV."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Literal

import msgspec

from api.http.operations import Call, Operation, Reply
from api.organisation.analytics import MEDIA_TYPES, AnalyticsWindow, ask, check_window, reply, resolve_window
from api.problems.problem_details import check_with, invalid
from schemas.costs import CostKind
from schemas.stages import Stage

Bucket = Literal["hour", "day"]
MAX_HOURLY_DAYS = 31
LENGTHS_S = (0, 15, 30, 45, 60, 90, 120, 180)
"""Bounds of the lengths of clips, as `clips_by_length.sql` has them."""


class AnalyticsBuckets(AnalyticsWindow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time window ``[since, until)``, and the length of the times that it is divided into."""

    bucket: Bucket = "day"
    """Length of each time, in UTC; hours for a window of at most 31 days."""


class ProjectsRow(msgspec.Struct, frozen=True, kw_only=True):
    """Projects of one time."""

    at: dt.datetime
    started: int
    """Projects that were started."""
    completed: int
    """Projects that were completed."""
    failed: int
    """Projects that failed."""
    cancelled: int
    """Projects that were cancelled."""
    minutes: float
    """Minutes of video, by when they were read."""


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage used of one kind in one time."""

    at: dt.datetime
    stage: Stage
    kind: CostKind
    """Kind of cost."""
    amount: int
    money: float | None
    """By the prices of that time; null where the kind had none."""


class TemplateRow(msgspec.Struct, frozen=True, kw_only=True):
    """Files of clips with one caption template, in one shape."""

    template: str
    aspect: str
    clips: int
    """Clips that they are files of."""
    exports: int
    """Files that were asked for."""
    done: int
    """Files that were made."""
    failed: int
    """Files that could not be made."""
    seconds: float
    """Length of those that were made, in all."""


class LengthRow(msgspec.Struct, frozen=True, kw_only=True):
    """Clips of one range of lengths."""

    from_s: int
    """Shortest length, in seconds."""
    to_s: int | None
    """Length that is too long, in seconds; null: any is right."""
    clips: int
    """Clips that were chosen with such a length."""


class StageTimeRow(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time of one stage in one time."""

    at: dt.datetime
    stage: Stage
    projects: int
    """Projects in which it ended."""
    p50_ms: float
    """Median duration."""
    p95_ms: float
    """95th percentile of the duration."""


class FailuresRow(msgspec.Struct, frozen=True, kw_only=True):
    """What failed for one reason in one time."""

    at: dt.datetime
    what: str
    """Kind of the thing that failed: project, export or message."""
    reason: str
    count: int
    """Number of failures."""


class ProjectsChart(msgspec.Struct, frozen=True, kw_only=True):
    """Projects over time; a time without any is left out."""

    since: dt.datetime
    until: dt.datetime
    bucket: Bucket
    """Length of each time."""
    items: list[ProjectsRow]


class CostChart(msgspec.Struct, frozen=True, kw_only=True):
    """Cost over time; a time without any is left out."""

    since: dt.datetime
    until: dt.datetime
    bucket: Bucket
    """Length of each time."""
    currency: str
    """Of the money; empty where nothing had a price."""
    items: list[CostRow]


class ClipsByTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Files of clips by caption template and shape, most frequent first."""

    since: dt.datetime
    until: dt.datetime
    items: list[TemplateRow]


class ClipsByLength(msgspec.Struct, frozen=True, kw_only=True):
    """Clips by length, shortest first; every range is there."""

    since: dt.datetime
    until: dt.datetime
    items: list[LengthRow]


class StageTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time of the stages over time; a time without any is left out."""

    since: dt.datetime
    until: dt.datetime
    bucket: Bucket
    """Length of each time."""
    items: list[StageTimeRow]


class FailuresChart(msgspec.Struct, frozen=True, kw_only=True):
    """Failures over time; a time without any is left out."""

    since: dt.datetime
    until: dt.datetime
    bucket: Bucket
    """Length of each time."""
    items: list[FailuresRow]


def check_buckets(call: Call[None, AnalyticsBuckets]) -> None:
    """Raise a 422 for more hours than an answer has."""
    since, until = resolve_window(call.query, call.now)
    if call.query.bucket == "hour" and until - since > dt.timedelta(days=MAX_HOURLY_DAYS):
        raise invalid("?bucket", f"A window by hours spans at most {MAX_HOURLY_DAYS} days: ask by days.")


async def get_projects_chart(call: Call[None, AnalyticsBuckets]) -> Reply:
    """Projects and minutes of video by hour or day."""
    check_buckets(call)
    window, rows = await ask(call, "projects_over_time", bucket=call.query.bucket)
    items = msgspec.convert(rows, list[ProjectsRow], strict=False)
    body = ProjectsChart(**window, bucket=call.query.bucket, items=items)
    return reply(call, "projects", body, items, ProjectsRow)


async def get_cost_chart(call: Call[None, AnalyticsBuckets]) -> Reply:
    """What was used by hour or day, by stage and kind, and what it cost."""
    check_buckets(call)
    window, rows = await ask(call, "cost_over_time", bucket=call.query.bucket)
    items = msgspec.convert(rows, list[CostRow], strict=False)
    currency = next((row["currency"] for row in rows if row["currency"]), "")
    body = CostChart(**window, bucket=call.query.bucket, currency=currency, items=items)
    return reply(call, "cost", body, items, CostRow)


async def get_clips_by_template(call: Call[None, AnalyticsWindow]) -> Reply:
    """Files of clips by caption template and shape."""
    window, rows = await ask(call, "clips_by_template")
    items = msgspec.convert(rows, list[TemplateRow], strict=False)
    return reply(call, "clips-by-template", ClipsByTemplate(**window, items=items), items, TemplateRow)


async def get_clips_by_length(call: Call[None, AnalyticsWindow]) -> Reply:
    """Clips by their length."""
    window, rows = await ask(call, "clips_by_length")
    counts = {row["from_s"]: row["clips"] for row in rows}
    bounds = pairwise((*LENGTHS_S, None))
    items = [LengthRow(from_s=low or 0, to_s=high, clips=counts.get(low, 0)) for low, high in bounds]
    return reply(call, "clips-by-length", ClipsByLength(**window, items=items), items, LengthRow)


async def get_stage_times(call: Call[None, AnalyticsBuckets]) -> Reply:
    """Wall time of each stage by hour or day."""
    check_buckets(call)
    window, rows = await ask(call, "stage_times", bucket=call.query.bucket)
    items = msgspec.convert(rows, list[StageTimeRow], strict=False)
    body = StageTimes(**window, bucket=call.query.bucket, items=items)
    return reply(call, "stage-times", body, items, StageTimeRow)


async def get_failures_chart(call: Call[None, AnalyticsBuckets]) -> Reply:
    """What failed by hour or day, and why."""
    check_buckets(call)
    window, rows = await ask(call, "failures_over_time", bucket=call.query.bucket)
    items = msgspec.convert(rows, list[FailuresRow], strict=False)
    body = FailuresChart(**window, bucket=call.query.bucket, items=items)
    return reply(call, "failures", body, items, FailuresRow)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/analytics/projects",
        name="getProjectsChart",
        tag="analytics",
        permission="analytics:read",
        summary="Projects and minutes of video by hour or day",
        handler=get_projects_chart,
        query=AnalyticsBuckets,
        check=check_with(check_window),
        response=ProjectsChart,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/cost",
        name="getCostChart",
        tag="analytics",
        permission="analytics:read",
        summary="What was used and what it cost, by hour or day",
        handler=get_cost_chart,
        query=AnalyticsBuckets,
        check=check_with(check_window),
        response=CostChart,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/clips-by-template",
        name="getClipsByTemplate",
        tag="analytics",
        permission="analytics:read",
        summary="Files of clips by caption template and shape",
        handler=get_clips_by_template,
        query=AnalyticsWindow,
        check=check_with(check_window),
        response=ClipsByTemplate,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/clips-by-length",
        name="getClipsByLength",
        tag="analytics",
        permission="analytics:read",
        summary="Clips by their length",
        handler=get_clips_by_length,
        query=AnalyticsWindow,
        check=check_with(check_window),
        response=ClipsByLength,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/stage-times",
        name="getStageTimes",
        tag="analytics",
        permission="analytics:read",
        summary="Wall time of each stage by hour or day",
        handler=get_stage_times,
        query=AnalyticsBuckets,
        check=check_with(check_window),
        response=StageTimes,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/failures",
        name="getFailuresChart",
        tag="analytics",
        permission="analytics:read",
        summary="What failed by hour or day, and why",
        handler=get_failures_chart,
        query=AnalyticsBuckets,
        check=check_with(check_window),
        response=FailuresChart,
        media_types=MEDIA_TYPES,
    ),
)
