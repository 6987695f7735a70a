"""Metered use: what the ledger holds becomes rows by closed hours, and each row is billed once.

The payment service counts an identifier once within 24 hours, and may count it again afterwards. So a try is noted
before it is made; a row whose try may have been accepted is sent again under the same identifier for 23 hours. After
that the service's own sums of the hour are read, and only what they lack is sent, under a new identifier. Runs as the
relay's role.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from core.domain.billing.price_catalogue import MeterName, PriceCatalogue
from core.errors import Busy, Declined, Unavailable
from core.infra.postgres.connection import Connection, Pool, org_transaction, transaction
from core.ports.payments import MeteredUse, Payments
from core.services.billing.quotas import MS_PER_MINUTE
from core.storage.billing.billing_accounts import end_lease, lease_sending
from core.storage.billing.meter_events import (
    MeterEvent,
    add_meter_event,
    begin_try,
    end_meter_event,
    list_counted,
    list_due,
    list_senders,
    list_uncounted,
    lock_counting,
    postpone,
    revise,
    sum_hours,
    sum_sent,
    write_counting,
)

HOUR = dt.timedelta(hours=1)
SETTLE = dt.timedelta(minutes=5)
"""An hour is counted this long after it closed."""
LATE = dt.timedelta(hours=48)
"""Counted hours are looked at again for as long: an entry may be committed after its hour was counted."""
SAME_IDENTIFIER = dt.timedelta(hours=23)
"""Time in which an identifier that may have been accepted is sent again."""
SUM_LAG = dt.timedelta(hours=1)
"""The service's sums may lag behind: they are not read sooner after the last try."""
MAX_AGE = dt.timedelta(days=35) - HOUR
"""Older use is refused by the service."""
LEASE = dt.timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=30), dt.timedelta(hours=1)
MAX_CUSTOMERS = 500
"""Customers of one round."""
METERS: Mapping[str, MeterName] = {"source_ms": "source_minutes", "exports": "exports"}
"""Kind of the ledger's entries → meter."""
Clock = Callable[[], dt.datetime]


async def count_hours(pool: Pool, catalogue: PriceCatalogue, now: dt.datetime) -> int:
    """Count every closed hour of every customer that is not counted; returns the number of new rows."""
    closed = _hour(now - SETTLE)
    async with transaction(pool) as connection:
        org_ids = await list_uncounted(connection, closed)
    added = 0
    for org_id in org_ids:
        async with org_transaction(pool, org_id) as connection:
            added += await _count(connection, org_id, catalogue, closed, now)
    return added


async def _count(
    connection: Connection, org_id: UUID, catalogue: PriceCatalogue, closed: dt.datetime, now: dt.datetime
) -> int:
    metered_from, counted_until, carried_ms = await lock_counting(connection, org_id)
    if counted_until is not None and counted_until >= closed:
        return 0
    since = metered_from if counted_until is None else max(metered_from, counted_until - LATE)
    kinds = [kind for kind, meter in METERS.items() if meter in catalogue.meters]
    counted = await list_counted(connection, org_id, _hour(since))
    added = 0
    for sums in await sum_hours(connection, org_id, kinds, since, closed):
        meter = METERS[sums.kind]
        quantity, part = counted.get((meter, sums.hour), (0, 0))
        more = sums.quantity - quantity
        if more <= 0:
            continue
        value = more
        if meter == "source_minutes":
            value, carried_ms = divmod(carried_ms + more, MS_PER_MINUTE)
        await add_meter_event(
            connection,
            org_id,
            meter,
            sums.hour,
            part + 1,
            quantity=more,
            value=value,
            at=sums.last_at,
            identifier=_identifier(org_id, meter, sums.hour, part + 1, 0),
            now=now,
        )
        added += 1
    await write_counting(connection, org_id, closed, carried_ms)
    return added


