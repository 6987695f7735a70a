"""Composition root of the actors: build one stage's Faust worker from the settings and run it."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import faust
import sentry_sdk
import structlog

from core.errors import InputRejected, Unavailable
from core.infra.kafka.access import KafkaAccess, kafka_access
from core.infra.kafka.message import Message, as_message
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool
from core.media.sandbox.parent import ChildFailed, probe_walls
from core.media.sandbox.walls import SANDBOX, WALLS, Wall
from core.services.upload_signatures import Verifier
from core.settings import Settings
from schemas.access.kafka_acls import stage_group
from schemas.stages import ROW_BY_NAME
from schemas.topics import TOPICS
from streams.registry import make_stage
from streams.runtime.attempts import Attempts
from streams.runtime.consumer import EventConsumer
from streams.runtime.context import StageContext, open_context
from streams.runtime.health import Pulse, serve_health
from streams.runtime.lag import Lag, open_lag_counter
from streams.runtime.leases import Rules
from streams.runtime.letter_cap import UPLOADS
from streams.runtime.metrics import IN_FLIGHT, LAG, OF_STAGE, UNMOVED, WALL, ProcessMetrics
from streams.runtime.ordered_ack import OrderedAcknowledger
from streams.runtime.stage import AttemptProgress

PATIENCE_RATIO = 1.5
"""Leases' worth of time without growth of the counter before the lease is lost: allows one slow step of a model."""
CUT_OFF_S = 30.0
"""Seconds without partitions after which a worker that had some has lost its group, and ends to be restarted."""
STUCK_REPORT_S = 2.0
"""Seconds for which /readyz reports "stuck" before the process ends: enough for a probe every second."""
STOP_S = 45.0


def topics_of(stage: str) -> list[str]:
    """Names of the topics a stage consumes, from the topics table."""
    return [topic.name for topic in TOPICS if stage in topic.consumers]


def leave(error: BaseException) -> None:
    """End the process at once: the unacknowledged message goes to the next worker of the group."""
    sentry_sdk.capture_exception(error)
    sentry_sdk.flush(2.0)
    structlog.get_logger().error("stopped by itself", why=repr(error))
    os._exit(1)


def build_app(
    settings: Settings,
    stage: str,
    handle: Callable[[Message], Any],
    forward: Callable[[Message], Awaitable[bool]] | None = None,
) -> faust.App:
    """A Faust app whose one agent hands each raw message to ``handle``, then acknowledges it.

    What ``forward`` ends is not handed over: it needs no turn.

    Where ``handle`` raises the process ends: Faust counts a message whose agent raised as done, ``noack`` or not.

    ``stream_wait_empty=False``: a rebalance does not wait for a long render. ``noack`` with ``ack`` after the work:
    SIGTERM in mid-event does not lose it. Raw bytes: decoding is ours, so that a bad message is a dead letter.

    ``table_standby_replicas=0`` chooses round robin: Faust's own assignor leaves a restarted worker without partitions
    (faust-streaming #93). The instance id makes the membership static: a restart takes nothing from the others.
    """
    data_dir = Path(settings.work_dir).absolute() / stage / "faust"
    data_dir.mkdir(parents=True, exist_ok=True)
    access = kafka_access(settings)
    app = faust.App(
        stage_group(stage),
        broker=";".join(f"kafka://{server.strip()}" for server in access.bootstrap.split(",")),
        broker_credentials=_credentials(access),
        datadir=str(data_dir),
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=40.0,
        broker_max_poll_interval=600.0,
        broker_max_poll_records=8,
        broker_commit_interval=1.0,
        table_standby_replicas=0,
        consumer_group_instance_id=settings.kafka_instance or None,
        stream_wait_empty=False,
        stream_processing_timeout=3600.0,
        producer_acks=-1,
        worker_redirect_stdouts=False,
    )
    source = app.topic(*topics_of(stage), key_serializer="raw", value_serializer="raw", acks=True)
    most, most_of_org = ROW_BY_NAME[stage].places(settings.concurrency)

    async def agent(stream: Any) -> AsyncIterator[str]:
        async with OrderedAcknowledger(
            lambda event: handle(as_message(event.message)),
            most,
            broken=leave,
            most_of_org=most_of_org,
            forward=(lambda event: forward(as_message(event.message))) if forward else None,
        ) as hands:
            async for event in stream.noack().events():
                await hands.take(event)
                yield "taken"

    app.agent(source, name=stage)(agent)
    return app


def _credentials(access: KafkaAccess) -> faust.types.auth.CredentialsT | None:
    context = access.tls_context() if access.tls else None
    if access.user:
        return faust.SASLCredentials(
            username=access.user, password=access.password, ssl_context=context, mechanism=access.mechanism
        )
    return faust.SSLCredentials(context) if context else None


