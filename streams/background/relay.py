"""The relay: outbox → Kafka, the only way work moves. One at a time (advisory lock)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import sentry_sdk
import structlog
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from core.errors import Unavailable
from core.infra.kafka.access import kafka_access
from core.infra.kafka.producer import EventProducer, open_producer
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
PATIENCE_RATIO = 0.5
"""Longest wait for Kafka, as a part of the time after which a process without movement ends itself."""
UNSENDABLE = (MessageSizeTooLargeError, AssertionError, LookupError, TypeError, ValueError)
"""The row itself is at fault (too large, no such partition, nothing to sign by): others must not wait behind it."""
SILENT = "Kafka did not acknowledge within {:g} s"


class Relay:
    """Reads due rows, sends them with acks=all, marks them. A crash may send a row twice, never lose it.

    So may an outage of Kafka: what it does not acknowledge in time is given up, stays due, and is sent again in order,
    by a new producer.
    """

    def __init__(self, settings: Settings, pulse: Pulse, metrics: ProcessMetrics) -> None:
        """``pulse`` is beaten at each round that worked."""
        self._settings = settings
        self._pulse = pulse
        self._metrics = metrics
        self._ring = open_key_ring(settings)
        self._windows = windows_of(settings.admission)
        self._patience_s = PATIENCE_RATIO * settings.stall_s
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until ``stop``; waits out any outage of Postgres or Kafka, and reconnects by itself."""
        while not stop.is_set():
            try:
                await self._session(stop)
            except (*TRANSIENT_ERRORS, asyncpg.PostgresError, KafkaError) as error:
                structlog.get_logger().warning("relay waits", error=str(error) or type(error).__name__)
                self._pulse.beat()  # it is not stuck: another process could do no more
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
            async with open_producer(kafka_access(self._settings), start_s=self._patience_s) as producer:
                await self._relay(connection, producer, stop)
        finally:
            await connection.close(timeout=2)

    async def _relay(self, connection: Connection, producer: EventProducer, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            await admission.admit(connection, self._windows, BATCH_ROWS)
            rows = await outbox_queue.list_due_rows(connection, BATCH_ROWS)
            if rows:
                await self._hand_over(connection, producer, rows)
            self._pulse.beat()
            if len(rows) < BATCH_ROWS:
                await _first(self._wake, stop, POLL_S)

    async def _hand_over(self, connection: Connection, producer: EventProducer, rows: Sequence[Row]) -> None:
        """Send a batch, mark what Kafka has; rows that cannot be sent are reported and postponed.

        Raises KafkaError where Kafka did not take all of the others: these stay due.
        """
        now = asyncio.get_running_loop().time
        began_at = now()
        errors = await self._send(producer, rows)
        unsendable = {seq: error for seq, error in errors.items() if isinstance(error, UNSENDABLE)}
        sent_rows = [row for row in rows if row["seq"] not in errors]
        self._count(sent_rows, len(unsendable), now() - began_at)
        if unsendable:
            _report_unsendable(unsendable)
            await outbox_queue.set_aside(connection, list(unsendable))
        await outbox_queue.mark_sent(connection, [row["seq"] for row in sent_rows])
        for seq, error in errors.items():
            if seq not in unsendable:
                raise error

    async def _send(self, producer: EventProducer, rows: Sequence[Row]) -> dict[int, BaseException]:
        """Send a batch in order, wait for acknowledgements; returns the rows without one, and why."""
        acknowledgements: dict[int, asyncio.Future[object]] = {}
        errors: dict[int, BaseException] = {}
        try:
            async with asyncio.timeout(self._patience_s):
                for row in rows:
                    try:
                        acknowledgements[row["seq"]] = await self._begin(producer, row)
                    except UNSENDABLE as error:
                        errors[row["seq"]] = error
                if acknowledgements:
                    await asyncio.wait(acknowledgements.values())
        except (TimeoutError, KafkaError) as failure:
            silent = KafkaTimeoutError(SILENT.format(self._patience_s))
            reason = failure if isinstance(failure, KafkaError) else silent
            errors |= {row["seq"]: reason for row in rows if row["seq"] not in errors}
        for seq, acknowledgement in acknowledgements.items():
            if not acknowledgement.done():
                acknowledgement.cancel()
            elif failed := acknowledgement.exception():
                errors[seq] = failed
            else:
                errors.pop(seq, None)
        return errors

    def _count(self, sent_rows: Sequence[Row], unsendable_count: int, sent_in_s: float) -> None:
        self._metrics.count(COUNT_UNSENDABLE, unsendable_count)
        for row in sent_rows:
            self._metrics.count(PUBLISHED, topic=row["topic"])
            self._metrics.observe(PUBLISH, row["waited_s"] + sent_in_s)

    async def _begin(self, producer: EventProducer, row: Row) -> asyncio.Future[object]:
        acknowledgement: asyncio.Future[object] = await producer.send(
            row["topic"],
            key=row["key"].encode(),
            value=row["payload"],
            partition=row["partition"] % len(await producer.partitions_for(row["topic"])),
            headers=[(name, value.encode()) for name, value in self._headers(row).items()],
        )
        return acknowledgement

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


def _report_unsendable(errors: Mapping[int, BaseException]) -> None:
    for seq, error in errors.items():
        sentry_sdk.capture_exception(error)
        reason = f"{type(error).__name__}: {error}"
        structlog.get_logger().error("a row of the outbox cannot be sent", seq=seq, error=reason)


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
