"""Payments by the API: pages, and Stripe's events that come forged, old, twice, late and in any order."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest

from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import set_org
from core.infra.secrets import mint_api_key
from core.services.billing.subscriptions import end_graces
from core.settings import Settings
from local.standins.stripe.books import sign_event
from local.standins.stripe.misbehaviour import Rates
from tests.contract.payments.rig import RULES, SECRET, Rig, open_rig
from tests.contract.rigs.api_world import Tenant, World, open_world

pytestmark = pytest.mark.contract
EVENTS = "/v1/billing/stripe-events"
DAY = dt.timedelta(days=1)


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """The API beside the stand-in; both follow the rig's clock."""

    world: World
    rig: Rig
    owner: httpx2.AsyncClient
    """Ann's organisation, with the scopes of who pays."""

    async def post(self, event: dict[str, Any], *, secret: str = SECRET, age_s: int = 0) -> httpx2.Response:
        body, signature = sign_event(event, secret, self.rig.clock() - dt.timedelta(seconds=age_s))
        return await self.world.bob.client.post(
            EVENTS, content=body, headers={"Stripe-Signature": signature, "Authorization": ""}
        )

    async def deliver(self) -> None:
        """What has happened, twice and in another order; each event until it is taken."""
        for event in self.rig.misbehaviour.deliveries(self.rig.books.events):
            for _ in range(50):
                if (await self.post(event)).status_code == 200:
                    break
            else:
                raise AssertionError(event["type"])
        self.rig.books.events.clear()

    async def buy(self, plan: str = "pro") -> str:
        """Buy a plan on Stripe's page; the subscription's id. Its events wait."""
        answer = await self.owner.post("/v1/billing/checkout", json={"plan": plan})
        assert answer.status_code == 200, answer.text
        session_id = answer.json()["url"].rpartition("/")[2]
        return str(self.rig.books.pay(session_id)["id"])

    async def billing(self) -> dict[str, Any]:
        answer = await self.owner.get("/v1/billing")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
async def shop(postgres: Settings) -> AsyncIterator[Shop]:
    settings = msgspec.structs.replace(postgres, stripe=RULES)
    async with open_rig(settings, 3) as rig, open_world(settings, payments=rig.payments, clock=rig.clock) as world:
        async with paying(settings, world, world.ann) as owner:
            yield Shop(world=world, rig=rig, owner=owner)


