"""Composition root of the processes that are not actors: the relay with its sweeper, and the sinks."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import structlog

from core.infra.postgres.connection import create_pool
from core.infra.s3.object_store import open_objects
from core.infra.stripe.client import open_payments
from core.settings import Settings
from streams.background.audit_sealer import run_audit_sealer
from streams.background.mailer import run_mailer
from streams.background.notifier import run_planner, run_pushes
from streams.background.organisation_data import run_archives, run_organisation_erasure, run_trace_erasure
from streams.background.orphan_sweep import run_orphan_sweep
from streams.background.project_expiry import run_project_expiry
from streams.background.relay import Relay, run_backlog
from streams.background.sweeper import run_erasure, run_letters, run_retention, run_sweeps
from streams.background.use_metering import run_use_metering
from streams.background.watchdog import run_watchdog
from streams.runtime.health import Pulse, serve_health
from streams.runtime.metrics import OF_RELAY, OF_SINK, ProcessMetrics
from streams.sinks.batch_consumer import ALL_TOPICS, rewind
from streams.sinks.clickhouse.sink import run_clickhouse_sink
from streams.sinks.search.search_documents import TOPICS
from streams.sinks.search.sink import run_meilisearch_sink

DRAIN_S = 10.0
"""Longest time that the parts may take to end after ``stop``."""


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    return stop


async def _until_stopped(stop: asyncio.Event, pulse: Pulse, *parts: Coroutine[Any, Any, None]) -> int:
    """Run the parts until ``stop``; 1 when one of them ends or stalls by itself."""
    tasks = [asyncio.create_task(part) for part in parts]
    stopping = asyncio.create_task(stop.wait())
    failed = False
    while not stop.is_set() and not failed:
        await asyncio.wait({*tasks, stopping}, timeout=1.0, return_when="FIRST_COMPLETED")
        failed = pulse.stuck or (any(task.done() for task in tasks) and not stop.is_set())
    stop.set()
    await asyncio.wait(tasks, timeout=DRAIN_S)
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            structlog.get_logger().error("stopped by itself", exc_info=outcome)
    return 1 if failed else 0


async def run_relay(settings: Settings) -> int:
    """Run relay, sweeper and erasure in one process."""
    stop = _stop_on_signals()
    pulse = Pulse(stall_s=settings.stall_s, now=asyncio.get_running_loop().time)
    relay_pool = await create_pool(settings.postgres_relay, size=4, name="clipstream-sweeper")
    worker_pool = await create_pool(settings.postgres_worker, size=4, name="clipstream-erasure")
    objects = open_objects(settings)
    payments = open_payments(settings)
    metrics = ProcessMetrics(OF_RELAY)
    relay = Relay(settings, pulse, metrics)
    try:
        async with serve_health(settings.worker_host, settings.worker_port, pulse, metrics, ready=lambda: True):
            return await _until_stopped(
                stop,
                pulse,
                relay.run(stop),
                run_backlog(relay_pool, stop, settings.sweep_s, metrics),
                run_sweeps(settings, relay_pool, stop, metrics),
                run_audit_sealer(relay_pool, stop),
                run_retention(settings, relay_pool, stop, metrics),
                run_project_expiry(settings, relay_pool, worker_pool, stop, metrics),
                run_watchdog(settings, relay_pool, stop, metrics),
                run_erasure(settings, worker_pool, objects, stop),
                run_letters(settings, worker_pool, stop),
                run_organisation_erasure(settings, relay_pool, worker_pool, objects, payments, stop),
                run_trace_erasure(relay_pool, stop),
                run_archives(settings, relay_pool, worker_pool, objects, stop),
                run_mailer(settings, relay_pool, stop, metrics),
                run_planner(settings, relay_pool, stop, metrics),
                run_pushes(settings, relay_pool, stop, metrics),
                run_orphan_sweep(relay_pool, worker_pool, objects, stop, settings.sweep_s, metrics),
                *([run_use_metering(relay_pool, payments, settings.stripe, stop, metrics)] if payments else []),
            )
    finally:
        objects.close()
        if payments is not None:
            await payments.close()
        await relay_pool.close()
        await worker_pool.close()


async def run_sink(settings: Settings, name: str) -> int:
    """Run one sink."""
    stop = _stop_on_signals()
    pulse = Pulse(stall_s=settings.stall_s, now=asyncio.get_running_loop().time)
    run = {"clickhouse": run_clickhouse_sink, "meilisearch": run_meilisearch_sink}[name]
    metrics = ProcessMetrics(OF_SINK)
    async with serve_health(settings.worker_host, settings.worker_port, pulse, metrics, ready=lambda: True):
        return await _until_stopped(stop, pulse, run(settings, stop, pulse.beat, metrics))


async def rewind_sink(settings: Settings, sink: str) -> None:
    """Let a stopped sink read its topics from the beginning when it starts next."""
    await rewind(settings, sink, ALL_TOPICS if sink == "clickhouse" else TOPICS)
    structlog.get_logger().info("rewound", sink=sink)
