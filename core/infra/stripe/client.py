"""Stripe's API: the seven calls that billing needs, form-encoded, over HTTPS.

The address is the operator's own choice (https, or a loopback address); redirects are not followed. Neither the key nor
what a customer typed is logged: an error carries Stripe's code and request id.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx2
import msgspec

from core.domain.billing.stripe_rules import StripeRules
from core.domain.billing.subscription_state import Subscription
from core.errors import Busy, Declined, Unavailable
from core.ports.payments import MeteredUse
from core.settings import Settings
from schemas.version import USER_AGENT

PART = "payments"
API_VERSION = "2026-10-28.endive"
MAX_ANSWER_BYTES = 4 * 2**20
TRIES = 3
"""Calls for one question that may be repeated; metered use is sent once, its sender knows when to repeat."""
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 5.0
"""Longest pause within a call; who must wait longer gets Busy."""
BUSY_WAIT_S = 2.0
"""Pause after a 429 without Retry-After."""
MAX_SUBSCRIPTIONS = 100
ALREADY_COUNTED = "already exists with identifier"
"""What Stripe answers, as a 400, to metered use whose identifier it knows."""
NOT_THERE = "resource_missing"
"""Stripe's code for an id that it does not know, or that was deleted."""
Form = Sequence[tuple[str, str]]
AnswerT = TypeVar("AnswerT")
_CODE = re.compile(r"[A-Za-z0-9_]{1,60}")


class _Error(msgspec.Struct):
    code: str = ""
    type: str = ""
    message: str = ""


class _ErrorAnswer(msgspec.Struct):
    error: _Error