@asynccontextmanager
async def paying(settings: Settings, world: World, tenant: Tenant) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a key of the organisation that may pay."""
    minted = mint_api_key(open_key_ring(settings).derive("api-keys"))
    async with world.owner.transaction():
        await set_org(world.owner, tenant.org_id)
        await world.owner.execute(
            "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, gen_random_uuid(), $2, $3, $4)",
            tenant.org_id,
            minted.hash,
            minted.last4,
            ["billing:read", "billing:write"],
        )
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=world.app),
        base_url="http://api",
        headers={"Authorization": f"Bearer {minted.plain}"},
    ) as client:
        yield client


async def test_a_plan_is_bought_changed_and_ended(shop: Shop) -> None:
    assert (await shop.billing())["plan"] == "unlimited"
    subscription = await shop.buy()
    assert (await shop.billing())["plan"] == "unlimited", "it holds once Stripe says so"
    await shop.deliver()
    billing = await shop.billing()
    assert (billing["plan"], billing["subscription"]["state"]) == ("pro", "active")
    shop.rig.books.change(subscription, prices=["price_team"])
    await shop.deliver()
    assert (await shop.billing())["plan"] == "team"
    shop.rig.books.change(subscription, status="past_due")
    await shop.deliver()
    grace = dt.datetime.fromisoformat((await shop.billing())["subscription"]["grace_until"])
    assert grace == shop.rig.clock() + 7 * DAY
    shop.rig.clock.move(6 * DAY)
    shop.rig.books.change(subscription, status="canceled")
    await shop.deliver()
    assert await end_graces(shop.rig.relay, shop.rig.clock()) == 0
    assert (await shop.billing())["plan"] == "team"
    shop.rig.clock.move(2 * DAY)
    assert await end_graces(shop.rig.relay, shop.rig.clock()) == 1
    assert await end_graces(shop.rig.relay, shop.rig.clock()) == 0
    billing = await shop.billing()
    assert (billing["plan"], billing["subscription"]["grace_until"]) == ("unlimited", None)


async def test_who_pays_again_in_time_keeps_the_plan(shop: Shop) -> None:
    subscription = await shop.buy()
    shop.rig.books.change(subscription, status="past_due")
    await shop.deliver()
    shop.rig.books.change(subscription, status="active")
    await shop.deliver()
    shop.rig.clock.move(30 * DAY)
    assert await end_graces(shop.rig.relay, shop.rig.clock()) == 0
    billing = await shop.billing()
    assert (billing["plan"], billing["subscription"]["grace_until"]) == ("pro", None)


@pytest.mark.parametrize("seed", range(8))
async def test_events_in_any_order_end_in_the_same_plan(shop: Shop, seed: int) -> None:
    """Between its changes some events are delivered, others later; Stripe is in trouble meanwhile."""
    dice, waiting = random.Random(seed), list[dict[str, Any]]()
    subscription = await shop.buy()
    shop.rig.misbehaviour.rates = Rates(busy=0.1, error=0.2, hang=0.1, error_after=0.1)
    for _ in range(8):
        change = dice.choice([
            {"status": "active"}, {"status": "past_due"}, {"prices": ["price_team"]}, {"prices": ["price_pro"]}
        ])  # fmt: skip
        shop.rig.books.change(subscription, **change)
        waiting += shop.rig.misbehaviour.deliveries(shop.rig.books.events)
        shop.rig.books.events.clear()
        dice.shuffle(waiting)
        for event in [waiting.pop() for _ in range(dice.randint(0, len(waiting)))]:
            if (await shop.post(event)).status_code != 200:
                waiting.insert(0, event)
    shop.rig.books.change(subscription, status="active", prices=["price_team"])
    shop.rig.books.events += waiting
    await shop.deliver()
    shop.rig.misbehaviour.rates = Rates()
    billing = await shop.billing()
    assert (billing["plan"], billing["subscription"]["state"]) == ("team", "active")


async def test_an_event_has_one_effect(shop: Shop) -> None:
    await shop.buy()
    event = next(event for event in shop.rig.books.events if event["type"] == "invoice.paid")
    assert [(await shop.post(event)).json()["handled"] for _ in range(3)] == [True, False, False]


async def test_an_answer_that_was_overtaken_is_dropped(shop: Shop) -> None:
    """Two events at once: the one whose question is older comes back last, and changes nothing."""
    subscription = await shop.buy()
    payments, books = shop.rig.payments, shop.rig.books
    first, second = books.events[0], books.events[1]
    original = payments.list_subscriptions

    async def slow(customer_id: str) -> Any:
        payments.__dict__["list_subscriptions"] = original
        answer = await original(customer_id)
        books.change(subscription, prices=["price_team"])
        assert (await shop.post(second)).json()["handled"]
        return answer

    payments.__dict__["list_subscriptions"] = slow
    assert (await shop.post(first)).status_code == 200
    assert (await shop.billing())["plan"] == "team"


@pytest.mark.parametrize(
    ("secret", "age_s"), [("whsec_of_somebody", 0), (SECRET, 301), (SECRET, -301), ("", 0)], ids=str
)
async def test_a_forged_or_old_event_is_refused(shop: Shop, secret: str, age_s: int) -> None:
    await shop.buy()
    answer = await shop.post(shop.rig.books.events[0], secret=secret, age_s=age_s)
    assert (answer.status_code, answer.json()["code"]) == (400, "signature-invalid")
    assert (await shop.billing())["subscription"] is None


async def test_a_signature_of_another_body_is_refused(shop: Shop) -> None:
    await shop.buy()
    body, signature = sign_event(shop.rig.books.events[0], SECRET, shop.rig.clock())
    for sent in (body.replace(b"active", b"paused"), body + b" ", b""):
        answer = await shop.world.bob.client.post(EVENTS, content=sent, headers={"Stripe-Signature": signature})
        assert answer.json()["code"] == "signature-invalid"
    for header in ("", "t=1", "v1=", f"{signature},t=1", signature.replace("v1=", "v0="), "t=x,v1=y", "é" * 9):
        headers = {"Stripe-Signature": header.encode()}
        answer = await shop.world.bob.client.post(EVENTS, content=body, headers=headers)
        assert answer.json()["code"] == "signature-invalid", header


async def test_forged_events_are_slowed(shop: Shop) -> None:
    answers = [await shop.post({"id": "evt"}, secret="whsec_of_somebody") for _ in range(40)]
    assert answers[-1].status_code == 429


async def test_another_customer_changes_nothing_here(shop: Shop) -> None:
    """An event names a customer; it counts for that customer's organisation, whatever else it holds."""
    subscription = await shop.buy()
    await shop.deliver()
    stranger = shop.rig.books.create_customer({})["id"]
    shop.rig.books.subscribe(stranger, ["price_team"])
    shop.rig.books.events[0]["data"]["object"] |= {"metadata": {"org_id": str(shop.world.ann.org_id)}}
    answers = [(await shop.post(event)).json()["handled"] for event in shop.rig.books.events]
    assert answers == [False, False]
    forged = shop.rig.books.events[0] | {"id": "evt_other"}
    forged["data"]["object"]["id"] = subscription
    assert not (await shop.post(forged)).json()["handled"]
    assert (await shop.billing())["plan"] == "pro"


