"""The cost ledger: rows of ``costs`` and CostIncurred, in the transaction that ends a try.

Every try counts, also a failed one: it was paid for. Only one that lost its fence is not recorded.
"""

from __future__ import annotations

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.infra.usage_meter import Meter
from core.storage.costs import add_costs
from schemas.costs import CostItem, Outcome, PriceList, priced, shortened
from schemas.events import AnyEvent, CostIncurred, Stage, owner_of
from streams.runtime.leases import Claim

MAX_LISTED_CALLS = 200
"""Calls that an event lists one by one: it stays below 64 KiB."""


def items_of(meter: Meter, cpu_ms: int, prices: PriceList) -> list[CostItem]:
    """Priced cost items of one try. Its processor time is at least that of the models it asked."""
    cpu_ms = max(cpu_ms, sum(call.compute_ms for call in meter.calls))
    gpu_ms = sum(call.gpu_ms for call in meter.calls)
    items = [priced("cpu_ms", cpu_ms, prices), priced("gpu_ms", gpu_ms, prices)]
    for kind, amount in sorted(meter.counts.items()):
        money = meter.token_money.get(kind)
        items.append(
            CostItem(kind=kind, amount=amount, money=money) if money is not None else priced(kind, amount, prices)
        )
    return [item for item in items if item.amount]


async def record(
    connection: Connection,
    claim: Claim,
    event: AnyEvent,
    meter: Meter,
    prices: PriceList,
    cause: Cause,
    *,
    outcome: Outcome,
    cpu_ms: int = 0,
) -> None:
    """Record one try, unless it used nothing. The caller has locked the project's row."""
    items = items_of(meter, cpu_ms, prices)
    if not items and not meter.calls:
        return
    org_id, project_id = owner_of(event)
    await add_costs(connection, org_id, project_id, claim.stage, items, prices.currency)
    incurred = CostIncurred(
        org_id=org_id,
        project_id=project_id,
        stage=msgspec.convert(claim.stage, Stage),
        attempt=claim.fence,
        outcome=outcome,
        wall_ms=meter.wall_ms,
        items=items,
        calls=shortened(meter.calls, MAX_LISTED_CALLS),
        currency=prices.currency,
    )
    await put(connection, incurred, cause, name=str(claim.fence))
