"""How an installation takes payments by Stripe. Pure data, read by core.settings."""

from __future__ import annotations

from typing import Annotated

import msgspec


class StripeRules(msgspec.Struct, frozen=True, kw_only=True):
    """Payments by Stripe; without a key there are none, and plans are set by the operator."""

    key: str = ""
    webhook_secret: tuple[str, ...] = ()
    """Secrets by which Stripe signs its events; more than one while they are rotated."""
    url: str = "https://api.stripe.com"
    prices: tuple[str, ...] = ()
    """``plan:price`` or ``plan:price+metered_price`` of each plan that can be bought."""
    source_meter: str = ""
    """``event_name:meter_id`` of the meter of source minutes; empty: they are not billed by use."""
    exports_meter: str = ""
    """``event_name:meter_id`` of the meter of exports."""
    return_url: str = ""
    """Where Stripe's pages lead back to; empty: the address of the API."""
    grace_days: Annotated[float, msgspec.Meta(ge=0, le=90)] = 7.0
    """Days for which a plan stays that is no longer paid for."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 20.0