@pytest.mark.parametrize(
    "event",
    [
        {"id": "evt_1", "type": "customer.subscription.updated", "data": {"object": {"customer": None}}},
        {"id": "evt_1", "type": "customer.subscription.updated", "data": {"object": {"customer": {"id": 7}}}},
        {"id": "evt_1", "type": "customer.subscription.updated", "data": {"object": {"customer": "a\0b"}}},
        {"id": "evt_1", "type": "charge.refunded", "data": {"object": {"customer": "cus_1"}}},
        {"id": "", "type": "invoice.paid", "data": {"object": {"customer": "cus_1"}}},
    ],
)
async def test_an_event_about_nothing_here_is_taken(shop: Shop, event: dict[str, Any]) -> None:
    answer = await shop.post(event)
    assert (answer.status_code, answer.json()) == (200, {"handled": False})


@pytest.mark.parametrize("event", [[], {}, {"id": 1}, {"id": "e", "type": "invoice.paid", "data": None}])
async def test_a_signed_body_that_is_no_event_is_refused(shop: Shop, event: Any) -> None:
    assert (await shop.post(event)).json()["code"] == "malformed-request"


async def test_a_second_subscription_is_not_sold(shop: Shop) -> None:
    await shop.buy()
    await shop.deliver()
    answer = await shop.owner.post("/v1/billing/checkout", json={"plan": "team"})
    assert (answer.status_code, answer.json()["code"]) == (409, "subscription-exists")


async def test_repeated_clicks_lead_to_one_page(shop: Shop) -> None:
    urls = [(await shop.owner.post("/v1/billing/checkout", json={"plan": "pro"})).json()["url"] for _ in range(3)]
    assert (len(set(urls)), len(shop.rig.books.sessions), len(shop.rig.books.customers)) == (1, 1, 1)


async def test_a_checkout_in_trouble_makes_one_customer(shop: Shop) -> None:
    shop.rig.misbehaviour.rates = Rates(hang_after=0.5, error_after=0.2)
    answers = [await shop.owner.post("/v1/billing/checkout", json={"plan": "pro"}) for _ in range(8)]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert 200 in {answer.status_code for answer in answers}
    assert len(shop.rig.books.customers) == 1


async def test_the_portal_needs_a_customer(shop: Shop) -> None:
    assert (await shop.owner.post("/v1/billing/portal")).json()["code"] == "no-subscription"
    await shop.buy()
    assert "/portal/" in (await shop.owner.post("/v1/billing/portal")).json()["url"]


async def test_a_plan_without_a_price_is_not_sold(shop: Shop) -> None:
    answer = await shop.owner.post("/v1/billing/checkout", json={"plan": "free"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/plan")


async def test_who_may_not_pay_is_refused(shop: Shop) -> None:
    for path, body in (("/v1/billing/checkout", {"plan": "pro"}), ("/v1/billing/portal", None)):
        assert (await shop.world.bob.client.post(path, json=body)).status_code == 403


async def test_a_wrong_key_of_the_operator_is_a_refusal(shop: Shop) -> None:
    shop.rig.http.key = "sk_test_other"
    answer = await shop.owner.post("/v1/billing/checkout", json={"plan": "pro"})
    assert (answer.status_code, answer.json()["code"]) == (409, "payments-refused")
    assert RULES.key not in answer.text


async def test_without_stripe_everything_else_works(postgres: Settings) -> None:
    async with open_world(postgres) as world, paying(postgres, world, world.ann) as owner:
        for method, path in (("GET", ""), ("POST", "/checkout"), ("POST", "/portal"), ("POST", "/stripe-events")):
            answer = await owner.request(
                method, f"/v1/billing{path}", json={"plan": "pro"} if path == "/checkout" else None
            )
            assert (answer.status_code, answer.json()["code"]) == (409, "payments-off"), path
        for path in ("/v1/plans", "/v1/limits", "/v1/usage"):
            assert (await world.ann.client.get(path)).status_code == 200


async def test_customers_of_others_are_not_seen(shop: Shop) -> None:
    """Row-level security: an organisation's account and events are its own."""
    await shop.buy()
    await shop.deliver()
    async with paying(shop.rig.settings, shop.world, shop.world.bob) as bob:
        assert (await bob.get("/v1/billing")).json()["customer_id"] is None