class _Made(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    url: str


class _Price(msgspec.Struct):
    id: str


class _Item(msgspec.Struct):
    price: _Price
    current_period_start: int | None = None
    current_period_end: int | None = None


class _Items(msgspec.Struct):
    data: list[_Item]


class _Subscription(msgspec.Struct):
    id: str
    customer: str
    status: str
    start_date: int
    items: _Items
    cancel_at_period_end: bool = False
    cancel_at: int | None = None


class _Subscriptions(msgspec.Struct):
    data: list[_Subscription]


class _Summary(msgspec.Struct):
    id: str
    aggregated_value: float


class _Summaries(msgspec.Struct):
    data: list[_Summary]
    has_more: bool = False


class StripePayments:
    """`Payments` by Stripe."""

    def __init__(
        self,
        rules: StripeRules,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``transport``: in place of the network; ``sleep`` waits between tries."""
        self._timeout_s, self._sleep = rules.timeout_s, sleep
        headers = {
            "Authorization": f"Bearer {rules.key}",
            "Stripe-Version": API_VERSION,
            "User-Agent": USER_AGENT,
        }
        self._client = httpx2.AsyncClient(
            base_url=rules.url.rstrip("/"),
            headers=headers,
            timeout=rules.timeout_s,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def create_customer(self, org_id: UUID, key: str) -> str:
        """Make a customer that knows its organisation's id and nothing else."""
        form = [("metadata[org_id]", str(org_id))]
        return (await self._ask("POST", "/v1/customers", form, _Made, key=key)).id

    async def delete_customer(self, customer_id: str) -> None:
        """Delete a customer; Stripe ends its subscriptions, and keeps invoices as the law asks."""
        path = f"/v1/customers/{quote(customer_id, safe='')}"
        try:
            await self._ask("DELETE", path, [], _Made)
        except Declined as error:
            if NOT_THERE not in str(error):
                raise

    async def create_checkout(
        self, customer_id: str, org_id: UUID, prices: Sequence[str], return_url: str, key: str
    ) -> str:
        """Make a checkout session of a subscription; returns the address of its page."""
        form = [
            ("mode", "subscription"),
            ("customer", customer_id),
            ("client_reference_id", str(org_id)),
            ("success_url", return_url),
            ("cancel_url", return_url),
            ("line_items[0][quantity]", "1"),
            *((f"line_items[{index}][price]", price) for index, price in enumerate(prices)),
        ]
        return (await self._ask("POST", "/v1/checkout/sessions", form, _Page, key=key)).url

    async def create_portal(self, customer_id: str, return_url: str) -> str:
        """Make a session of the billing portal; returns the address of its page."""
        form = [("customer", customer_id), ("return_url", return_url)]
        return (await self._ask("POST", "/v1/billing_portal/sessions", form, _Page)).url

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        """The latest 100 subscriptions of a customer, the ended ones too."""
        form = [("customer", customer_id), ("status", "all"), ("limit", str(MAX_SUBSCRIPTIONS))]
        answer = await self._ask("GET", "/v1/subscriptions", form, _Subscriptions)
        return [_read_subscription(read) for read in answer.data if read.customer == customer_id]

    async def send_use(self, use: MeteredUse) -> None:
        """Send a meter event once.

        Its identifier makes it unique; an Idempotency-Key would keep an error for a day.
        """
        form = [
            ("event_name", use.event_name),
            ("identifier", use.identifier),
            ("timestamp", str(int(use.at.timestamp()))),
            ("payload[stripe_customer_id]", use.customer_id),
            ("payload[value]", str(use.amount)),
        ]
        await self._call("POST", "/v1/billing/meter_events", form, {}, accept=ALREADY_COUNTED)

    async def sum_use(self, meter_id: str, customer_id: str, since: dt.datetime, until: dt.datetime) -> int:
        """Sum of the meter's event summaries of a customer."""
        path = f"/v1/billing/meters/{quote(meter_id, safe='')}/event_summaries"
        form = [
            ("customer", customer_id),
            ("start_time", str(int(since.timestamp()))),
            ("end_time", str(int(until.timestamp()))),
            ("limit", "100"),
        ]
        total, after, more = 0.0, "", True
        while more:
            page = [("starting_after", after)] if after else []
            answer = await self._ask("GET", path, [*form, *page], _Summaries)
            total += sum(summary.aggregated_value for summary in answer.data)
            more = answer.has_more and bool(answer.data)
            after = answer.data[-1].id if answer.data else ""
        if not math.isfinite(total):
            raise Unavailable(PART, "it has summed up what is not a number")
        return round(total)

    async def _ask(self, method: str, path: str, form: Form, answer: type[AnswerT], *, key: str = "") -> AnswerT:
        """Call, again where that may help, and read the answer."""
        headers = {"Idempotency-Key": key} if key else {}
        for turn in range(TRIES):
            try:
                return _decode(await self._call(method, path, form, headers), answer)
            except Unavailable as error:
                pause_s = error.wait_s if isinstance(error, Busy) else FIRST_PAUSE_S * 2**turn
                if turn + 1 == TRIES or pause_s > MAX_PAUSE_S:
                    raise
                await self._sleep(pause_s)
        raise AssertionError

    async def _call(self, method: str, path: str, form: Form, headers: Mapping[str, str], *, accept: str = "") -> bytes:
        """One request; ``accept``: words of a refusal that is a success."""
        content = urlencode(form)
        address = f"{path}?{content}" if method == "GET" and content else path
        body = content.encode() if method == "POST" else None
        all_headers = dict(headers) | (
            {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        )
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(method, address, content=body, headers=all_headers) as response,
            ):
                got = bytearray()
                async for chunk in response.aiter_bytes():
                    got += chunk
                    if len(got) > MAX_ANSWER_BYTES:
                        raise Unavailable(PART, f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
        except TimeoutError:
            raise Unavailable(PART, f"no answer within {self._timeout_s:g} s") from None
        except httpx2.HTTPError as error:
            raise Unavailable(PART, type(error).__name__) from None
        if response.status_code == 200:
            return bytes(got)
        raise_for = _refusal(response, bytes(got), accept)
        if raise_for is None:
            return b""
        raise raise_for


def open_payments(settings: Settings) -> StripePayments | None:
    """The payment service of the settings; None without a key."""
    return StripePayments(settings.stripe) if settings.stripe.key else None


def _refusal(response: httpx2.Response, body: bytes, accept: str) -> Exception | None:
    """The error of an answer that is not 200, or None where the refusal says what ``accept`` says."""
    status = response.status_code
    try:
        error = msgspec.json.decode(body, type=_ErrorAnswer).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        error = _Error()
    if accept and status == 400 and accept in error.message:
        return None
    request_id = response.headers.get("request-id", "")[:60]
    words = [f"status {status}", *(word for word in (error.code or error.type, request_id) if _CODE.fullmatch(word))]
    detail = ", ".join(words)
    if status == 429:
        wait = response.headers.get("retry-after", "")
        return Busy(PART, detail, float(wait) if wait.isascii() and wait.isdigit() else BUSY_WAIT_S)
    if status in (408, 409, 424) or status >= 500 or status < 400:
        return Unavailable(PART, detail)
    return Declined(detail)


def _decode(body: bytes, answer: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(body, type=answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Declined(f"its answer has another shape: {error}") from None


def _read_subscription(read: _Subscription) -> Subscription:
    first = next((item for item in read.items.data if item.current_period_end is not None), None)
    return Subscription(
        id=read.id,
        customer_id=read.customer,
        state=read.status,
        price_ids=tuple(item.price.id for item in read.items.data),
        started_at=_time(read.start_date),
        period_from=_time(first.current_period_start) if first and first.current_period_start is not None else None,
        period_until=_time(first.current_period_end) if first and first.current_period_end is not None else None,
        ends_with_period=read.cancel_at_period_end or read.cancel_at is not None,
    )


def _time(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