async def run_stage(settings: Settings, stage: str) -> int:
    """Run one stage's worker until SIGTERM; exit code 0 when drained, 1 when it stopped by itself."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    log = structlog.get_logger().bind(stage=stage)
    SANDBOX.demand(settings.sandbox)
    async with AsyncExitStack() as stack:
        pool = await create_pool(settings.postgres_worker, size=4, name=f"clipstream-{stage}")
        stack.push_async_callback(pool.close)
        context = await stack.enter_async_context(open_context(settings, stage, pool))
        assert context.objects  # opened now: boto3 takes a quarter of a second, which the first event would wait for
        actor = make_stage(stage, context)
        attempts = Attempts(
            pool=pool,
            stage=actor,
            worker=f"{socket.gethostname()}/{os.getpid()}",
            rules=rules_of(settings),
            prices=settings.prices,
            clock=lambda: dt.datetime.now(dt.UTC),
        )
        pulse = Pulse(stall_s=settings.stall_s, now=asyncio.get_running_loop().time)
        verifier = Verifier(pool=pool, ring=open_key_ring(settings)) if UPLOADS in topics_of(stage) else None
        metrics = ProcessMetrics(OF_STAGE)
        consumption = EventConsumer(
            attempts=attempts, stage=actor, pool=pool, pulse=pulse, verifier=verifier, metrics=metrics
        )
        register_work_gauges(metrics, stage, attempts, pulse, asyncio.get_running_loop().time)
        app = build_app(settings, stage, consumption.handle, consumption.forward if verifier else None)
        stack.push_async_callback(_stop, app)
        await stack.enter_async_context(
            serve_health(
                settings.worker_host,
                settings.worker_port,
                pulse,
                metrics,
                ready=lambda: bool(app.started),
                sandbox=SANDBOX if ROW_BY_NAME[stage].opens_media else None,
            )
        )
        await app.start()
        log.info("ready", topics=topics_of(stage))
        if ROW_BY_NAME[stage].opens_media:
            probing = asyncio.create_task(report_walls(context))
            stack.callback(probing.cancel)
        async with open_lag_counter(kafka_access(settings), app) as lag:
            await _watch(app, lag, attempts, pulse, stop)
        log.info("draining")
    return 0


async def report_walls(context: StageContext) -> None:
    """Log which walls stand around children, and which `strict` misses."""
    log = structlog.get_logger()
    try:
        with context.scratch() as scratch:
            await probe_walls(scratch)
    except (Unavailable, ChildFailed, InputRejected) as error:
        log.error("no child can be started", why=str(error))
    else:
        log.info("sandbox", policy=SANDBOX.policy, walls=SANDBOX.standing)


def has_wall(wall: Wall) -> float:
    """1 or 0; NaN before the first child."""
    return math.nan if SANDBOX.standing is None else float(wall in SANDBOX.standing)


def register_work_gauges(
    metrics: ProcessMetrics, stage: str, attempts: Attempts, pulse: Pulse, now: Callable[[], float]
) -> None:
    """Let the gauges read the lag, and the age and last movement of the attempt in flight."""

    def since(moment_of: Callable[[AttemptProgress], float]) -> float:
        return now() - moment_of(attempts.progress) if attempts.progress else 0.0

    if ROW_BY_NAME[stage].opens_media:
        for wall in WALLS:
            metrics.ask(WALL, partial(has_wall, wall), wall=wall)
    metrics.ask(LAG, lambda: pulse.lag, stage=stage)
    metrics.ask(IN_FLIGHT, lambda: since(lambda progress: progress.began_at), stage=stage)
    metrics.ask(UNMOVED, lambda: since(lambda progress: progress.moved_at), stage=stage)


async def _watch(app: faust.App, lag: Lag, attempts: Attempts, pulse: Pulse, stop: asyncio.Event) -> None:
    """Return when asked to stop; end the process when it is stuck, crashed or cut off.

    A consumer in such a state cannot be stopped in order (``app.stop`` hangs): its leases run out, others take over,
    and the supervisor of this process starts it again.
    """
    assigned_at = asyncio.get_running_loop().time()
    had_partitions = False
    while not stop.is_set():
        try:
            pulse.look(lag.count(), attempts.progress)
            if app.consumer.assignment():
                assigned_at, had_partitions = asyncio.get_running_loop().time(), True
            cut_off = had_partitions and asyncio.get_running_loop().time() - assigned_at > CUT_OFF_S
            reason = "crashed" if app.should_stop else "stuck" if pulse.stuck else "cut off" if cut_off else ""
        except Exception as error:  # noqa: BLE001 - an error in the watch breaks the worker
            reason = repr(error)
        if reason:
            structlog.get_logger().error("stopped by itself", why=reason, crashed=repr(app.crash_reason))
            if pulse.stuck:
                await asyncio.sleep(STUCK_REPORT_S)
            os._exit(1)
        await _wait(stop, 1.0)


def rules_of(settings: Settings) -> Rules:
    """Times and caps of attempts, from the settings."""
    return Rules(
        lease_s=settings.lease_s,
        renew_s=settings.renew_s,
        patience_s=settings.lease_s * PATIENCE_RATIO,
        max_tries=settings.max_tries,
        retry_base_s=settings.retry_base_s,
        outage_s=settings.outage_s,
        known_s=settings.retention.attempts_days * 86_400,
    )


async def _stop(app: faust.App) -> None:
    try:
        await asyncio.wait_for(app.stop(), STOP_S)
    except TimeoutError:
        structlog.get_logger().error("the consumer does not stop in time")
        os._exit(1)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
