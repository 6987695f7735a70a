"""Usage of an organisation: what was done, by day, project or kind, as JSON or CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import FieldError
from core.infra.postgres.connection import Row
from core.storage.billing.usage import Group, UsageKind, sum_usage

MAX_DAYS = 400
FIRST, LAST = dt.date(2020, 1, 1), dt.date(2100, 1, 1)
DEFAULT_DAYS = 30


class ReadUsage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """Time and grouping of usage."""

    since: dt.date | None = None
    """First day, in UTC; by default 30 days before `to`."""
    to: dt.date | None = None
    """Last day, in UTC; by default today."""
    group: Group = "day"
    """What each row is about."""
    format: Literal["json", "csv"] = "json"
    """`csv`: a table with a row for each group."""


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """Usage of a day, a project or one kind."""

    key: str
    """The day, the project's id, or the kind."""
    source_ms: int = 0
    """Length of the recordings of completed projects, in ms."""
    exports: int = 0
    """Files of clips that were made."""
    export_ms: int = 0
    """Their length, in ms."""
    stored_bytes: int = 0
    """Bytes that were added to what is kept."""
    freed_bytes: int = 0
    """Bytes that were removed from it."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """Usage of a range of days."""

    since: dt.date
    """First day, in UTC."""
    to: dt.date
    """Last day, in UTC."""
    group: Group
    """What each item is about."""
    items: list[UsageRow]
    total: UsageRow
    """Sum of all items."""


def usage_errors(query: ReadUsage) -> list[FieldError]:
    """Errors of a range of days."""
    since, to = query.since, query.to
    wrong = [name for name, day in (("from", since), ("to", to)) if day is not None and not FIRST <= day <= LAST]
    if wrong:
        return [FieldError(pointer=f"?{name}", detail=f"It must be from {FIRST} to {LAST}.") for name in wrong]
    if since is not None and to is not None and since > to:
        return [FieldError(pointer="?from", detail="It must not be later than `to`.")]
    if since is not None and to is not None and (to - since).days > MAX_DAYS:
        return [FieldError(pointer="?from", detail=f"The range may have {MAX_DAYS} days.")]
    return []


async def get_usage(call: Call[None, ReadUsage]) -> Reply:
    """Read what was used; it is written with the work itself, and never changed."""
    to = call.query.to or call.now.date()
    since = max(call.query.since or to - dt.timedelta(days=DEFAULT_DAYS), to - dt.timedelta(days=MAX_DAYS))
    async with call.rows() as rows:
        sums = await sum_usage(
            rows, call.org_id, _midnight(since), _midnight(to + dt.timedelta(days=1)), call.query.group
        )
    items = list(_usage_rows(sums))
    total = UsageRow(key="total", **{kind: sum(getattr(item, kind) for item in items) for kind in KINDS})
    if call.query.format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="usage-{since}-{to}.csv"'}
        return Reply(body=_csv(items, call.query.group), media_type="text/csv; charset=utf-8", headers=headers)
    return Reply(body=Usage(since=since, to=to, group=call.query.group, items=items, total=total))


KINDS: tuple[UsageKind, ...] = ("source_ms", "exports", "export_ms", "stored_bytes", "freed_bytes")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _usage_rows(sums: Sequence[Row]) -> Iterable[UsageRow]:
    by_key: dict[str, dict[str, int]] = {}
    for row in sums:
        by_key.setdefault(row["key"], {})[row["kind"]] = abs(row["quantity"])  # what was freed is below zero
    return (UsageRow(key=key, **quantities) for key, quantities in by_key.items())


def _csv(items: Sequence[UsageRow], group: Group) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([group, *KINDS])
    writer.writerows([item.key, *(getattr(item, kind) for kind in KINDS)] for item in items)
    return text.getvalue().encode()


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/usage",
        name="getUsage",
        tag="billing",
        permission="usage:read",
        summary="Read what was used, by day, project or kind",
        handler=get_usage,
        query=ReadUsage,
        check=usage_errors,
        response=Usage,
        media_types=("application/json", "text/csv"),
    ),
)
