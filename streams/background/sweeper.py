"""The sweeper: re-emit expired attempts, remove erased projects, delete old rows, keep dead letters."""

from __future__ import annotations

import asyncio

import structlog

from core.errors import Unavailable
from core.infra.postgres.admission import release_unclaimed
from core.infra.postgres.connection import Pool, transaction
from core.infra.s3.object_store import S3Objects
from core.services.erasure import erase
from core.services.retention import delete_expired
from core.settings import Settings
from schemas import events
from streams.background.topic_follower import follow
from streams.runtime import dead_letters
from streams.runtime.leases import free_expired
from streams.runtime.metrics import REEMITTED, ProcessMetrics

DELETE_OLD_EVERY_S = 3600.0


async def sweep_attempts(pool: Pool) -> int:
    """Free every attempt whose lease ran out and re-emit its event; returns their number."""
    async with transaction(pool) as connection:
        await release_unclaimed(connection)
        return await free_expired(connection)


async def delete_old(pool: Pool) -> int:
    """Delete expired idempotency answers, dead letters and previews of all organisations.

    Returns their number. The orphan sweep removes the pictures of the previews.
    """
    async with transaction(pool) as connection:
        return await delete_expired(connection)


async def run_sweeps(settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics) -> None:
    """Sweep expired claims every ``sweep_s`` until ``stop``, and what is too old each hour."""
    log = structlog.get_logger()
    now, delete_at = asyncio.get_running_loop().time, 0.0
    while not stop.is_set():
        try:
            swept = await sweep_attempts(pool)
            metrics.count(REEMITTED, swept)
            if swept:
                log.info("swept", attempts=swept)
            if now() >= delete_at:
                delete_at = now() + DELETE_OLD_EVERY_S
                await delete_old(pool)
        except Unavailable as error:
            log.warning("sweeper waits", part=error.part)
        try:
            await asyncio.wait_for(stop.wait(), settings.sweep_s)
        except TimeoutError:
            continue


async def run_erasure(settings: Settings, pool: Pool, objects: S3Objects, stop: asyncio.Event) -> None:
    """Follow ``projects.v1`` and remove objects and rows of each erased project; the project's id stays."""

    async def handle(event: events.AnyEvent) -> None:
        if isinstance(event, events.ProjectErased):
            await erase(pool, objects, event.org_id, event.project_id)

    await follow(settings.kafka, "projects.v1", "clipstream-sweeper", handle, stop)


async def run_letters(settings: Settings, pool: Pool, stop: asyncio.Event) -> None:
    """Follow ``dead.v1`` and keep each letter in the table that operators list, the sinks' among them."""

    async def handle(event: events.AnyEvent) -> None:
        if isinstance(event, events.DeadLetter):
            await dead_letters.keep(pool, event)

    await follow(settings.kafka, "dead.v1", "clipstream-letters", handle, stop)
