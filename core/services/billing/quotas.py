"""Quotas: whether an organisation may begin work, by its plan and what it has used.

There is no table of reservations: a project or export that is at work counts as used by its own row, and stops to count
when that row says that it failed or was cancelled. Who begins work holds the organisation's lock until the commit, so
that two requests do not both take the last minute.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.settings import Settings
from core.storage.billing.plans import lock_quota, read_plan
from core.storage.billing.usage import Used, read_used
from schemas.options.plans import UNLIMITED, Plan, read_plans

MS_PER_MINUTE = 60_000
BYTES_PER_GB = 10**9
PLAN_EXCEEDED = "plan.exceeded"
"""Reason of a project whose recording passes the plan."""
Limit = Literal["source_minutes", "exports", "storage_gb", "running_projects", "seats"]
WORK_LIMITS: tuple[Limit, ...] = ("source_minutes", "exports", "storage_gb", "running_projects")
"""Limits that work can pass."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of an organisation, the month that it is in, and what was used of it."""

    plan: Plan
    since: dt.datetime
    """When the month began."""
    until: dt.datetime
    """When it ends."""
    used: Used


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of a plan that work would pass."""

    limit: Limit
    detail: str
    """The limit, and when or how it ends, in a sentence."""


def month_of(since: dt.datetime, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Begin and end of the month around ``now`` that starts on the day of ``since``, or on its last day."""
    months = (now.year - since.year) * 12 + now.month - since.month
    start = _add_months(since, months)
    if start > now:
        months -= 1
        start = _add_months(since, months)
    return start, _add_months(since, months + 1)


def _add_months(at: dt.datetime, months: int) -> dt.datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


async def read_quota(
    connection: Connection, settings: Settings, org_id: UUID, now: dt.datetime, *, but: UUID | None = None
) -> Quota:
    """The organisation's quota. A plan that the installation no longer has is its default one."""
    record = await read_plan(connection, org_id)
    since, until = month_of(record.since, now)
    used = await read_used(connection, org_id, since, but=but)
    return Quota(plan=plan_named(settings, record.name), since=since, until=until, used=used)


def plan_named(settings: Settings, name: str | None) -> Plan:
    """The plan of this name, or the installation's."""
    plans = read_plans(settings.plans_file)
    return plans.get(name or settings.default_plan) or plans.get(settings.default_plan) or plans[UNLIMITED]


async def read_organisation_plan(connection: Connection, settings: Settings, org_id: UUID) -> Plan:
    """The plan that an organisation has now."""
    return plan_named(settings, (await read_plan(connection, org_id)).name)


async def check_quota(
    connection: Connection,
    settings: Settings,
    org_id: UUID,
    now: dt.datetime,
    *,
    source_ms: int = 0,
    exports: int = 0,
    stored_bytes: int = 0,
    projects: int = 0,
    but: UUID | None = None,
) -> Excess | None:
    """Whether this much more passes the plan; holds the organisation's lock until the transaction ends.

    ``but``: the project at work that it is about, which does not count twice.
    """
    if not has_bounds(await read_organisation_plan(connection, settings, org_id)):
        return None
    await lock_quota(connection, org_id)
    quota = await read_quota(connection, settings, org_id, now, but=but)
    return find_excess(quota, source_ms=source_ms, exports=exports, stored_bytes=stored_bytes, projects=projects)


def has_bounds(plan: Plan) -> bool:
    """Whether the plan limits any work."""
    return any(getattr(plan, limit) is not None for limit in WORK_LIMITS)


def find_excess(
    quota: Quota,
    *,
    source_ms: int = 0,
    exports: int = 0,
    stored_bytes: int = 0,
    projects: int = 0,
) -> Excess | None:
    """The first limit that this much more would pass."""
    more: dict[Limit, int] = {
        "running_projects": projects,
        "source_minutes": source_ms,
        "exports": exports,
        "storage_gb": stored_bytes,
    }
    for limit, bound, so_far, excess in _work_limits(quota):
        if more[limit] and so_far + more[limit] > bound:
            return excess
    return None


def list_exceeded(quota: Quota) -> list[Excess]:
    """Each limit of work that what was used passes already, as after a change to a smaller plan."""
    return [excess for _, bound, so_far, excess in _work_limits(quota) if so_far > bound]


def list_shares(quota: Quota) -> list[tuple[Excess, float]]:
    """Each limit of work with the share of it that was used; one of nothing is used up."""
    return [(excess, so_far / bound if bound else 1.0) for _, bound, so_far, excess in _work_limits(quota)]


def _work_limits(quota: Quota) -> Iterator[tuple[Limit, int, int, Excess]]:
    """Each limit of the plan, as an amount, with what was used of it and what is said beyond it."""
    plan, used = quota.plan, quota.used
    monthly = f"It counts from zero again at {quota.until:%Y-%m-%d %H:%M} UTC."
    limits: tuple[tuple[Limit, int | None, int, int, str], ...] = (
        ("running_projects", plan.running_projects, 1, used.running_projects, "Wait until one ends."),
        ("source_minutes", plan.source_minutes, MS_PER_MINUTE, used.source_ms, monthly),
        ("exports", plan.exports, 1, used.exports, monthly),
        ("storage_gb", plan.storage_gb, BYTES_PER_GB, used.stored_bytes, "Erase projects to free some."),
    )
    for limit, bound, unit, so_far, remedy in limits:
        if bound is not None:
            detail = f"The plan {plan.title} has {bound_text(limit, bound)}. {remedy}"
            yield limit, bound * unit, so_far, Excess(limit=limit, detail=detail)


_NOUNS: dict[Limit, tuple[str, str]] = {
    "running_projects": ("project at work at once", "projects at work at once"),
    "source_minutes": ("minute of recordings a month", "minutes of recordings a month"),
    "exports": ("export a month", "exports a month"),
    "storage_gb": ("GB of storage", "GB of storage"),
    "seats": ("seat", "seats"),
}


def bound_text(limit: Limit, bound: int) -> str:
    """A limit of a plan, in words."""
    singular, plural = _NOUNS[limit]
    return f"{bound:,} {singular if bound == 1 else plural}"
