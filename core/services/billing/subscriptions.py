"""Subscriptions: what the payment service says of a customer becomes the organisation's plan.

An event says only that something changed. The customer's subscriptions are then read as they are, so events may come
twice, late and in any order. Of two answers the one whose question was asked later counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import structlog

from core.domain.billing.price_catalogue import PriceCatalogue, read_catalogue
from core.domain.billing.stripe_rules import StripeRules
from core.domain.billing.subscription_state import (
    OPEN,
    PAID,
    PlanStanding,
    Subscription,
    choose_subscription,
    end_grace,
    next_standing,
)
from core.domain.identity.actors import SYSTEM
from core.infra.postgres.connection import Connection, Pool, org_transaction, transaction
from core.services.audit.audit_log import append
from core.storage.billing.billing_accounts import (
    AccountRecord,
    list_ended_graces,
    lock_account,
    write_standing,
)
from core.storage.billing.plans import write_plan
from core.storage.identity.audit import AuditEntry
from core.storage.notifications.outbox import insert_notification
from schemas.ids import result_id

UNPAID = frozenset({"past_due", "unpaid"})
"""States of a subscription whose last payment has failed."""


def catalogue_of(rules: StripeRules) -> PriceCatalogue:
    """Prices and meters of the settings, which were checked when they were read."""
    return read_catalogue(rules.prices, rules.source_meter, rules.exports_meter)


async def apply_subscriptions(
    connection: Connection,
    org_id: UUID,
    subscriptions: Sequence[Subscription],
    question: int,
    rules: StripeRules,
    now: dt.datetime,
) -> None:
    """Write the answer to a question (`count_question`), and the plan that it gives.

    Runs in the organisation's transaction.
    """
    account = await lock_account(connection, org_id)
    if account is None or question <= account.applied:
        return
    subscriptions = [entry for entry in subscriptions if entry.customer_id == account.customer_id]
    chosen, catalogue = choose_subscription(subscriptions), catalogue_of(rules)
    _warn(org_id, subscriptions, chosen, catalogue)
    standing = next_standing(account.standing, chosen, catalogue, now, dt.timedelta(days=rules.grace_days))
    await _write(connection, org_id, account, standing, question, now)


async def end_graces(pool: Pool, now: dt.datetime) -> int:
    """Give the installation's plan to each organisation whose grace is over; returns their number."""
    async with transaction(pool) as connection:
        org_ids = await list_ended_graces(connection, now)
    for org_id in org_ids:
        async with org_transaction(pool, org_id) as connection:
            account = await lock_account(connection, org_id)
            if account is not None:
                await _write(connection, org_id, account, end_grace(account.standing, now), account.applied, now)
    return len(org_ids)


async def _write(
    connection: Connection,
    org_id: UUID,
    account: AccountRecord,
    standing: PlanStanding,
    question: int,
    now: dt.datetime,
) -> None:
    await write_standing(connection, org_id, standing, question)
    if standing.state in UNPAID and account.standing.state not in UNPAID:
        await _tell_unpaid(connection, org_id, standing, question, now)
    if standing.plan != account.standing.plan:
        since = (standing.period_from or now) if standing.plan is not None else now
        await write_plan(connection, org_id, standing.plan, since)
        await append(connection, AuditEntry(org_id=org_id, actor=SYSTEM, operation="plan.changed"))
        structlog.get_logger().info(
            "plan by subscription", org_id=str(org_id), plan=standing.plan, state=standing.state
        )


async def _tell_unpaid(
    connection: Connection, org_id: UUID, standing: PlanStanding, question: int, now: dt.datetime
) -> None:
    await insert_notification(
        connection,
        result_id(org_id, "notification", f"payment.failed/{standing.subscription_id}/{question}"),
        kind="payment.failed",
        at=now,
        org_id=org_id,
        details={"grace_until": f"{standing.grace_until:%Y-%m-%d}"} if standing.grace_until else {},
    )


def _warn(
    org_id: UUID, subscriptions: Sequence[Subscription], chosen: Subscription | None, catalogue: PriceCatalogue
) -> None:
    """What only a person can put right."""
    log = structlog.get_logger()
    opened = sum(subscription.state in OPEN for subscription in subscriptions)
    if opened > 1:
        log.error("several subscriptions are charged", org_id=str(org_id), subscriptions=opened)
    if chosen is not None and chosen.state in PAID and catalogue.find_plan(chosen.price_ids) is None:
        log.error("a subscription has no price of a plan", org_id=str(org_id))
