"""When an ended project expires by its organisation's plan, and what is to be done about it. Pure.

A project is erased only after a notice that named the date. A plan that keeps it longer withdraws the notice; one that
keeps it for a shorter time lets the date of the notice stand.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from core.domain.retention_rules import RetentionRules
from schemas.common import Value

ExpiryStep = Literal["announced", "withdrawn", "erased"]


class Keeping(Value, frozen=True, kw_only=True):
    """How long an organisation's projects are kept."""

    days: float | None
    """After their end; None: until somebody erases them."""
    notice: dt.timedelta
    """Time between notice and erasure."""


KEPT_WITHOUT_END = Keeping(days=None, notice=dt.timedelta(0))


def keeping_of(rules: RetentionRules, plan_days: int | None) -> Keeping:
    """How long projects are kept under a plan, within the bounds of the installation."""
    return Keeping(days=rules.days_of(plan_days), notice=dt.timedelta(days=rules.projects_notice_days))


def expiry_of(
    keeping: Keeping, ended_at: dt.datetime, announced_expiry: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """The time from which an ended project is erased; None where it is kept.

    ``announced_expiry``: what its notice named. Without a notice it is never sooner than a notice from now allows.
    """
    if keeping.days is None:
        return None
    due_at = ended_at + dt.timedelta(days=keeping.days)
    return max(due_at, announced_expiry or now + keeping.notice)


def next_expiry_step(
    keeping: Keeping, ended_at: dt.datetime, announced_expiry: dt.datetime | None, now: dt.datetime
) -> ExpiryStep | None:
    """What is to be done about an ended project; None: nothing yet."""
    expires_at = expiry_of(keeping, ended_at, announced_expiry, now)
    if announced_expiry is None:
        return "announced" if expires_at is not None and expires_at <= now + keeping.notice else None
    if expires_at is None or now + keeping.notice < ended_at + dt.timedelta(days=keeping.days or 0.0):
        return "withdrawn"
    return "erased" if expires_at <= now else None
