"""What the stand-in knows: customers, subscriptions, meter events, and events to report. No network."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Clock = Callable[[], dt.datetime]
Form = Mapping[str, str]
UNIQUE = dt.timedelta(hours=24)
"""Time for which an identifier counts once, and an Idempotency-Key gives its first answer."""
MAX_AGE, MAX_AHEAD = dt.timedelta(days=35), dt.timedelta(minutes=5)
MONTH = dt.timedelta(days=30)


class StripeError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, *, code: str = "", kind: str = "invalid_request_error") -> None:
        """``code`` and ``kind`` are Stripe's."""
        super().__init__(message)
        self.status, self.message, self.code, self.kind = status, message, code, kind


class CountedUse(msgspec.Struct, frozen=True, kw_only=True):
    """A meter event that was accepted."""

    event_name: str
    identifier: str
    customer: str
    value: int
    at: dt.datetime
    accepted_at: dt.datetime


class Books:
    """State of one account at Stripe."""

    def __init__(self, clock: Clock, *, meters: Mapping[str, str], sum_lag: dt.timedelta = dt.timedelta(0)) -> None:
        """``meters``: id → event name; ``sum_lag``: how late summaries know of an event."""
        self.clock, self.meters, self.sum_lag = clock, meters, sum_lag
        self.customers: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.use: list[CountedUse] = []
        self.events: list[dict[str, Any]] = []
        self._last_accepted: dict[str, dt.datetime] = {}
        self._numbers = 0

    def new_id(self, prefix: str) -> str:
        """An id as Stripe makes them."""
        self._numbers += 1
        return f"{prefix}_standin{self._numbers:06d}"

    def now(self) -> int:
        """The clock, in seconds."""
        return int(self.clock().timestamp())

    def create_customer(self, form: Form) -> dict[str, Any]:
        """A customer with the metadata of the form."""
        customer: dict[str, Any] = {
            "id": self.new_id("cus"),
            "object": "customer",
            "created": self.now(),
            "livemode": False,
            "metadata": {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")},
        }
        self.customers[customer["id"]] = customer
        return customer

    def delete_customer(self, customer_id: str) -> dict[str, Any]:
        """Delete a customer, and end its subscriptions."""
        self._customer({"customer": customer_id})
        del self.customers[customer_id]
        for subscription_id, subscription in self.subscriptions.items():
            if subscription["customer"] == customer_id and subscription["status"] != "canceled":
                self.change(subscription_id, status="canceled")
        return {"id": customer_id, "object": "customer", "deleted": True}

    def create_session(self, form: Form, url: str) -> dict[str, Any]:
        """A checkout session; the page at its address buys the subscription."""
        customer = self._customer(form)
        if form.get("mode") != "subscription":
            raise StripeError(400, "Only subscriptions are sold here.", code="parameter_invalid")
        prices = [value for name, value in sorted(form.items()) if name.endswith("][price]")]
        if not prices:
            raise StripeError(400, "Missing required param: line_items.", code="parameter_missing")
        session: dict[str, Any] = {
            "id": self.new_id("cs_test"),
            "object": "checkout.session",
            "customer": customer,
            "client_reference_id": form.get("client_reference_id"),
            "mode": "subscription",
            "status": "open",
            "subscription": None,
            "livemode": False,
            "url": "",
        }
        session["url"] = f"{url}/pay/{session['id']}"
        self.sessions[session["id"]] = session | {"prices": prices}
        return session

    def create_portal(self, form: Form, url: str) -> dict[str, Any]:
        """A session of the billing portal."""
        portal_id = self.new_id("bps")
        return {
            "id": portal_id,
            "object": "billing_portal.session",
            "customer": self._customer(form),
            "created": self.now(),
            "livemode": False,
            "return_url": form.get("return_url"),
            "url": f"{url}/portal/{portal_id}",
        }

    def pay(self, session_id: str) -> dict[str, Any]:
        """Complete a checkout session as its page does; returns the subscription."""
        session = self.sessions[session_id]
        if session["status"] != "open":
            raise StripeError(400, "The session is not open.", code="checkout_session_not_open")
        subscription = self.subscribe(session["customer"], session["prices"])
        session |= {"status": "complete", "subscription": subscription["id"]}
        self._report("checkout.session.completed", {name: session[name] for name in session if name != "prices"})
        return subscription

    def subscribe(self, customer: str, prices: list[str], state: str = "active") -> dict[str, Any]:
        """A new subscription."""
        start = self.now()
        period = {"current_period_start": start, "current_period_end": start + int(MONTH.total_seconds())}
        items = [
            {"id": self.new_id("si"), "object": "subscription_item", "price": {"id": price, "object": "price"}} | period
            for price in prices
        ]
        subscription: dict[str, Any] = {
            "id": self.new_id("sub"),
            "object": "subscription",
            "customer": customer,
            "status": state,
            "start_date": start,
            "cancel_at_period_end": False,
            "cancel_at": None,
            "livemode": False,
            "items": {"object": "list", "data": items, "has_more": False},
        }
        self.subscriptions[subscription["id"]] = subscription
        self._report("customer.subscription.created", subscription)
        self._report("invoice.paid" if state == "active" else "invoice.payment_failed", self._invoice(subscription))
        return subscription

    def change(self, subscription_id: str, **changes: Any) -> None:
        """Change a subscription, and report it; ``status="canceled"`` ends it."""
        subscription = self.subscriptions[subscription_id]
        prices = changes.pop("prices", None)
        subscription |= changes
        if prices is not None:
            period = {name: value for name, value in subscription["items"]["data"][0].items() if "period" in name}
            subscription["items"]["data"] = [
                {"id": self.new_id("si"), "object": "subscription_item", "price": {"id": price, "object": "price"}}
                | period
                for price in prices
            ]
        state = subscription["status"]
        self._report(f"customer.subscription.{'deleted' if state == 'canceled' else 'updated'}", subscription)
        if state in ("past_due", "unpaid"):
            self._report("invoice.payment_failed", self._invoice(subscription))

    def list_subscriptions(self, form: Form) -> list[dict[str, Any]]:
        """Subscriptions of a customer, the newest first."""
        customer, state = self._customer(form), form.get("status")
        subscriptions = [entry for entry in self.subscriptions.values() if entry["customer"] == customer]
        if state != "all":
            subscriptions = [
                entry for entry in subscriptions if entry["status"] != "canceled" and state in (None, entry["status"])
            ]
        return subscriptions[::-1]

    def add_use(self, form: Form) -> dict[str, Any]:
        """Accept a meter event, once for each identifier while it is unique."""
        name, identifier = form.get("event_name", ""), form.get("identifier") or self.new_id("evt")
        customer, text = form.get("payload[stripe_customer_id]", ""), form.get("payload[value]", "")
        now = self.clock()
        at = dt.datetime.fromtimestamp(int(form.get("timestamp", self.now())), dt.UTC)
        if name not in self.meters.values():
            raise StripeError(400, f"No active meter found for event name {name}.", code="no_meter")
        if customer not in self.customers or not text.isdigit():
            raise StripeError(400, "The payload is not usable.", code="meter_event_invalid_value")
        if len(identifier) > 100 or not now - MAX_AGE <= at <= now + MAX_AHEAD:
            raise StripeError(400, "The timestamp must be within the past 35 days.", code="timestamp_too_far_in_past")
        last = self._last_accepted.get(identifier)
        if last is not None and now - last < UNIQUE:
            raise StripeError(400, f"An event already exists with identifier {identifier}.")
        self._last_accepted[identifier] = now
        self.use.append(
            CountedUse(
                event_name=name, identifier=identifier, customer=customer, value=int(text), at=at, accepted_at=now
            )
        )
        return {
            "object": "billing.meter_event",
            "created": self.now(),
            "event_name": name,
            "identifier": identifier,
            "livemode": False,
            "payload": {"stripe_customer_id": customer, "value": text},
            "timestamp": int(at.timestamp()),
        }

    def sum_use(self, meter_id: str, form: Form) -> list[dict[str, Any]]:
        """Summaries of a meter; what was accepted within the lag is not in them yet."""
        name = self.meters.get(meter_id)
        if name is None:
            raise StripeError(404, f"No such meter: {meter_id}", code="resource_missing")
        customer, since, until = self._customer(form), int(form["start_time"]), int(form["end_time"])
        if since % 60 or until % 60:
            raise StripeError(400, "Times must be aligned with minutes.", code="parameter_invalid")
        values = [
            use.value
            for use in self.use
            if use.event_name == name and use.customer == customer
            and since <= use.at.timestamp() < until and use.accepted_at + self.sum_lag <= self.clock()
        ]  # fmt: skip
        if not values:
            return []
        return [
            {
                "id": f"mtrusg_{meter_id}_{since}",
                "object": "billing.meter_event_summary",
                "aggregated_value": float(sum(values)),
                "start_time": since,
                "end_time": until,
                "livemode": False,
                "meter": meter_id,
            }
        ]

    def sum_billed(self, customer: str, event_name: str) -> int:
        """Everything that was counted for a customer."""
        return sum(use.value for use in self.use if use.customer == customer and use.event_name == event_name)

    def _customer(self, form: Form) -> str:
        customer = form.get("customer", "")
        if customer not in self.customers:
            raise StripeError(400, f"No such customer: '{customer}'", code="resource_missing")
        return customer

    def _invoice(self, subscription: Mapping[str, Any]) -> dict[str, Any]:
        details = {"type": "subscription_details", "subscription_details": {"subscription": subscription["id"]}}
        return {
            "id": self.new_id("in"),
            "object": "invoice",
            "customer": subscription["customer"],
            "livemode": False,
            "parent": details,
        }

    def _report(self, kind: str, subject: Mapping[str, Any]) -> None:
        self.events.append({
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": self.now(),
            "livemode": False,
            "type": kind,
            "data": {"object": msgspec.json.decode(msgspec.json.encode(subject))},
        })  # fmt: skip


def sign_event(event: Mapping[str, Any], secret: str, at: dt.datetime) -> tuple[bytes, str]:
    """Body and ``Stripe-Signature`` of an event."""
    body, time = msgspec.json.encode(event), str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), time.encode() + b"." + body, "sha256").hexdigest()
    return body, f"t={time},v1={signature},v0={'0' * 64}"
