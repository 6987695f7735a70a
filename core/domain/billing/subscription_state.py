"""Which subscription of a customer counts, and what plan it pays for. Pure.

The customer's subscriptions are read as Stripe has them at that moment; events say only that something changed, so
their order does not matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from core.domain.billing.price_catalogue import PriceCatalogue
from schemas.common import Value

PAID = frozenset({"active", "trialing"})
"""States in which the plan is paid for."""
OPEN = PAID | {"past_due", "unpaid", "paused"}
"""States of a subscription that has not ended: a second one would be charged too."""
_RANK: Mapping[str, int] = {
    "active": 0, "trialing": 0, "past_due": 1, "unpaid": 2, "paused": 2, "incomplete": 3, "canceled": 4,
    "incomplete_expired": 5,
}  # fmt: skip


class Subscription(Value, frozen=True, kw_only=True):
    """A subscription as Stripe has it."""

    id: str
    customer_id: str
    state: str
    """`active`, `trialing`, `past_due`, `unpaid`, `paused`, `canceled`, `incomplete` or `incomplete_expired`."""
    price_ids: tuple[str, ...]
    started_at: dt.datetime
    period_from: dt.datetime | None = None
    period_until: dt.datetime | None = None
    ends_with_period: bool = False


class PlanStanding(Value, frozen=True, kw_only=True):
    """What is known of an organisation's subscription."""

    subscription_id: str | None = None
    state: str | None = None
    plan: str | None = None
    """Plan that it gives; None: none."""
    period_from: dt.datetime | None = None
    period_until: dt.datetime | None = None
    ends_with_period: bool = False
    grace_until: dt.datetime | None = None
    """Until then the plan stays although it is not paid for."""
    metered_from: dt.datetime | None = None
    """When the first subscription began."""


def choose_subscription(subscriptions: Sequence[Subscription]) -> Subscription | None:
    """The one that counts: a paid one before others, the oldest paid one, the newest ended one."""

    def key(subscription: Subscription) -> tuple[int, float]:
        at = subscription.started_at.timestamp()
        return _RANK.get(subscription.state, 3), at if subscription.state in OPEN else -at

    return min(subscriptions, key=key, default=None)


def next_standing(
    before: PlanStanding,
    subscription: Subscription | None,
    catalogue: PriceCatalogue,
    now: dt.datetime,
    grace: dt.timedelta,
) -> PlanStanding:
    """The standing with this subscription. A plan that is no longer paid for stays for ``grace``."""
    if subscription is None:
        return _unpaid(before, now, grace)
    read = msgspec.structs.replace(
        before,
        subscription_id=subscription.id,
        state=subscription.state,
        period_from=subscription.period_from,
        period_until=subscription.period_until,
        ends_with_period=subscription.ends_with_period,
    )
    if subscription.state not in PAID:
        return _unpaid(read, now, grace)
    plan = catalogue.find_plan(subscription.price_ids)
    metered_from = before.metered_from or subscription.started_at
    return msgspec.structs.replace(read, plan=plan or before.plan, grace_until=None, metered_from=metered_from)


def _unpaid(read: PlanStanding, now: dt.datetime, grace: dt.timedelta) -> PlanStanding:
    if read.plan is None:
        return msgspec.structs.replace(read, grace_until=None)
    return end_grace(msgspec.structs.replace(read, grace_until=read.grace_until or now + grace), now)


def end_grace(before: PlanStanding, now: dt.datetime) -> PlanStanding:
    """The standing without its plan where its grace is over."""
    if before.grace_until is None or now < before.grace_until:
        return before
    return msgspec.structs.replace(before, plan=None, grace_until=None)
