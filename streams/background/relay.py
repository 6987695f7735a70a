"""The relay: outbox → Kafka, the only way work moves. One at a time (advisory lock)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import sentry_sdk
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess, kafka_access
from core.infra.key_ring import open_key_ring
from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.admission import Window
from core.infra.postgres.connection import TRANSIENT_ERRORS, Connection, Pool, Row, prepare_connection, transaction
from core.services.upload_signatures import SIGNATURE, sign_as_relay
from core.settings import AdmissionRules, Settings
from schemas.lanes import LANE_NAMES, LaneName
from streams.runtime.health import Pulse
from streams.runtime.metrics import OUTBOX_AGE, OUTBOX_DUE, OUTBOX_WAITING, PUBLISH, PUBLISHED, ProcessMetrics
from streams.runtime.metrics import UNSENDABLE as COUNT_UNSENDABLE

BATCH_ROWS = 500
POLL_S = 1.0
UNSENDABLE = (MessageSizeTooLargeError, AssertionError, LookupError, TypeError, ValueError)
"""The row itself is at fault (too large, no such partition, nothing to sign by): others must not wait behind it."""


class Relay:
    """Reads due rows, sends them with acks=all, marks them. A crash may send a row twice, never lose it."""

    def __init__(self, settings: Settings, pulse: Pulse, metrics: ProcessMetrics) -> None:
        """``pulse`` is beaten at each round that worked."""
        self._settings = settings
        self._pulse = pulse
        self._metrics = metrics
        self._ring = open_key_ring(settings)
        self._windows = windows_of(settings.admission)
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until ``stop``; reconnects by itself when Postgres or Kafka go away."""
        while not stop.is_set():
            try:
                await self._session(stop)
            except (*TRANSIENT_ERRORS, asyncpg.PostgresError, KafkaError) as error:
                structlog.get_logger().warning("relay waits", error=str(error) or type(error).__name__)
                await _pause(stop, POLL_S)

    async def _session(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._settings.postgres_relay, timeout=5, command_timeout=30)
        try:
            await prepare_connection(connection)
            while not await outbox_queue.try_lock_outbox(connection):
                self._pulse.beat()  # standing by is well: another relay works
                if await _pause(stop, POLL_S):
                    return
            await connection.add_listener("outbox", lambda *_: self._wake.set())
            async with open_relay_producer(kafka_access(self._settings)) as producer:
                await self._relay(connection, producer, stop)
        finally:
            await connection.close(timeout=2)

    async def _relay(self, connection: Connection, producer: Any, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            await admission.admit(connection, self._windows, BATCH_ROWS)
            rows = await outbox_queue.list_due_rows(connection, BATCH_ROWS)
            if rows:
                await self._hand_over(connection, producer, rows)
            self._pulse.beat()
            if len(rows) < BATCH_ROWS:
                await _first(self._wake, stop, POLL_S)

    async def _hand_over(self, connection: Connection, producer: Any, rows: Sequence[Row]) -> None:
        """Send and mark a batch; rows that cannot be sent are reported and postponed."""
        now = asyncio.get_running_loop().time
        began_at = now()
        failed_seqs = await self._send(producer, rows)
        self._count(rows, failed_seqs, now() - began_at)
        if failed_seqs:
            await outbox_queue.set_aside(connection, failed_seqs)
        await outbox_queue.mark_sent(connection, [row["seq"] for row in rows if row["seq"] not in failed_seqs])

    async def _send(self, producer: Any, rows: Sequence[Row]) -> list[int]:
        """Send a batch in order, wait for all acknowledgements; returns the rows that cannot be sent."""
        acknowledgements: dict[int, Any] = {}
        outcomes: dict[int, object] = {}
        for row in rows:
            try:
                acknowledgements[row["seq"]] = await self._begin(producer, row)
            except UNSENDABLE as error:
                outcomes[row["seq"]] = error
        outcomes |= zip(
            acknowledgements, await asyncio.gather(*acknowledgements.values(), return_exceptions=True), strict=True
        )
        failed = {seq: outcome for seq, outcome in outcomes.items() if isinstance(outcome, BaseException)}
        for failure in failed.values():
            if not isinstance(failure, UNSENDABLE):
                raise failure  # Kafka's fault, not a row's: all of them again
        for seq, failure in failed.items():
            sentry_sdk.capture_exception(failure)
            reason = f"{type(failure).__name__}: {failure}"
            structlog.get_logger().error("a row of the outbox cannot be sent", seq=seq, error=reason)
        return list(failed)

    def _count(self, rows: Sequence[Row], failed_seqs: Sequence[int], sent_in_s: float) -> None:
        self._metrics.count(COUNT_UNSENDABLE, len(failed_seqs))
        for row in rows:
            if row["seq"] not in failed_seqs:
                self._metrics.count(PUBLISHED, topic=row["topic"])
                self._metrics.observe(PUBLISH, row["waited_s"] + sent_in_s)

    async def _begin(self, producer: Any, row: Row) -> Any:
        return await producer.send(
            row["topic"],
            key=row["key"].encode(),
            value=row["payload"],
            partition=row["partition"] % len(await producer.partitions_for(row["topic"])),
            headers=[(name, value.encode()) for name, value in self._headers(row).items()],
        )

    def _headers(self, row: Row) -> dict[str, str]:
        headers: dict[str, str] = row["headers"]
        org_id: UUID | None = row["org_id"]
        if row["topic"] != "uploads.v1" or SIGNATURE in headers or org_id is None:
            return headers  # a row without an organisation is not ours: it is not signed
        return headers | sign_as_relay(headers, row["payload"], ring=self._ring, org_id=org_id)


def windows_of(rules: AdmissionRules) -> tuple[Window, ...]:
    """The windows of the lanes. A lane has one queue an organisation; that of webhooks one an endpoint."""
    org_sizes: dict[LaneName, int] = {name: getattr(rules, name) for name in LANE_NAMES}
    queue_sizes = org_sizes | {"deliver": rules.endpoint}
    return tuple(Window(lane=name, of_queue=queue_sizes[name], of_org=size) for name, size in org_sizes.items())


def open_relay_producer(access: KafkaAccess) -> Any:
    """A producer, to be entered: each message is kept by all copies in sync, once."""
    return AIOKafkaProducer(
        **access.client_options(),
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_request_size=2_000_000,
        request_timeout_ms=20_000,
    )


async def run_backlog(pool: Pool, stop: asyncio.Event, pause_s: float, metrics: ProcessMetrics) -> None:
    """Measure the backlog every ``pause_s`` until ``stop``, also while Kafka is away or another relays."""
    while not stop.is_set():
        try:
            async with transaction(pool) as connection:
                backlog = await outbox_queue.read_backlog(connection)
                waiting: dict[str, int] | None = await admission.count_waiting(connection)
            due_count, oldest_s = float(backlog.due), backlog.oldest_s
        except Unavailable:
            due_count = oldest_s = math.nan
            waiting = None
        for lane in LANE_NAMES:
            metrics.put(OUTBOX_WAITING, waiting.get(lane, 0) if waiting is not None else math.nan, lane=lane)
        metrics.put(OUTBOX_DUE, due_count)
        metrics.put(OUTBOX_AGE, oldest_s)
        await _pause(stop, pause_s)


async def _pause(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _first(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    waiting = {asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())}
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
