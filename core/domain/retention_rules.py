"""Settings of retention: lifetimes of rows after they are over, and of projects."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.options.plans import MIN_RETENTION_DAYS


class RetentionRules(msgspec.Struct, frozen=True, kw_only=True):
    """Lifetimes of rows after they are over."""

    outbox_days: float = 1.0
    """Events after they were sent."""
    attempts_days: float = 28.0
    """Attempts after their end: until then a failed one can be retried, and an event that comes again is known."""
    deliveries_days: float = 30.0
    """Deliveries of webhooks after their end, with their tries; messages of webhooks after they became due."""
    project_events_days: float = 90.0
    """What followers of a project can read again."""
    request_log_days: float = 30.0
    """API calls of each organisation."""
    audit_days: float = 400.0
    """Entries of the audit log; what is left of the chain can still be verified."""
    projects_least_days: Annotated[float, Meta(ge=MIN_RETENTION_DAYS)] = float(MIN_RETENTION_DAYS)
    """Projects after their end, whatever a plan says: no plan keeps them for a shorter time."""
    projects_most_days: Annotated[float, Meta(ge=0)] = 0.0
    """Projects after their end, whatever a plan says: no plan keeps them for a longer time; 0: as the plans say."""
    projects_notice_days: Annotated[float, Meta(ge=1)] = 7.0
    """Time between the notice that a project is about to be erased and its erasure."""

    def find_fault(self) -> str | None:
        """What is wrong with the settings of projects together, after the name of one; None if nothing."""
        if 0 < self.projects_most_days < self.projects_least_days:
            return "PROJECTS_MOST_DAYS is below PROJECTS_LEAST_DAYS: no time would be right"
        if self.projects_notice_days > self.projects_least_days:
            return "PROJECTS_NOTICE_DAYS is above PROJECTS_LEAST_DAYS: the notice would come before the end of the work"
        return None

    def days_of(self, plan_days: int | None) -> float | None:
        """Days after its end for which a project is kept under a plan; None: until somebody erases it."""
        most_days = self.projects_most_days or None
        days = min((bound for bound in (plan_days, most_days) if bound is not None), default=None)
        return None if days is None else max(float(days), self.projects_least_days)
