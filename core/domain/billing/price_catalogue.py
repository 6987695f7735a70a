"""What Stripe's prices and meters stand for, as the settings name them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from schemas.common import Value

MeterName = Literal["source_minutes", "exports"]
_PLAN = re.compile(r"([a-z0-9][a-z0-9_-]{0,39}):([\w-]{1,255}(?:\+[\w-]{1,255})*)")
_METER = re.compile(r"([\w.-]{1,100}):([\w-]{1,255})")


class UseMeter(Value, frozen=True, kw_only=True):
    """A meter at Stripe."""

    event_name: str
    """Name of its events."""
    id: str
    """By which its sums are asked for."""


class PriceCatalogue(Value, frozen=True, kw_only=True):
    """Prices of plans, and meters."""

    prices: Mapping[str, Sequence[str]]
    """Plan → ids of its prices: the first is for the plan, the others are for metered use."""
    meters: Mapping[MeterName, UseMeter]

    def find_plan(self, price_ids: Collection[str]) -> str | None:
        """The plan that one of these prices is for; None where there is no such plan."""
        return next((plan for plan, prices in self.prices.items() if prices[0] in price_ids), None)


def read_catalogue(prices: Collection[str], source_meter: str, exports_meter: str) -> PriceCatalogue:
    """The catalogue of ``plan:price+price`` entries and ``event_name:meter_id`` texts.

    An empty text names no meter. Raises ValueError.
    """
    by_plan: dict[str, Sequence[str]] = {}
    for entry in prices:
        match = _PLAN.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} is not `plan:price` or `plan:price+metered_price`")
        if match[1] in by_plan:
            raise ValueError(f"the plan {match[1]} stands there twice")
        by_plan[match[1]] = match[2].split("+")
    first = [prices[0] for prices in by_plan.values()]
    if len(set(first)) < len(first):
        raise ValueError("two plans have the same first price")
    texts: Mapping[MeterName, str] = {"source_minutes": source_meter, "exports": exports_meter}
    return PriceCatalogue(prices=by_plan, meters={name: _meter(text) for name, text in texts.items() if text})


def _meter(text: str) -> UseMeter:
    match = _METER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not `event_name:meter_id`")
    return UseMeter(event_name=match[1], id=match[2])