class UseSender:
    """Sends what is due: one call at a time for each customer, whatever the number of processes."""

    def __init__(
        self,
        pool: Pool,
        payments: Payments,
        catalogue: PriceCatalogue,
        clock: Clock,
        count: Callable[[MeterName], None],
    ) -> None:
        """``count`` is called for each row that was sent."""
        self._pool, self._payments, self._catalogue = pool, payments, catalogue
        self._clock, self._count = clock, count

    async def send_all(self) -> dt.timedelta:
        """Send what is due of every customer; returns how long the service wants to be left alone.

        Raises Unavailable where Postgres is away.
        """
        async with transaction(self._pool) as connection:
            org_ids = await list_senders(connection, self._clock(), MAX_CUSTOMERS)
        for org_id in org_ids:
            wait = await self._send_customer(org_id)
            if wait:
                return wait
        return dt.timedelta()

    async def _send_customer(self, org_id: UUID) -> dt.timedelta:
        now = self._clock()
        async with org_transaction(self._pool, org_id) as connection:
            customer_id = await lease_sending(connection, org_id, now, now + LEASE)
            events = await list_due(connection, org_id, now) if customer_id is not None else []
        if customer_id is None:
            return dt.timedelta()
        try:
            for event in events:
                if self._clock() > now + LEASE / 2:
                    break
                if event.meter not in self._catalogue.meters:
                    await self._postpone(org_id, event, LONGEST_PAUSE, "the settings name no such meter")
                    continue
                try:
                    await self._send(org_id, customer_id, event)
                except Busy as error:
                    return dt.timedelta(seconds=max(error.wait_s, 1.0))
                except Unavailable:
                    break
        finally:
            async with org_transaction(self._pool, org_id) as connection:
                await end_lease(connection, org_id, now + LEASE)
        return dt.timedelta()

    async def _send(self, org_id: UUID, customer_id: str, event: MeterEvent) -> None:
        """Send a row, or find that it was counted.

        Raises Busy and Unavailable, once the row waits for its next try.
        """
        now = self._clock()
        is_too_old = now - event.at > MAX_AGE
        if event.first_tried_at is not None and (is_too_old or now - event.first_tried_at > SAME_IDENTIFIER):
            compared = await self._compare(org_id, customer_id, event)
            if compared is None:
                return
            event = compared
        if is_too_old:
            structlog.get_logger().error(
                "use is too old to be billed", org_id=str(org_id), meter=event.meter, hour=event.hour, value=event.value
            )
            await self._end(org_id, event, "held", "older than 35 days")
            return
        async with org_transaction(self._pool, org_id) as connection:
            await begin_try(connection, org_id, event, now)
        use = MeteredUse(
            event_name=self._catalogue.meters[event.meter].event_name,
            customer_id=customer_id,
            identifier=event.identifier,
            amount=event.amount,
            at=event.at,
        )
        try:
            await self._payments.send_use(use)
        except Busy as error:
            await self._postpone(org_id, event, dt.timedelta(seconds=max(error.wait_s, 1.0)), error.detail)
            raise
        except Unavailable as error:
            await self._postpone(org_id, event, _pause(event), error.detail, first_tried_at=event.first_tried_at or now)
            raise
        except Declined as error:
            structlog.get_logger().error(
                "use is refused", org_id=str(org_id), meter=event.meter, hour=event.hour, reason=str(error)
            )
            await self._postpone(org_id, event, _pause(event), str(error))
            return
        await self._end(org_id, event, "sent")
        self._count(event.meter)

    async def _compare(self, org_id: UUID, customer_id: str, event: MeterEvent) -> MeterEvent | None:
        """What is left to send of a row that may have been counted.

        None where it is nothing, or not known yet.
        """
        async with org_transaction(self._pool, org_id) as connection:
            accepted, last_tried_at = await sum_sent(connection, org_id, event)
        if last_tried_at is not None and (left := last_tried_at + SUM_LAG - self._clock()) > dt.timedelta():
            await self._postpone(org_id, event, left, "its sum is read later")
            return None
        meter = self._catalogue.meters[event.meter]
        try:
            counted = await self._payments.sum_use(meter.id, customer_id, event.hour, event.hour + HOUR)
        except Unavailable as error:
            await self._postpone(org_id, event, _pause(event), error.detail)
            raise
        except Declined as error:
            structlog.get_logger().error("sums are refused", org_id=str(org_id), meter=event.meter, reason=str(error))
            await self._postpone(org_id, event, LONGEST_PAUSE, str(error))
            return None
        if counted < accepted:  # what was surely accepted is not in the sum
            await self._postpone(org_id, event, SUM_LAG, "its sum lags behind")
            return None
        missing = accepted + event.value - counted
        if missing <= 0:
            if missing < 0:
                structlog.get_logger().error(
                    "more use is counted than was sent", org_id=str(org_id), meter=event.meter, hour=event.hour
                )
            await self._end(org_id, event, "sent", "counted, by its sum")
            self._count(event.meter)
            return None
        revision = event.revision + 1
        identifier = _identifier(org_id, event.meter, event.hour, event.part, revision)
        async with org_transaction(self._pool, org_id) as connection:
            await revise(connection, org_id, event, identifier, missing)
        return MeterEvent(
            meter=event.meter,
            hour=event.hour,
            part=event.part,
            value=event.value,
            at=event.at,
            identifier=identifier,
            revision=revision,
            amount=missing,
            tries=event.tries,
            first_tried_at=None,
            last_tried_at=None,
        )

    async def _end(self, org_id: UUID, event: MeterEvent, state: str, reason: str = "") -> None:
        async with org_transaction(self._pool, org_id) as connection:
            await end_meter_event(connection, org_id, event, "sent" if state == "sent" else "held", reason)

    async def _postpone(
        self,
        org_id: UUID,
        event: MeterEvent,
        pause: dt.timedelta,
        reason: str,
        *,
        first_tried_at: dt.datetime | None = None,
    ) -> None:
        """Try later; an earlier try of the row that may have been accepted still may."""
        async with org_transaction(self._pool, org_id) as connection:
            first = first_tried_at or event.first_tried_at
            await postpone(connection, org_id, event, self._clock() + pause, reason[:200], first_tried_at=first)


def _pause(event: MeterEvent) -> dt.timedelta:
    return min(FIRST_PAUSE * float(2 ** min(event.tries, 10)), LONGEST_PAUSE)


def _hour(at: dt.datetime) -> dt.datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _identifier(org_id: UUID, meter: MeterName, hour: dt.datetime, part: int, revision: int) -> str:
    return f"{meter}-{org_id.hex}-{hour:%Y%m%dT%H}-{part}-{revision}"
