"""Ends and changes of projects, clips, exports → DeliveryDue; DeliveryDue → a signed POST, or a retry."""

from __future__ import annotations

import datetime as dt
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
from streams.deliver.backoff import MAX_AGE_S, MAX_FAILURES_COUNT, endpoint_pause, next_try
from streams.deliver.signature import headers
from streams.runtime.context import StageContext
from streams.runtime.stage import Commit, Work

TIMEOUT_S = 10.0
GONE_STATUS = 410
SPREAD_RATIO = 0.1
"""Part of a pause by which postponed deliveries are spread."""


class TryOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one try. ``response`` is None without an answer."""

    error: str | None
    response: Response | None = None
    final: bool = False
    was_sent: bool = False
    """Whether a POST was made, or tried: what the endpoint's circuit counts."""


class DeliverStage:
    """Sends events to webhook endpoints, signed, at least once each."""

    name: events.Stage = "deliver"

    def __init__(self, context: StageContext) -> None:
        """``context``: the worker's adapters."""
        self._context = context
        self._ring = open_key_ring(context.settings)

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept events that customers can subscribe to, and tries that are due."""
        return isinstance(event, NotifiedEvent | events.DeliveryDue)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Plan the deliveries of an event, or make a try; the relay keeps the turns of endpoints."""
        if isinstance(event, events.DeliveryDue):
            return await self._try(event, work)
        assert isinstance(event, NotifiedEvent)

        async def commit(connection: Connection) -> None:
            await _plan_deliveries(connection, event, work.cause)

        return commit

    async def _try(self, event: events.DeliveryDue, work: Work) -> Commit:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            delivery = await webhooks.read_delivery(connection, event.org_id, event.delivery_id)
        if delivery is None or delivery.state != "pending":
            return _commit_nothing
        is_old = work.cause.now - delivery.created_at >= dt.timedelta(seconds=MAX_AGE_S)
        if not delivery.disabled_at and not is_old and _is_paused(delivery, work.cause.now):

            async def postpone(connection: Connection) -> None:
                await _postpone(connection, event, delivery, work.cause)

            return postpone
        gone_outcome = TryOutcome(error="its receiver said that it is gone", final=True)
        outcome = gone_outcome if delivery.disabled_at else await self._post(delivery, event, work)
        if is_old:
            outcome = msgspec.structs.replace(outcome, final=True)

        async def commit(connection: Connection) -> None:
            await _record_try(connection, event, outcome, work.cause, delivery)

        return commit

    async def _post(self, delivery: DeliveryRecord, event: events.DeliveryDue, work: Work) -> TryOutcome:
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
            return TryOutcome(error=error.detail, was_sent=True)
        if 200 <= response.status < 300:
            return TryOutcome(error=None, response=response)
        is_gone = response.status == GONE_STATUS
        return TryOutcome(error=f"answered {response.status}", response=response, final=is_gone, was_sent=True)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Mark a delivery as failed."""
        if isinstance(event, events.DeliveryDue):
            outcome = TryOutcome(error=f"{reason}: {detail}", final=True)
            delivery = await webhooks.read_delivery(connection, event.org_id, event.delivery_id)
            if delivery is not None:
                await _record_try(connection, event, outcome, cause, delivery)


def _is_paused(delivery: DeliveryRecord, now: dt.datetime) -> bool:
    return delivery.paused_until is not None and delivery.paused_until > now


async def _commit_nothing(_: Connection) -> None:
    """Commit nothing: the delivery has ended, or its endpoint was removed."""


async def _postpone(connection: Connection, event: events.DeliveryDue, delivery: DeliveryRecord, cause: Cause) -> None:
    """Let the same try be due after the endpoint's pause: nothing was sent, so it was no try."""
    assert delivery.paused_until is not None
    left_s = (delivery.paused_until - cause.now).total_seconds()
    due_at = cause.now + dt.timedelta(seconds=left_s * (1 + SPREAD_RATIO * _spread(event)))
    await put(connection, event, cause, name=str(event.attempt), due_at=due_at, queue=delivery.endpoint_id)


def _spread(event: events.DeliveryDue) -> float:
    return (event.delivery_id.int % 1000) / 1000


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
        await _emit_due(connection, event.org_id, event.project_id, delivery_id, endpoint_id, 1, cause)


async def _emit_due(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    delivery_id: UUID,
    endpoint_id: UUID,
    attempt: int,
    cause: Cause,
    pause_s: float = 0.0,
) -> None:
    delivery_due = events.DeliveryDue(org_id=org_id, project_id=project_id, delivery_id=delivery_id, attempt=attempt)
    due_at = cause.now + dt.timedelta(seconds=pause_s) if pause_s else None
    name = codec.type_name(events.DeliveryDue)
    identity = result_id(delivery_id, name, str(attempt))
    await put(connection, delivery_due, cause, event_id=identity, due_at=due_at, queue=endpoint_id)


async def _record_try(
    connection: Connection, event: events.DeliveryDue, outcome: TryOutcome, cause: Cause, delivery: DeliveryRecord
) -> None:
    answer = outcome.response
    pause = None
    paused_until = await _note_circuit(connection, event.org_id, outcome, cause, delivery)
    if outcome.error and not outcome.final:
        pause = next_try(event.attempt, answer.headers if answer else None, _spread(event))
        if pause and paused_until is not None:
            pause = max(pause, (paused_until - cause.now) * (1 + SPREAD_RATIO * _spread(event)))
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
            delivery.endpoint_id,
            event.attempt + 1,
            cause,
            pause.total_seconds(),
        )


async def _note_circuit(
    connection: Connection, org_id: UUID, outcome: TryOutcome, cause: Cause, delivery: DeliveryRecord
) -> dt.datetime | None:
    """Note at the endpoint how a POST went; returns until when it is paused, or None."""
    if outcome.error is None:
        await webhooks.close_circuit(connection, org_id, delivery.endpoint_id)
        return None
    if not outcome.was_sent:
        return None
    return await webhooks.count_failure(
        connection,
        org_id,
        delivery.endpoint_id,
        at=cause.now,
        most=MAX_FAILURES_COUNT,
        pause_end=cause.now + endpoint_pause(delivery.pauses),
    )
