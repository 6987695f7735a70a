"""Metered use, by the relay: count closed hours, send what is due, end graces."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from contextlib import suppress

import structlog

from core.domain.billing.stripe_rules import StripeRules
from core.errors import Unavailable
from core.infra.postgres.connection import Pool, transaction
from core.ports.payments import Payments
from core.services.billing.metered_use import UseSender, count_hours
from core.services.billing.subscriptions import catalogue_of, end_graces
from core.storage.billing.meter_events import read_backlog
from streams.runtime.metrics import USE_AGE, USE_DUE, USE_HELD, USE_SENT, ProcessMetrics

PAUSE_S = 60.0
MAX_PAUSE_S = 3600.0
"""Longest time that the payment service may ask for."""


async def meter_use(pool: Pool, payments: Payments, rules: StripeRules, metrics: ProcessMetrics) -> float:
    """Run one round; returns the seconds that the payment service wants to be left alone.

    Raises Unavailable where Postgres is away.
    """

    def clock() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    await end_graces(pool, clock())
    catalogue = catalogue_of(rules)
    await count_hours(pool, catalogue, clock())
    sender = UseSender(pool, payments, catalogue, clock, lambda meter: metrics.count(USE_SENT, meter=meter))
    wait = await sender.send_all()
    async with transaction(pool) as connection:
        backlog = await read_backlog(connection)
    metrics.put(USE_DUE, backlog.due)
    metrics.put(USE_AGE, (clock() - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0.0)
    metrics.put(USE_HELD, backlog.held)
    return wait.total_seconds()


async def run_use_metering(
    pool: Pool, payments: Payments, rules: StripeRules, stop: asyncio.Event, metrics: ProcessMetrics
) -> None:
    """Run a round every minute until ``stop``; the gauges are unknown while Postgres is away."""
    while not stop.is_set():
        wait_s = 0.0
        try:
            wait_s = await meter_use(pool, payments, rules, metrics)
        except Unavailable as error:
            for gauge in (USE_DUE, USE_AGE, USE_HELD):
                metrics.put(gauge, math.nan)
            structlog.get_logger().warning("metered use waits", part=error.part)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(PAUSE_S, min(wait_s, MAX_PAUSE_S)))
