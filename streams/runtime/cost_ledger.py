"""What a try cost, written down in the transaction that ends it: rows of ``costs``, and CostIncurred. Measures nothing.

Every try counts, also one that came to nothing: it was paid for. One that lost its fence is written down by nobody.
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

MOST_CALLS = 200
"""Listed one by one in an event; it stays below 64 KiB."""


def items_of(meter: Meter, cpu_ms: int, prices: PriceList) -> list[CostItem]:
    """What was used, priced. The models' processor time is part of a finished stage's; of a lost try it is all."""
    cpu_ms = max(cpu_ms, sum(call.compute_ms for call in meter.calls))
    gpu_ms = sum(call.gpu_ms for call in meter.calls)
    found = [priced("cpu_ms", cpu_ms, prices), priced("gpu_ms", gpu_ms, prices)]
    for kind, amount in sorted(meter.counts.items()):
        money = meter.token_money.get(kind)
        found.append(
            CostItem(kind=kind, amount=amount, money=money) if money is not None else priced(kind, amount, prices)
        )
    return [item for item in found if item.amount]


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
    """Write down one try; one that used nothing leaves nothing. The caller has locked the project's row."""
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
        calls=shortened(meter.calls, MOST_CALLS),
        currency=prices.currency,
    )
    await put(connection, incurred, cause, name=str(claim.fence))
