"""The loop that announces the end of projects and erases them, as their plans say."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections import Counter
from contextlib import suppress

import structlog

from core.errors import Unavailable
from core.infra.postgres.connection import Pool, org_transaction, transaction
from core.infra.postgres.outbox import Cause
from core.services.billing.project_expiry import expire_project
from core.services.billing.quotas import plan_named
from core.settings import Settings
from core.storage.project_expiry import list_expiring_projects
from schemas.options.plans import read_plans
from streams.runtime.metrics import PROJECT_EXPIRY, ProcessMetrics

LOOK_EVERY_S = 60.0
BATCH_ROWS = 200
SOURCE = "retention"


async def expire_projects(
    settings: Settings, relay: Pool, erasure: Pool, metrics: ProcessMetrics, now: dt.datetime
) -> Counter[str]:
    """Do what is due about the projects of all organisations; returns how many of each step there were.

    ``relay`` lists them, and ``erasure`` acts within one organisation at a time. Raises Unavailable.
    """
    rules, done = settings.retention, Counter[str]()
    days = {name: rules.days_of(plan.retention_days) for name, plan in read_plans(settings.plans_file).items()}
    default, notice = plan_named(settings, None).name, dt.timedelta(days=rules.projects_notice_days)
    while True:
        async with transaction(relay) as connection:
            listed = await list_expiring_projects(connection, days, default, now=now, notice=notice, limit=BATCH_ROWS)
        steps = Counter[str]()
        for project in listed:
            cause = Cause(input_id=uuid.uuid4(), source=SOURCE, now=now)
            async with org_transaction(erasure, project.org_id) as connection:
                step = await expire_project(connection, settings, project.org_id, project.project_id, cause)
            steps.update([step] if step else [])
        done += steps
        if len(listed) < BATCH_ROWS or not steps:
            break
    for name, count in done.items():
        metrics.count(PROJECT_EXPIRY, count, outcome=name)
    return done


async def run_project_expiry(
    settings: Settings, relay: Pool, erasure: Pool, stop: asyncio.Event, metrics: ProcessMetrics
) -> None:
    """Look every ``LOOK_EVERY_S`` until ``stop``."""
    log = structlog.get_logger()
    while not stop.is_set():
        try:
            done = await expire_projects(settings, relay, erasure, metrics, dt.datetime.now(dt.UTC))
            if done:
                log.info("projects expire", **done)
        except Unavailable as error:
            log.warning("expiry waits", part=error.part)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
