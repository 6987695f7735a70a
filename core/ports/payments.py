"""Payments as a Protocol: customers, links to pages, subscriptions, metered use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from core.domain.billing.subscription_state import Subscription
from schemas.common import Value


class MeteredUse(Value, frozen=True, kw_only=True):
    """Use of one customer that is to be billed."""

    event_name: str
    """Of the meter."""
    customer_id: str
    identifier: str
    """At most 100 characters; the service counts it once within 24 hours, and may count it again later."""
    amount: int
    at: dt.datetime


class Payments(Protocol):
    """The payment service. Each call raises what these three mean:

    Busy: it did not take the call, and says when to ask again. Unavailable: no answer, or an error of its own: the
    call may have been taken. Declined: it refuses the call for good.
    """

    async def create_customer(self, org_id: UUID, key: str) -> str:
        """Make a customer and return its id; the same ``key`` makes one customer."""
        ...

    async def delete_customer(self, customer_id: str) -> None:
        """Delete a customer and end its subscriptions at once; returns too where it was deleted before."""
        ...

    async def create_checkout(
        self, customer_id: str, org_id: UUID, prices: Sequence[str], return_url: str, key: str
    ) -> str:
        """Make a page on which a subscription is bought, and return its address.

        The first price is for the plan, the others are for metered use. The same ``key`` makes one page.
        """
        ...

    async def create_portal(self, customer_id: str, return_url: str) -> str:
        """Make a page on which the customer sees invoices and changes the subscription; return its address."""
        ...

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        """Subscriptions of a customer, the ended ones too."""
        ...

    async def send_use(self, use: MeteredUse) -> None:
        """Send metered use; returns too where the service knows the identifier already. Tries once."""
        ...

    async def sum_use(self, meter_id: str, customer_id: str, since: dt.datetime, until: dt.datetime) -> int:
        """What the service has counted between two whole minutes; the sum lags behind by minutes."""
        ...
