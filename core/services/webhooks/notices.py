"""Notices about endpoints: disabled, or a delivery that never arrived.

They go to the organisation's other endpoints that ask for them; who may change endpoints is also told in person.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause
from core.services.webhooks.planning import OutgoingMessage, plan_deliveries
from core.storage.notifications.outbox import insert_notification
from core.storage.webhooks import endpoints
from schemas.ids import result_id
from schemas.webhooks import NOTICES, DeliveryExhausted, DisabledReason, EndpointDisabled, encode_notice

FAILING_DAYS = 5
"""Days of nothing but failures after which an endpoint is disabled. Source: Standard Webhooks, "Deliverability"."""
LEAST_FAILURES_COUNT = 10
"""Tries in a row that must have failed meanwhile: two failures a week apart say little."""


def is_failing(circuit: endpoints.Circuit, now: dt.datetime) -> bool:
    """Whether an endpoint has failed long enough to be disabled."""
    is_long = now - circuit.failing_since >= dt.timedelta(days=FAILING_DAYS)
    return is_long and circuit.failures >= LEAST_FAILURES_COUNT


async def disable(
    connection: Connection, org_id: UUID, endpoint_id: UUID, reason: DisabledReason, cause: Cause
) -> None:
    """Disable an endpoint and tell of it; one that is disabled already stays so."""
    row = await endpoints.disable_endpoint(connection, org_id, endpoint_id, reason=reason, at=cause.now)
    if row is None:
        return
    disabled = EndpointDisabled(
        endpoint_id=endpoint_id,
        url=row["url"],
        reason=reason,
        failing_since=row["failing_since"],
        disabled_at=cause.now,
    )
    await notify(connection, org_id, disabled, cause, name=str(endpoint_id))
    await insert_notification(
        connection,
        result_id(cause.input_id, "notification", f"webhook.disabled/{endpoint_id}"),
        kind="webhook.disabled",
        at=cause.now,
        org_id=org_id,
        subject_id=endpoint_id,
        details={"reason": reason},
    )


async def notify(
    connection: Connection, org_id: UUID, notice: EndpointDisabled | DeliveryExhausted, cause: Cause, *, name: str
) -> None:
    """Tell the organisation's other endpoints; ``name`` tells notices of one cause apart."""
    event_type = NOTICES[type(notice)]
    event_id = result_id(cause.input_id, event_type, name)
    payload = encode_notice(notice, event_id=event_id, at=cause.now)
    message = OutgoingMessage(org_id=org_id, event_id=event_id, event_type=event_type, payload=payload)
    await plan_deliveries(connection, message, cause, without=(notice.endpoint_id,))
