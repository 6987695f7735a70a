"""Payments of an organisation: its subscription, and links to the payment service's pages."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.problems.problem_details import ApiProblem, invalid
from core.domain.billing.subscription_state import OPEN
from core.errors import Declined
from core.infra.postgres.connection import org_transaction
from core.ports.payments import Payments
from core.services.billing.quotas import plan_named
from core.services.billing.subscriptions import catalogue_of
from core.storage.billing.billing_accounts import AccountRecord, add_account, read_account
from core.storage.billing.plans import read_plan
from schemas.options.plans import PlanName


class StartCheckout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be bought."""

    plan: PlanName
    """Name of the plan."""


class PaymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the payment service."""

    url: str
    """Address to open in a browser; it works for a short time."""


class SubscriptionState(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's subscription."""

    state: Annotated[str, Meta(examples=["active"])]
    """As Stripe names it: `active`, `trialing`, `past_due`, `unpaid`, `paused`, `incomplete` or `canceled`."""
    period_from: dt.datetime | None
    """When the current period began."""
    period_until: dt.datetime | None
    """When it ends."""
    ends_with_period: bool
    """Whether the subscription ends then."""
    grace_until: dt.datetime | None
    """Until then the plan stays although it is not paid for; null where it is paid for."""


class Billing(msgspec.Struct, frozen=True, kw_only=True):
    """How the organisation pays."""

    customer_id: Annotated[str, Meta(examples=["cus_Qb1"])] | None
    """The organisation at Stripe; null until it first buys something."""
    plan: PlanName
    """Plan that holds now."""
    subscription: SubscriptionState | None
    """The subscription; null where there was none."""
    plans: list[str]
    """Plans that can be bought."""
    metered: list[str]
    """What is billed by use: `source_minutes`, `exports`."""


def require_payments(call: Call[Any, Any]) -> Payments:
    """The payment service; raises ``payments-off`` without one."""
    if call.context.payments is None:
        raise ApiProblem("payments-off", "This installation has no payment service: its operator sets plans.")
    return call.context.payments


async def get_billing(call: Call[None, None]) -> Reply:
    """Read plan, subscription and current period, as the payment service last told them."""
    require_payments(call)
    catalogue = catalogue_of(call.context.settings.stripe)
    async with call.rows() as rows:
        account = await read_account(rows, call.org_id)
        plan = plan_named(call.context.settings, (await read_plan(rows, call.org_id)).name)
    return Reply(
        body=Billing(
            customer_id=account.customer_id if account else None,
            plan=plan.name,
            subscription=_subscription(account),
            plans=list(catalogue.prices),
            metered=list(catalogue.meters),
        )
    )


def _subscription(account: AccountRecord | None) -> SubscriptionState | None:
    if account is None or account.standing.state is None:
        return None
    standing = account.standing
    return SubscriptionState(
        state=account.standing.state,
        period_from=standing.period_from,
        period_until=standing.period_until,
        ends_with_period=standing.ends_with_period,
        grace_until=standing.grace_until,
    )


async def prepare_checkout(call: Call[StartCheckout, None]) -> str:
    """Make the page, and before it the customer of an organisation that has none yet."""
    payments, rules = require_payments(call), call.context.settings.stripe
    prices = catalogue_of(rules).prices
    if call.body.plan not in prices:
        names = ", ".join(prices) or "none: the installation names no prices"
        raise invalid("/plan", f"Plans that can be bought: {names}.")
    account = await _read_account(call)
    if account is not None and account.standing.state in OPEN:
        raise ApiProblem("subscription-exists", "The organisation has a subscription: change it in the billing portal.")
    hour = f"{call.now:%Y%m%d%H}"
    try:
        if account is None:
            customer_id = await payments.create_customer(call.org_id, f"customer-{call.org_id}-{hour}")
            async with org_transaction(call.context.pool, call.org_id) as rows:
                await add_account(rows, call.org_id, customer_id)
            account = await _read_account(call)
            assert account is not None
        # the same page for repeated clicks: of two pages, both could be paid
        key = f"checkout-{account.customer_id}-{call.body.plan}-{account.standing.subscription_id or 'first'}-{hour}"
        return await payments.create_checkout(
            account.customer_id, call.org_id, prices[call.body.plan], _return_url(call), key
        )
    except Declined as error:
        raise _refused(error) from None


async def start_checkout(_call: Call[StartCheckout, None], url: str) -> Reply:
    """Link to a page on which the plan is bought.

    The plan holds once the payment service has reported the subscription.
    """
    return Reply(body=PaymentPage(url=url))


async def prepare_portal(call: Call[None, None]) -> str:
    """Make the page."""
    payments, account = require_payments(call), await _read_account(call)
    if account is None:
        raise ApiProblem("no-subscription", "The organisation never bought a plan: begin with a checkout.")
    try:
        return await payments.create_portal(account.customer_id, _return_url(call))
    except Declined as error:
        raise _refused(error) from None


async def open_portal(_call: Call[None, None], url: str) -> Reply:
    """Link to a page with invoices and means of payment, on which the subscription is changed or ended."""
    return Reply(body=PaymentPage(url=url))


async def _read_account(call: Call[Any, Any]) -> AccountRecord | None:
    async with org_transaction(call.context.pool, call.org_id) as rows:
        return await read_account(rows, call.org_id)


def _return_url(call: Call[Any, Any]) -> str:
    settings = call.context.settings
    return settings.stripe.return_url or settings.api


def _refused(error: Declined) -> ApiProblem:
    return ApiProblem("payments-refused", f"The payment service refuses the request: {error}.")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/billing",
        name="getBilling",
        tag="billing",
        permission="billing:read",
        summary="Read how the organisation pays",
        handler=get_billing,
        response=Billing,
        problems=("payments-off",),
    ),
    Operation(
        method="POST",
        path="/v1/billing/checkout",
        name="startCheckout",
        tag="billing",
        permission="billing:write",
        summary="Buy a plan",
        handler=TwoPhaseHandler(prepare=prepare_checkout, commit=start_checkout),
        request=StartCheckout,
        response=PaymentPage,
        problems=("payments-off", "payments-refused", "subscription-exists"),
    ),
    Operation(
        method="POST",
        path="/v1/billing/portal",
        name="openBillingPortal",
        tag="billing",
        permission="billing:write",
        summary="See invoices, change or end the subscription",
        handler=TwoPhaseHandler(prepare=prepare_portal, commit=open_portal),
        response=PaymentPage,
        problems=("payments-off", "payments-refused", "no-subscription"),
    ),
)
