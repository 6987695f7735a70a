"""Ends and changes of projects, clips, exports → DeliveryDue; DeliveryDue → a signed POST, or a retry."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from uuid import UUID

import msgspec

from core.errors import InputRejected, Unavailable
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.ports.outside import Response
from core.storage import webhooks
from core.storage.labels import read_labels
from core.storage.webhooks import DeliveryRecord
from schemas import codec, events
from schemas.ids import result_id
from schemas.webhooks import TYPES, NotifiedEvent, encode_message
from streams.deliver.backoff import next_try
from streams.deliver.signature import headers
from streams.runtime.context import StageContext
from streams.runtime.stage import Commit, Work

TIMEOUT_S = 10.0
GONE_STATUS = 410
MAX_POSTS_PER_ORG = 4
"""POSTs of one organisation at once in a worker, of ``concurrency`` in `schemas.stages`.

Receivers that hang then delay only their own organisation's.
"""


class TryOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one try. ``response`` is None without an answer."""

    error: str | None
    response: Response | None = None
    final: bool = False


class DeliverStage:
    """Sends events to webhook endpoints, signed, at least once each."""

    name: events.Stage = "deliver"

    def __init__(self, context: StageContext) -> None:
        """``context``: the worker's adapters."""
        self._context = context
        self._ring = open_key_ring(context.settings)
        self._under_way: Counter[UUID] = Counter()
        """Open POSTs, by organisation."""

    def wants(self, event: events.AnyEvent) -> bool:
        """Events that customers can subscribe to, and tries that are due."""
        return isinstance(event, NotifiedEvent | events.DeliveryDue)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Plan the deliveries of an event, or make a try. Raises Unavailable if the try has to wait its turn."""
        if isinstance(event, events.DeliveryDue):
            return await self._try(event, work)
        assert isinstance(event, NotifiedEvent)

        async def commit(connection: Connection) -> None:
            await _plan_deliveries(connection, event, work.cause)

        return commit

    async def _try(self, event: events.DeliveryDue, work: Work) -> Commit:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            delivery = await webhooks.read_delivery(connection, event.org_id, event.delivery_id)
        outcome = None
        if delivery is not None and delivery.state == "pending":
            gone = TryOutcome(error="its receiver said that it is gone", final=True)
            outcome = gone if delivery.disabled_at else await self._post(delivery, event, work)

        async def commit(connection: Connection) -> None:
            if outcome is not None:
                await _record_try(connection, event, outcome, work.cause)

        return commit

    async def _post(self, delivery: DeliveryRecord, event: events.DeliveryDue, work: Work) -> TryOutcome:
        if self._under_way[event.org_id] >= MAX_POSTS_PER_ORG:
            raise Unavailable("deliver", "other receivers of this organisation are waited for")
        self._under_way[event.org_id] += 1
        try:
            return await self._answered(delivery, event, work)
        finally:
            self._under_way[event.org_id] -= 1
            if not self._under_way[event.org_id]:
                del self._under_way[event.org_id]

    async def _answered(self, delivery: DeliveryRecord, event: events.DeliveryDue, work: Work) -> TryOutcome:
        secret = self._ring.open("secrets", delivery.secret_encrypted).decode()
        signed = headers(
            secret,
            message_id=str(event.delivery_id),
            timestamp_s=int(work.cause.now.timestamp()),
            body=delivery.payload,
        )
        try:
            response = await self._context.outside.post(delivery.url, delivery.payload, signed, TIMEOUT_S)
        except InputRejected as error:
            return TryOutcome(error=str(error), final=True)
        except Unavailable as error:
            return TryOutcome(error=error.detail)
        if 200 <= response.status < 300:
            return TryOutcome(error=None, response=response)
        return TryOutcome(error=f"answered {response.status}", response=response, final=response.status == GONE_STATUS)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Mark a delivery as failed."""
        if isinstance(event, events.DeliveryDue):
            outcome = TryOutcome(error=f"{reason}: {detail}", final=True)
            await _record_try(connection, event, outcome, cause)


async def _plan_deliveries(connection: Connection, event: NotifiedEvent, cause: Cause) -> None:
    kind = TYPES[type(event)]
    endpoint_ids = await webhooks.lock_subscribers(connection, event.org_id, kind)
    if not endpoint_ids:
        return
    ids = [getattr(event, name, None) for name in ("clip_id", "export_id")]
    labels = await read_labels(connection, event.org_id, event.project_id, *ids)
    body = encode_message(event, event_id=cause.input_id, at=cause.now, labels=labels)
    for endpoint_id in endpoint_ids:
        delivery_id = result_id(cause.input_id, "deliver", str(endpoint_id))
        await webhooks.insert_delivery(
            connection,
            event.org_id,
            delivery_id,
            endpoint_id=endpoint_id,
            project_id=event.project_id,
            event_id=cause.input_id,
            event_type=kind,
            payload=body,
        )
        await _emit_due(connection, event.org_id, event.project_id, delivery_id, 1, cause)


async def _emit_due(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    delivery_id: UUID,
    attempt: int,
    cause: Cause,
    pause_s: float = 0.0,
) -> None:
    due = events.DeliveryDue(org_id=org_id, project_id=project_id, delivery_id=delivery_id, attempt=attempt)
    due_at = cause.now + dt.timedelta(seconds=pause_s) if pause_s else None
    name = codec.type_name(events.DeliveryDue)
    await put(connection, due, cause, event_id=result_id(delivery_id, name, str(attempt)), due_at=due_at)


async def _record_try(connection: Connection, event: events.DeliveryDue, outcome: TryOutcome, cause: Cause) -> None:
    answer = outcome.response
    pause = None
    if outcome.error and not outcome.final:
        spread = (event.delivery_id.int % 1000) / 1000
        pause = next_try(event.attempt, answer.headers if answer else None, spread)
    state = "delivered" if outcome.error is None else "pending" if pause else "failed"
    await webhooks.record_try(
        connection,
        event.org_id,
        event.delivery_id,
        state=state,
        attempt=event.attempt,
        status=answer.status if answer else None,
        error=outcome.error,
        at=cause.now,
    )
    if answer is not None and answer.status == GONE_STATUS:
        await webhooks.disable_endpoint(connection, event.org_id, event.delivery_id, cause.now)
    if pause:
        await _emit_due(
            connection,
            event.org_id,
            event.project_id,
            event.delivery_id,
            event.attempt + 1,
            cause,
            pause.total_seconds(),
        )
