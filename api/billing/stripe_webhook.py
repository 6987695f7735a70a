"""Events of Stripe: signed, each with one effect, in any order.

An event names a customer. What holds for the customer is then asked of Stripe itself; nothing else of the event counts.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api.billing.checkout import require_payments
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem
from core.errors import Declined, Unavailable
from core.infra.postgres.connection import org_transaction, transaction
from core.infra.stripe.signatures import check_signature
from core.services.billing.subscriptions import apply_subscriptions
from core.storage.billing.billing_accounts import add_event, count_question, find_organisation, is_event_known

SUBJECTS = ("customer.subscription.", "invoice.", "checkout.session.")
"""What the types of events begin with that may say something of a subscription."""


class _Subject(msgspec.Struct):
    customer: Any = None
    """An id; an object where the event was configured to hold it; null of what has no customer."""


class _Data(msgspec.Struct):
    object: _Subject


class _Event(msgspec.Struct):
    id: str
    type: str
    data: _Data


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to an event."""

    handled: bool
    """Whether it had an effect; one that came before, or is about nothing here, has none."""


async def receive_event(call: Call[None, None]) -> Reply:
    """Take an event of Stripe, by its `Stripe-Signature`, at most 300 s old."""
    payments, context = require_payments(call), call.context
    event = _read_event(call, await call.request.body())
    customer_id = _customer_of(event)
    if customer_id is None:
        return Reply(body=ReceivedEvent(handled=False))
    async with transaction(context.pool) as rows:
        org_id = await find_organisation(rows, customer_id)
    if org_id is None:
        return Reply(body=ReceivedEvent(handled=False))
    async with org_transaction(context.pool, org_id) as rows:
        if await is_event_known(rows, org_id, event.id):
            return Reply(body=ReceivedEvent(handled=False))
        question = await count_question(rows, org_id)
    try:
        subscriptions = await payments.list_subscriptions(customer_id)
    except Declined as error:  # Stripe repeats the event: by then the key may be right again
        raise Unavailable("payments", str(error)) from None
    async with org_transaction(context.pool, org_id) as rows:
        if not await add_event(rows, org_id, event.id, call.now):
            return Reply(body=ReceivedEvent(handled=False))
        await apply_subscriptions(rows, org_id, subscriptions, question, context.settings.stripe, call.now)
    return Reply(body=ReceivedEvent(handled=True))


def _read_event(call: Call[Any, Any], body: bytes) -> _Event:
    """The signed event. Who sends many with wrong signatures is slowed, by address."""
    header, secrets = call.request.headers.get("stripe-signature", ""), call.context.settings.stripe.webhook_secret
    try:
        check_signature(body, header, secrets, call.now)
    except ValueError as error:
        call.context.refusals.require(call.request.client.host if call.request.client else "unknown")
        raise ApiProblem("signature-invalid", str(error)) from None
    try:
        return msgspec.json.decode(body, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ApiProblem("malformed-request", "The body is not an event.") from None


def _customer_of(event: _Event) -> str | None:
    customer = event.data.object.customer
    customer_id = customer.get("id") if isinstance(customer, dict) else customer
    is_text = isinstance(customer_id, str) and 0 < len(customer_id) <= 255 and "\0" not in customer_id
    is_ours = is_text and event.type.startswith(SUBJECTS) and 0 < len(event.id) <= 255 and "\0" not in event.id
    return customer_id if is_ours else None


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/billing/stripe-events",
        name="receiveStripeEvent",
        unaudited="a plan that changes by it appends `plan.changed`, of the system",
        tag="billing",
        permission="public",
        summary="Take an event of Stripe",
        handler=receive_event,
        transactional=False,
        response=ReceivedEvent,
        problems=("payments-off", "signature-invalid", "malformed-request", "rate-limited", "unavailable"),
    ),
)
