"""The notifier: rows of notifications → mails, daily mails and web pushes, in the relay's process."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress

import structlog

from core.errors import Unavailable
from core.infra.http.client import OutsideHttp
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Pool, transaction
from core.services.notifications.planner import Planner
from core.services.notifications.pushing import PushSender
from core.settings import Settings
from core.storage.notifications import personal_deliveries
from core.storage.notifications.personal_deliveries import DuePush
from streams.runtime.metrics import NOTIFICATIONS_DUE, PUSHES_SENT, ProcessMetrics

POLL_S = 1.0
COUNT_EVERY_ROUNDS = 15
KEYS_EVERY_ROUNDS = 600
MAX_PUSHES = 16
"""Pushes in flight at once."""


def utc_now() -> dt.datetime:
    """The time."""
    return dt.datetime.now(dt.UTC)


async def run_planner(settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics) -> None:
    """Plan what is due, write daily mails and look for keys that expire, until ``stop``."""
    planner, rounds = Planner(settings, pool, open_key_ring(settings)), 0
    while not stop.is_set():
        try:
            if rounds % KEYS_EVERY_ROUNDS == 0:
                await planner.tell_of_expiring_keys(utc_now())
            while not stop.is_set() and await planner.plan_next(utc_now()):
                pass
            while not stop.is_set() and await planner.send_next_digest():
                pass
            if rounds % COUNT_EVERY_ROUNDS == 0:
                await _count(pool, metrics)
        except Unavailable as error:
            structlog.get_logger().warning("notifications wait", part=error.part)
        rounds += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_S)


async def run_pushes(
    settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics, outside: OutsideHttp | None = None
) -> None:
    """Send pushes that are due until ``stop``, several at once: a slow service delays no other for long.

    ``outside``: another client, for tests.
    """
    client = outside or OutsideHttp(allow=settings.fetch_allow)
    sender = PushSender(settings, pool, open_key_ring(settings), client, utc_now)
    in_flight: set[asyncio.Task[None]] = set()
    try:
        while not stop.is_set():
            try:
                for push in await sender.take(MAX_PUSHES - len(in_flight)):
                    in_flight.add(asyncio.create_task(_send(sender, push, metrics)))
            except Unavailable as error:
                structlog.get_logger().warning("pushes wait", part=error.part)
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({*in_flight, stopping}, timeout=POLL_S, return_when="FIRST_COMPLETED")
            stopping.cancel()
            for task in [task for task in in_flight if task.done()]:
                in_flight.remove(task)
                task.result()  # a bug ends the process, as everywhere
        await asyncio.gather(*in_flight)
    finally:
        for task in in_flight:
            task.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)
        await client.close()


async def _send(sender: PushSender, push: DuePush, metrics: ProcessMetrics) -> None:
    try:
        metrics.count(PUSHES_SENT, outcome=await sender.send(push))
    except Unavailable as error:  # its lease ends, and it is tried again
        structlog.get_logger().warning("a push waits", part=error.part)


async def _count(pool: Pool, metrics: ProcessMetrics) -> None:
    async with transaction(pool) as connection:
        for state, count in (await personal_deliveries.count_due(connection)).items():
            metrics.put(NOTIFICATIONS_DUE, count, state=state)
