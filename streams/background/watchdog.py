"""The watchdog's loop: counts projects that stand still, and emits their lost events again."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from contextlib import suppress

import structlog

from core.errors import Unavailable
from core.infra.postgres.connection import Pool, transaction
from core.services.watchdog import StillProject, emit_again, list_still_projects
from core.settings import Settings
from streams.runtime.metrics import STILL, STILL_AGE, WATCHDOG, ProcessMetrics

LOOKS_PER_STILLNESS = 10
"""Looks in the time after which a project counts as still."""
MAX_STILL_PROJECTS = 1000
"""Projects of one look, the stillest first."""


async def watch_projects(pool: Pool, still_s: float, metrics: ProcessMetrics) -> list[StillProject]:
    """Look once: count what stands still, emit what was lost, and return the projects."""
    min_still_time = dt.timedelta(seconds=still_s)
    async with transaction(pool) as connection:
        projects = await list_still_projects(connection, min_still_time, MAX_STILL_PROJECTS)
    metrics.put(STILL, len(projects))
    now = dt.datetime.now(dt.UTC)
    metrics.put(STILL_AGE, max(((now - project.moved_at).total_seconds() for project in projects), default=0.0))
    for project in projects:
        async with transaction(pool) as connection:
            emitted = await emit_again(connection, project, min_still_time)
        if emitted:
            metrics.count(WATCHDOG, emitted)
            structlog.get_logger().warning(
                "emitted again", project=str(project.project_id), events=emitted, still_since=project.moved_at
            )
    return projects


async def run_watchdog(settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics) -> None:
    """Look ten times in ``still_s`` until ``stop``; the gauges are unknown while Postgres is away."""
    while not stop.is_set():
        try:
            await watch_projects(pool, settings.still_s, metrics)
        except Unavailable as error:
            metrics.put(STILL, math.nan)
            metrics.put(STILL_AGE, math.nan)
            structlog.get_logger().warning("watchdog waits", part=error.part)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.still_s / LOOKS_PER_STILLNESS)
