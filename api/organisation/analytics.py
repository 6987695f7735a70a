"""Named questions to the column store for one organisation: a summary, and the oldest of its charts.

Equal questions within ``KEPT_S`` share one answer: a dashboard with many viewers asks the store once.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import FieldError, check_with, invalid, invalid_fields

MAX_DAYS = 366
DEFAULT_DAYS = 7
YEARS = range(2000, 2200)
"""Years that the store's times can hold, with room."""
KEPT_S = 2


class AnalyticsWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time window ``[since, until)``; by default the last seven days."""

    since: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Start of the window; included. By default seven days before `until`."""
    until: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """End of the window; not included. By default now."""
    format: Literal["json", "csv"] = "json"
    """`csv`: a table with a row for each item."""


class HourRow(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of one stage."""

    hour: dt.datetime
    """Beginning of the hour."""
    stage: str
    projects: int
    """Number of projects."""
    p50_ms: float
    """Median duration."""
    p95_ms: float
    """95th percentile of the duration."""


class MinutesRow(msgspec.Struct, frozen=True, kw_only=True):
    """One day's minutes of video."""

    day: dt.date
    """Day, in UTC."""
    projects: int
    """Number of projects."""
    minutes: float
    """Minutes of video."""


class FailureRow(msgspec.Struct, frozen=True, kw_only=True):
    """Count of one thing that failed for one reason."""

    what: str
    """Kind of the thing that failed: project, export or message."""
    reason: str
    count: int
    """Number of failures."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The window in a few numbers."""

    since: dt.datetime
    until: dt.datetime
    projects_started: int
    """Projects that were started."""
    projects_completed: int
    """Projects that were completed."""
    projects_failed: int
    """Projects that failed."""
    minutes_processed: float
    """Minutes of video."""
    clips: int
    """Clips that were made."""
    exports_completed: int
    """Exports that were completed."""
    exports_failed: int
    """Exports that failed."""
    cpu_ms: int
    """Processor time that was used."""


class HourlyProjects(msgspec.Struct, frozen=True, kw_only=True):
    """Projects per hour, with the median and the 95th percentile of each stage."""

    since: dt.datetime
    until: dt.datetime
    items: list[HourRow]


class MinutesProcessed(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of video per day."""

    since: dt.datetime
    until: dt.datetime
    items: list[MinutesRow]


class FailuresByReason(msgspec.Struct, frozen=True, kw_only=True):
    """Failures, most frequent first."""

    since: dt.datetime
    until: dt.datetime
    items: list[FailureRow]


def check_window(window: AnalyticsWindow) -> None:
    """Raise a 422 for times that the store cannot hold."""
    detail = f"The year must lie between {YEARS[0]} and {YEARS[-1]}."
    bounds = {"since": window.since, "until": window.until}.items()
    if errors := [FieldError(pointer=f"?{name}", detail=detail) for name, at in bounds if at and at.year not in YEARS]:
        raise invalid_fields(errors)


def resolve_window(window: AnalyticsWindow, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Start and end in UTC; raises a 422 for a window that is empty or too long."""
    check_window(window)
    until = (window.until or now).astimezone(dt.UTC)
    since = (window.since or until - dt.timedelta(days=DEFAULT_DAYS)).astimezone(dt.UTC)
    if not dt.timedelta() < until - since <= dt.timedelta(days=MAX_DAYS):
        raise invalid("?since", f"The window must end after it begins and span at most {MAX_DAYS} days.")
    return since, until


def query_text(name: str) -> str:
    """A named query's SQL, as shipped in ``schemas/clickhouse/queries``."""
    return (files("schemas") / "clickhouse" / "queries" / f"{name}.sql").read_text()


Answer = tuple[dict[str, dt.datetime], list[dict[str, Any]]]
"""The time window, and the rows. Callers share it: read only."""


async def ask(call: Call[None, Any], name: str, **parameters: str) -> Answer:
    """Ask a named question about the caller's organisation and window; ``parameters``: what else it takes."""
    query: AnalyticsWindow = call.query
    since, until = resolve_window(query, call.now)
    bound = parameters | {"org_id": str(call.org_id), "since": _format_time(since), "until": _format_time(until)}

    async def question() -> Answer:
        return {"since": since, "until": until}, await call.context.analytics.query(query_text(name), bound)

    key = (call.org_id, name, query.since, query.until, *parameters.values())
    answer: Answer = await call.context.answers.get(key, question)
    return answer


def _format_time(at: dt.datetime) -> str:
    """A DateTime64(3) parameter as text: the client would cut a datetime to whole seconds."""
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def reply(call: Call[None, Any], name: str, body: msgspec.Struct, items: Sequence[Any], row: type) -> Reply:
    """Answer with a body, or with its items as a CSV file whose columns are the fields of ``row``."""
    headers = {"Cache-Control": f"private, max-age={KEPT_S}"}
    if call.query.format == "json":
        return Reply(body=body, headers=headers)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(row.__struct_fields__)  # type: ignore[attr-defined]
    writer.writerows([_cell(getattr(item, field)) for field in item.__struct_fields__] for item in items)
    headers |= {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Reply(body=text.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


async def get_summary(call: Call[None, AnalyticsWindow]) -> Reply:
    """The window in a few numbers."""
    window, rows = await ask(call, "summary")
    numbers = {name: value or 0 for name, value in rows[0].items()}  # a sum over nothing may be NULL
    summary = msgspec.convert(window | numbers, Summary, strict=False)
    return reply(call, "summary", summary, [summary], Summary)


async def get_projects_per_hour(call: Call[None, AnalyticsWindow]) -> Reply:
    """Projects per hour, with p50 and p95 of each stage."""
    window, rows = await ask(call, "projects_per_hour")
    items = msgspec.convert(rows, list[HourRow], strict=False)
    return reply(call, "projects-per-hour", HourlyProjects(**window, items=items), items, HourRow)


async def get_minutes_processed(call: Call[None, AnalyticsWindow]) -> Reply:
    """Minutes of video per day."""
    window, rows = await ask(call, "minutes_processed")
    items = msgspec.convert(rows, list[MinutesRow], strict=False)
    return reply(call, "minutes-processed", MinutesProcessed(**window, items=items), items, MinutesRow)


async def get_failures_by_reason(call: Call[None, AnalyticsWindow]) -> Reply:
    """Failures, most frequent first."""
    window, rows = await ask(call, "failures_by_reason")
    items = msgspec.convert(rows, list[FailureRow], strict=False)
    return reply(call, "failures-by-reason", FailuresByReason(**window, items=items), items, FailureRow)


MEDIA_TYPES = ("application/json", "text/csv")
OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/analytics/summary",
        name="getSummary",
        tag="analytics",
        permission="analytics:read",
        summary="A time window in a few numbers",
        handler=get_summary,
        query=AnalyticsWindow,
        check=check_with(check_window),
        response=Summary,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/projects-per-hour",
        name="getProjectsPerHour",
        tag="analytics",
        permission="analytics:read",
        summary="Projects per hour, with p50 and p95 of each stage",
        handler=get_projects_per_hour,
        query=AnalyticsWindow,
        check=check_with(check_window),
        response=HourlyProjects,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/minutes-processed",
        name="getMinutesProcessed",
        tag="analytics",
        permission="analytics:read",
        summary="Minutes of video per day",
        handler=get_minutes_processed,
        query=AnalyticsWindow,
        check=check_with(check_window),
        response=MinutesProcessed,
        media_types=MEDIA_TYPES,
    ),
    Operation(
        method="GET",
        path="/v1/analytics/failures-by-reason",
        name="getFailuresByReason",
        tag="analytics",
        permission="analytics:read",
        summary="What failed, by reason",
        handler=get_failures_by_reason,
        query=AnalyticsWindow,
        check=check_with(check_window),
        response=FailuresByReason,
        media_types=MEDIA_TYPES,
    ),
)
