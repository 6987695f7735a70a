"""Ends and changes → DeliveryDue; DeliveryDue, NoticeDue → a signed POST, or a retry."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from uuid import UUID

import msgspec

from core.domain.webhooks.signatures import headers
from core.errors import InputRejected, Unavailable
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services.webhooks import notices
from core.services.webhooks.planning import DueEvent, OutgoingMessage, due_event, plan_deliveries, put_due
from core.storage.labels import read_labels
from core.storage.webhooks import deliveries, endpoints
from core.storage.webhooks.deliveries import AttemptRecord, DeliveryRecord, DeliveryState
from schemas import events
from schemas.version import USER_AGENT
from schemas.webhooks import NOTICES, TYPES, DeliveryExhausted, NotifiedEvent, encode_message
from streams.deliver.backoff import HOLD_S, MAX_AGE_S, MAX_FAILURES_COUNT, endpoint_pause, next_try
from streams.deliver.outcome import TryOutcome, logged_headers, outcome_of, readable
from streams.runtime.context import StageContext
from streams.runtime.stage import Commit, Work

TIMEOUT_S = 15.0
"""Time for the whole answer. Source: Standard Webhooks, "Deliverability" (15 to 30 s)."""
SPREAD_RATIO = 0.1
"""Part of a pause by which postponed deliveries are spread."""


class DeliverStage:
    """Sends events to webhook endpoints, signed, at least once each."""

    name: events.Stage = "deliver"

    def __init__(self, context: StageContext, clock_s: Callable[[], float] = time.monotonic) -> None:
        """``context``: the worker's adapters; ``clock_s`` measures how long a receiver takes."""
        self._context = context
        self._ring = open_key_ring(context.settings)
        self._clock_s = clock_s

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept events that customers can subscribe to, and tries that are due."""
        return isinstance(event, NotifiedEvent | DueEvent)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Plan the deliveries of an event, or make a try; the relay keeps the turns of endpoints."""
        if isinstance(event, DueEvent):
            return await self._try(event, work)
        assert isinstance(event, NotifiedEvent)

        async def commit(connection: Connection) -> None:
            await _plan(connection, event, work.cause)

        return commit

    async def _try(self, event: DueEvent, work: Work) -> Commit:
        now = work.cause.now
        async with org_transaction(self._context.pool, event.org_id) as connection:
            delivery = await deliveries.read_delivery(connection, event.org_id, event.delivery_id, now)
        if delivery is None or delivery.state != "pending" or delivery.replays != event.replays:
            return _commit_nothing
        is_old = now - delivery.opened_at >= dt.timedelta(seconds=MAX_AGE_S)
        wait = None if delivery.disabled_at or is_old else _wait(delivery, now)
        if wait is not None:

            async def postpone(connection: Connection) -> None:
                due_at = now + wait * (1 + SPREAD_RATIO * _spread(event))
                await _postpone(connection, event, delivery, work.cause, due_at)

            return postpone
        if delivery.disabled_at or delivery.paused_at:
            state = "disabled" if delivery.disabled_at else "paused"
            outcome = TryOutcome(error=f"its endpoint is {state}", final=True)
        else:
            outcome = await self._post(delivery, event, work)
        if is_old:
            outcome = msgspec.structs.replace(outcome, final=True)

        async def commit(connection: Connection) -> None:
            await _record(connection, event, outcome, work.cause, delivery)

        return commit

    async def _post(self, delivery: DeliveryRecord, event: DueEvent, work: Work) -> TryOutcome:
        secrets = [self._ring.open("secrets", key.sealed).decode() for key in delivery.keys]
        signed = headers(
            secrets,
            message_id=str(event.delivery_id),
            timestamp_s=int(work.cause.now.timestamp()),
            body=delivery.payload,
        ) | {"user-agent": USER_AGENT}
        began_s = self._clock_s()
        try:
            response = await self._context.outside.post(delivery.url, delivery.payload, signed, TIMEOUT_S)
            outcome = outcome_of(response)
        except InputRejected as error:
            outcome = TryOutcome(error=str(error), final=True)
        except Unavailable as error:
            outcome = TryOutcome(error=error.detail, was_sent=True)
        latency_ms = round((self._clock_s() - began_s) * 1000)
        return msgspec.structs.replace(outcome, request_headers=logged_headers(signed), latency_ms=latency_ms)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Mark a delivery as failed."""
        if isinstance(event, DueEvent):
            outcome = TryOutcome(error=f"{reason}: {detail}", final=True)
            delivery = await deliveries.read_delivery(connection, event.org_id, event.delivery_id, cause.now)
            if delivery is not None:
                await _record(connection, event, outcome, cause, delivery)


def _wait(delivery: DeliveryRecord, now: dt.datetime) -> dt.timedelta | None:
    """How long a delivery waits for its endpoint, which rests or fails; None where it is sent now."""
    if delivery.paused_at is not None:
        return dt.timedelta(seconds=HOLD_S)
    if delivery.paused_until is not None and delivery.paused_until > now:
        return delivery.paused_until - now
    return None


async def _commit_nothing(_: Connection) -> None:
    """Commit nothing: the delivery has ended, or its endpoint was removed."""


async def _postpone(
    connection: Connection, event: DueEvent, delivery: DeliveryRecord, cause: Cause, due_at: dt.datetime
) -> None:
    """Let the same try be due later: nothing was sent, so it was no try."""
    await deliveries.postpone(connection, event.org_id, event.delivery_id, event.replays, due_at)
    name = f"{event.replays}/{event.attempt}"
    await put(connection, event, cause, name=name, due_at=due_at, queue=delivery.endpoint_id)


def _spread(event: DueEvent) -> float:
    return (event.delivery_id.int % 1000) / 1000


async def _plan(connection: Connection, event: NotifiedEvent, cause: Cause) -> None:
    ids = [getattr(event, name, None) for name in ("clip_id", "export_id")]
    labels = await read_labels(connection, event.org_id, event.project_id, *ids)
    message = OutgoingMessage(
        org_id=event.org_id,
        event_id=cause.input_id,
        event_type=TYPES[type(event)],
        payload=encode_message(event, event_id=cause.input_id, at=cause.now, labels=labels),
        project_id=event.project_id,
    )
    await plan_deliveries(connection, message, cause)


async def _record(
    connection: Connection, event: DueEvent, outcome: TryOutcome, cause: Cause, delivery: DeliveryRecord
) -> None:
    """Write how a try went at the delivery, its log and its endpoint, and what follows of it."""
    paused_until = await _note_circuit(connection, event.org_id, outcome, cause, delivery)
    pause = None
    if outcome.error and not outcome.final:
        answer_headers = outcome.response.headers if outcome.response else None
        pause = next_try(event.attempt, cause.now, answer_headers, _spread(event))
        if pause and paused_until is not None:
            pause = max(pause, (paused_until - cause.now) * (1 + SPREAD_RATIO * _spread(event)))
    next_try_at = cause.now + pause if pause else None
    state: DeliveryState = "delivered" if outcome.error is None else "pending" if pause else "failed"
    is_recorded = await deliveries.record_try(
        connection,
        event.org_id,
        event.delivery_id,
        state=state,
        replays=event.replays,
        attempt=event.attempt if outcome.was_tried else event.attempt - 1,
        status=outcome.status,
        error=outcome.error,
        at=cause.now,
        next_try_at=next_try_at,
    )
    if not is_recorded:
        return
    await _log(connection, event, outcome, cause, delivery, next_try_at)
    if next_try_at is not None:
        due = due_event(
            event.org_id, delivery.project_id, event.delivery_id, attempt=event.attempt + 1, replays=event.replays
        )
        await put_due(connection, due, delivery.endpoint_id, cause, due_at=next_try_at)
    elif state == "failed" and _is_news(outcome, delivery):
        await _tell_exhausted(connection, event, outcome, cause, delivery)


def _is_news(outcome: TryOutcome, delivery: DeliveryRecord) -> bool:
    """Whether the failure is worth a notice. A notice that does not arrive makes no further one."""
    is_off = delivery.disabled_at is not None or delivery.paused_at is not None or outcome.is_gone
    return not is_off and delivery.event_type not in NOTICES.values()


async def _log(
    connection: Connection,
    event: DueEvent,
    outcome: TryOutcome,
    cause: Cause,
    delivery: DeliveryRecord,
    next_try_at: dt.datetime | None,
) -> None:
    """Add the try to the log, unless there was nothing to send."""
    if outcome.request_headers is None:
        return
    attempt = AttemptRecord(
        replays=event.replays,
        attempt=event.attempt,
        at=cause.now,
        url=delivery.url,
        request_headers=outcome.request_headers,
        response_status=outcome.status,
        response_body=readable(outcome.response.body) if outcome.response else "",
        error=outcome.error,
        latency_ms=outcome.latency_ms,
        next_try_at=next_try_at,
    )
    await deliveries.insert_attempt(connection, event.org_id, event.delivery_id, attempt)


async def _tell_exhausted(
    connection: Connection, event: DueEvent, outcome: TryOutcome, cause: Cause, delivery: DeliveryRecord
) -> None:
    """Tell the organisation's other endpoints."""
    exhausted = DeliveryExhausted(
        endpoint_id=delivery.endpoint_id,
        url=delivery.url,
        delivery_id=event.delivery_id,
        event_type=delivery.event_type,
        attempt=event.attempt,
        response_status=outcome.status,
        detail=outcome.error or "",
    )
    await notices.notify(connection, event.org_id, exhausted, cause, name=str(event.delivery_id))


async def _note_circuit(
    connection: Connection, org_id: UUID, outcome: TryOutcome, cause: Cause, delivery: DeliveryRecord
) -> dt.datetime | None:
    """Note at the endpoint how a POST went, and disable one that is gone or fails for days.

    Returns:
        Until when it is paused, or None.
    """
    endpoint_id = delivery.endpoint_id
    if outcome.error is None:
        await endpoints.close_circuit(connection, org_id, endpoint_id)
        return None
    if not outcome.was_sent:
        return None
    circuit = await endpoints.count_failure(
        connection,
        org_id,
        endpoint_id,
        at=cause.now,
        most=MAX_FAILURES_COUNT,
        pause_end=cause.now + endpoint_pause(delivery.pauses),
    )
    if outcome.is_gone:
        await notices.disable(connection, org_id, endpoint_id, "gone", cause)
    elif circuit is not None and notices.is_failing(circuit, cause.now):
        await notices.disable(connection, org_id, endpoint_id, "failing", cause)
    return circuit.paused_until if circuit is not None else None
