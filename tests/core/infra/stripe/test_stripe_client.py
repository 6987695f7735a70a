"""What is sent to Stripe, and what its answers mean."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl
from uuid import UUID

import httpx2
import pytest

from core.domain.billing.stripe_rules import StripeRules
from core.errors import Busy, Declined, Unavailable
from core.infra.stripe.client import API_VERSION, StripePayments
from core.ports.payments import MeteredUse

ORG = UUID("11111111-1111-5111-8111-111111111111")
AT = dt.datetime(2026, 11, 25, 10, 30, tzinfo=dt.UTC)
USE = MeteredUse(event_name="exports", customer_id="cus_1", identifier="exports-1", amount=7, at=AT)


class Wire:
    """Plays answers, and keeps what was sent and how long was waited."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers, self.requests, self.pauses = list(answers), list[httpx2.Request](), list[float]()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> StripePayments:
        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)

        rules = StripeRules(key="sk_test_1", url="https://stripe.example/")
        return StripePayments(rules, transport=httpx2.MockTransport(self.answer), sleep=sleep)


def error(status: int, message: str = "no", code: str = "", **headers: str) -> httpx2.Response:
    body = {"error": {"type": "invalid_request_error", "code": code, "message": message}}
    return httpx2.Response(
        status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


async def test_a_call_is_a_form_with_key_and_version() -> None:
    wire = Wire(httpx2.Response(200, json={"id": "cus_1", "object": "customer"}))
    assert await wire.client().create_customer(ORG, "once") == "cus_1"
    (request,) = wire.requests
    assert (request.method, str(request.url)) == ("POST", "https://stripe.example/v1/customers")
    assert dict(parse_qsl(request.content.decode())) == {"metadata[org_id]": str(ORG)}
    assert request.headers["idempotency-key"] == "once"
    assert request.headers["stripe-version"] == API_VERSION
    assert request.headers["authorization"] == "Bearer sk_test_1"


async def test_metered_use_is_sent_once_as_text() -> None:
    wire = Wire(httpx2.Response(200, json={"object": "billing.meter_event"}))
    await wire.client().send_use(USE)
    assert dict(parse_qsl(wire.requests[0].content.decode())) == {
        "event_name": "exports",
        "identifier": "exports-1",
        "timestamp": str(int(AT.timestamp())),
        "payload[stripe_customer_id]": "cus_1",
        "payload[value]": "7",
    }
    assert "idempotency-key" not in wire.requests[0].headers


async def test_a_known_identifier_is_a_success() -> None:
    wire = Wire(error(400, "An event already exists with identifier exports-1."))
    await wire.client().send_use(USE)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "Invalid value."), Declined),
        (error(401), Declined),
        (error(404), Declined),
        (error(409), Unavailable),
        (error(429, retry_after="7"), Busy),
        (error(429), Busy),
        (error(500), Unavailable),
        (httpx2.Response(302, headers={"location": "https://elsewhere.example"}), Unavailable),
        (httpx2.Response(502, content=b"<html>"), Unavailable),
        (httpx2.ReadTimeout("late"), Unavailable),
        (httpx2.ConnectError("away"), Unavailable),
    ],
)
async def test_an_answer_says_whether_it_may_have_been_taken(answer: httpx2.Response, kind: type[Exception]) -> None:
    wire = Wire(answer)
    with pytest.raises(kind) as raised:
        await wire.client().send_use(USE)
    assert (type(raised.value), len(wire.requests)) == (kind, 1)
    assert "sk_test" not in str(raised.value)
    assert "cus_1" not in str(raised.value)


async def test_a_question_is_repeated() -> None:
    page = httpx2.Response(200, json={"url": "https://pay.example"})
    wire = Wire(error(500), error(429, retry_after="3"), page)
    assert (
        await wire.client().create_checkout("cus_1", ORG, ["p", "m"], "https://us.example", "k")
        == "https://pay.example"
    )
    assert wire.pauses == [0.5, 3.0]
    assert {request.headers["idempotency-key"] for request in wire.requests} == {"k"}
    form = dict(parse_qsl(wire.requests[0].content.decode()))
    assert form["line_items[0][quantity]"] == "1"
    assert [form["line_items[0][price]"], form["line_items[1][price]"]] == ["p", "m"]
    assert "line_items[1][quantity]" not in form, "a metered price has none"


@pytest.mark.parametrize("answers", [(error(500),) * 3, (error(429, retry_after="60"),)])
async def test_a_question_is_given_up(answers: tuple[httpx2.Response, ...]) -> None:
    wire = Wire(*answers)
    with pytest.raises(Unavailable):
        await wire.client().create_portal("cus_1", "https://us.example")
    assert wire.answers == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"url": 7}', b"\xff"])
async def test_an_answer_of_another_shape_is_declined(body: bytes) -> None:
    with pytest.raises(Declined):
        await Wire(httpx2.Response(200, content=body)).client().create_portal("cus_1", "https://us.example")


async def test_summaries_are_summed_over_pages() -> None:
    pages = [
        httpx2.Response(200, json={"data": [{"id": "a", "aggregated_value": 2.0}], "has_more": True}),
        httpx2.Response(200, json={"data": [{"id": "b", "aggregated_value": 3.0}], "has_more": False}),
    ]
    wire = Wire(*pages)
    total = await wire.client().sum_use("mtr/1", "cus_1", AT, AT + dt.timedelta(hours=1))
    assert total == 5
    assert wire.requests[1].url.params["starting_after"] == "a"
    assert wire.requests[0].url.raw_path.startswith(b"/v1/billing/meters/mtr%2F1/event_summaries?customer=cus_1&")


async def test_subscriptions_of_another_customer_are_left_out() -> None:
    def one(customer: str) -> dict[str, object]:
        item = {"price": {"id": "price_1"}, "current_period_start": 1, "current_period_end": 2}
        items = {"data": [item]}
        return {"id": "sub", "customer": customer, "status": "active", "start_date": 1, "items": items}

    wire = Wire(httpx2.Response(200, json={"data": [one("cus_1"), one("cus_2")]}))
    (read,) = await wire.client().list_subscriptions("cus_1")
    assert (read.customer_id, read.price_ids, read.ends_with_period) == ("cus_1", ("price_1",), False)
    assert read.period_until == dt.datetime.fromtimestamp(2, dt.UTC)
