"""The sweeper: re-emit expired attempts, remove erased projects, delete old rows, keep dead letters."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from core.domain.identity.identity_rules import IdentityRules
from core.domain.retention_rules import RetentionRules
from core.errors import InputRejected, Unavailable
from core.infra.kafka.access import kafka_access
from core.infra.postgres.admission import release_unclaimed
from core.infra.postgres.connection import Pool, transaction
from core.infra.s3.object_store import S3Objects
from core.services.erasure import erase
from core.services.retention import BATCH_ROWS, delete_batch, list_expiring
from core.settings import Settings
from schemas import events
from streams.background.topic_follower import follow
from streams.runtime import dead_letters
from streams.runtime.leases import free_expired
from streams.runtime.metrics import EXPIRED, REEMITTED, ProcessMetrics

KEPT, IDENTITY = RetentionRules(), IdentityRules()
"""Ages up to which rows are kept without other settings."""
DELETE_OLD_EVERY_S = 60.0
BATCH_PAUSE_S = 0.05
"""Pause between two batches of deleted rows."""


async def sweep_attempts(pool: Pool) -> int:
    """Free every attempt whose lease ran out and re-emit its event; returns their number."""
    async with transaction(pool) as connection:
        await release_unclaimed(connection)
        return await free_expired(connection)


async def delete_old(
    pool: Pool,
    rules: RetentionRules = KEPT,
    metrics: ProcessMetrics | None = None,
    identity: IdentityRules = IDENTITY,
) -> int:
    """Delete the rows that are older than the settings keep them; returns their number.

    Those of all organisations. A batch is a transaction, with a pause behind it: other statements come first. The
    orphan sweep removes the pictures of deleted previews.
    """
    deleted = 0
    for kind in list_expiring(rules, identity.mail_days):
        while True:
            async with transaction(pool) as connection:
                count = await delete_batch(connection, kind)
            deleted += count
            if metrics is not None:
                metrics.count(EXPIRED, count, table=kind.table)
            if count < BATCH_ROWS:
                break
            await asyncio.sleep(BATCH_PAUSE_S)
    return deleted


async def run_retention(settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics) -> None:
    """Delete what is too old every ``DELETE_OLD_EVERY_S`` until ``stop``."""
    while not stop.is_set():
        try:
            await delete_old(pool, settings.retention, metrics, settings.identity)
        except Unavailable as error:
            structlog.get_logger().warning("retention waits", part=error.part)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), DELETE_OLD_EVERY_S)


async def run_sweeps(settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics) -> None:
    """Sweep expired claims every ``sweep_s`` until ``stop``."""
    log = structlog.get_logger()
    while not stop.is_set():
        try:
            swept = await sweep_attempts(pool)
            metrics.count(REEMITTED, swept)
            if swept:
                log.info("swept", attempts=swept)
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
            try:
                await erase(pool, objects, event.org_id, event.project_id)
            except InputRejected as error:  # the sinks write its dead letter: they read the topic as well
                structlog.get_logger().error("not erased", project_id=str(event.project_id), reason=error.detail)

    await follow(kafka_access(settings), "projects.v1", "clipstream-sweeper", handle, stop)


async def run_letters(settings: Settings, pool: Pool, stop: asyncio.Event) -> None:
    """Follow ``dead.v1`` and keep each letter in the table that operators list, the sinks' among them."""

    async def handle(event: events.AnyEvent) -> None:
        if isinstance(event, events.DeadLetter):
            await dead_letters.keep(pool, event)

    await follow(kafka_access(settings), "dead.v1", "clipstream-letters", handle, stop)
