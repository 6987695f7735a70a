"""Tell an organisation that a limit of its plan is near or reached: once a limit and month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from core.infra.postgres.connection import Connection, set_org
from core.services.billing.quotas import BYTES_PER_GB, MS_PER_MINUTE, Quota, has_bounds, plan_named, read_quota
from core.settings import Settings
from core.storage.billing.plans import read_plan
from core.storage.notifications.outbox import insert_notification
from schemas.ids import result_id

NEAR_PERCENT = 80
FULL_PERCENT = 100


async def tell_of_quota(connection: Connection, settings: Settings, org_id: UUID, now: dt.datetime) -> None:
    """Write a notification for each limit that was passed since the last look."""
    await set_org(connection, org_id)  # the ledger shows one organisation's rows
    if not has_bounds(plan_named(settings, (await read_plan(connection, org_id)).name)):
        return
    quota = await read_quota(connection, settings, org_id, now)
    for limit, used, bound in _amounts(quota):
        percent = FULL_PERCENT if used >= bound else int(FULL_PERCENT * used / bound)
        if percent < NEAR_PERCENT:
            continue
        kind = "quota.reached" if percent >= FULL_PERCENT else "quota.near"
        details: dict[str, str | int] = {"limit": limit, "used": int(used), "bound": bound, "percent": percent}
        if limit != "storage_gb":
            details["until"] = f"{quota.until:%Y-%m-%d}"
        await insert_notification(
            connection,
            result_id(org_id, "notification", f"{kind}/{limit}/{bound}/{quota.since:%Y-%m-%d}"),
            kind=kind,
            at=now,
            org_id=org_id,
            details=details,
        )


def _amounts(quota: Quota) -> Iterator[tuple[str, float, int]]:
    """Limits that have a bound, with what is used of them."""
    plan, used = quota.plan, quota.used
    for limit, so_far, bound in (
        ("source_minutes", used.source_ms / MS_PER_MINUTE, plan.source_minutes),
        ("exports", used.exports, plan.exports),
        ("storage_gb", used.stored_bytes / BYTES_PER_GB, plan.storage_gb),
    ):
        if bound:
            yield limit, so_far, bound
