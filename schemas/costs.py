"""Kinds of cost, calls of models, items and the price list. Pure data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from schemas.common import Value

CostKind = Literal[
    "cpu_ms",
    "gpu_ms",
    "stored_bytes",
    "read_bytes",
    "fetched_bytes",
    "delivered_bytes",
    "tokens_in",
    "tokens_out",
]
"""``stored``: put into object storage; ``read``: out of it; ``fetched``: from a URL; ``delivered``: webhooks."""
COST_KINDS: tuple[CostKind, ...] = get_args(CostKind)
Outcome = Literal["done", "gave_up", "later"]
"""How an attempt ended: with a result, given up, or to be retried."""
MS_AN_HOUR = 3_600_000
GB_BYTES = 1_000_000_000


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """Prices in the operator's currency; an item with price 0 is counted, but costs no money."""

    currency: str = ""
    """Shown next to amounts, as written here."""
    cpu_hour: float = 0.0
    gpu_hour: float = 0.0
    stored_gb: float = 0.0
    """For a gigabyte (10⁹ bytes) put into object storage, for as long as the operator counts it."""
    read_gb: float = 0.0
    fetched_gb: float = 0.0
    delivered_gb: float = 0.0


class InferenceCall(Value, frozen=True, kw_only=True):
    """One request to a model; past the most that are listed one by one, several of one model together."""

    model: str
    """Its name on the server."""
    weights: str = ""
    """The weights that answered, as the model reports them."""
    at_ms: int
    """When it was sent, from the beginning of the try."""
    wall_ms: int
    compute_ms: int = 0
    """Processor time of the model; it is part of the stage's."""
    gpu_ms: int = 0
    """Time that it held a GPU."""
    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 1
    failed: int = 0
    """Number of the requests that were not answered."""


class CostItem(Value, frozen=True, kw_only=True):
    """An amount of one kind; ``money`` by the price list of that time, absent where the kind has no price."""

    kind: CostKind
    amount: int
    money: float | None = None


def price_of(kind: CostKind, prices: PriceList) -> float:
    """Money for one unit of a kind (tokens have the writer's own price); 0 where it has none."""
    return {
        "cpu_ms": prices.cpu_hour / MS_AN_HOUR,
        "gpu_ms": prices.gpu_hour / MS_AN_HOUR,
        "stored_bytes": prices.stored_gb / GB_BYTES,
        "read_bytes": prices.read_gb / GB_BYTES,
        "fetched_bytes": prices.fetched_gb / GB_BYTES,
        "delivered_bytes": prices.delivered_gb / GB_BYTES,
    }.get(kind, 0.0)


def priced(kind: CostKind, amount: int, prices: PriceList) -> CostItem:
    """An item with its money."""
    price = price_of(kind, prices)
    return CostItem(kind=kind, amount=amount, money=round(amount * price, 9) if price else None)


def sum_of(money: Sequence[float | None]) -> float | None:
    """Sum of the known amounts; None if no item has a price."""
    amounts = [amount for amount in money if amount is not None]
    return round(sum(amounts), 9) if amounts else None


def shortened(calls: Sequence[InferenceCall], most: int) -> list[InferenceCall]:
    """The first ``most`` calls, and the later ones summed by model, so that an event stays small."""
    rest: dict[tuple[str, str], InferenceCall] = {}
    for call in calls[most:]:
        place = (call.model, call.weights)
        rest[place] = _together(rest[place], call) if place in rest else call
    return [*calls[:most], *rest.values()]


def _together(first: InferenceCall, second: InferenceCall) -> InferenceCall:
    added = ("wall_ms", "compute_ms", "gpu_ms", "tokens_in", "tokens_out", "requests", "failed")
    sums = {name: getattr(first, name) + getattr(second, name) for name in added}
    return msgspec.structs.replace(first, **sums)
